"""mutants.py ARGUED FOLDER: what cargo-mutants left in FOLDER, against the survivors that ARGUED gives a reason for.

ARGUED is TOML. A survivor is named as cargo-mutants names it, without line and column:

    [[survivor]]
    mutant = "src/set.rs: replace FutureSet<F>::len -> usize with 0"
    why = "why nobody could tell"
"""

import re
import sys
import tomllib
from pathlib import Path


def names(path):
    """The mutants of a list, without the numbers that change with every edit."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [re.sub(r"^([^:]+):\d+:\d+:", r"\1:", line) for line in lines]


def main(argued, folder):
    folder = Path(folder)
    reasons = {one["mutant"]: one["why"] for one in tomllib.loads(Path(argued).read_text()).get("survivor", [])}
    missed = names(folder / "missed.txt")
    unargued = [mutant for mutant in missed if not reasons.get(mutant, "").strip()]
    stale = sorted(set(reasons) - set(missed))
    counts = {kind: len(names(folder / f"{kind}.txt")) for kind in ("caught", "timeout", "missed", "unviable")}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    (folder / "summary").write_text(f"{said} ({len(missed) - len(unargued)} of the missed are argued)\n")
    print(said)
    for mutant in unargued:
        print(f"survived: {mutant}")
    for mutant in stale:
        print(f"argued for, but caught or gone: {mutant}")
    return bool(unargued or stale or not counts["caught"])


sys.exit(main(*sys.argv[1:]))
