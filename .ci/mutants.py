"""mutants.py ARGUED FOLDER: what the phases of cargo-mutants in FOLDER have left, against the survivors that ARGUED gives a reason for.

ARGUED is TOML. Survivors are named as cargo-mutants names them, without line and column; more than one of a name are counted:

    [[survivor]]
    mutant = "src/set.rs: replace FutureSet<F>::len -> usize with 0"
    times = 2                               # 1 if it is not said
    why = "why nobody could tell"
"""

import json
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path


def names(path):
    """The mutants of a list, without the numbers that change with every edit."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [re.sub(r"^([^:]+):\d+:\d+:", r"\1:", line) for line in lines]


def main(argued, folder):
    phases = sorted(Path(folder).glob("[0-9]*"))
    entries = tomllib.loads(Path(argued).read_text()).get("survivor", [])
    # Perhaps only some of the files were changed.
    files = {mutant["file"] for mutant in json.loads((phases[0] / "mutants.json").read_text())}
    entries = [one for one in entries if one["mutant"].split(":")[0] in files]
    reasons = Counter({one["mutant"]: one.get("times", 1) for one in entries if one["why"].strip()})
    missed = Counter(names(phases[-1] / "missed.txt"))
    counts = {kind: sum(len(names(phase / f"{kind}.txt")) for phase in phases) for kind in ("caught", "timeout", "unviable")}
    counts["missed"] = missed.total()
    unargued, stale = missed - reasons, reasons - missed
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    (Path(folder) / "summary").write_text(f"{said} ({(missed - unargued).total()} of the missed are argued)\n")
    print(said)
    for mutant, times in unargued.items():
        print(f"survived: {mutant}" + f" ({times} times)" * (times > 1))
    for mutant in stale:
        print(f"argued for, but caught or gone: {mutant}")
    return bool(unargued or stale or not counts["caught"])


sys.exit(main(*sys.argv[1:]))
