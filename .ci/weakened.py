"""weakened.py LIST FOLDER: makes one ordering or step weaker at a time, in a copy, and demands that its loom model fails.

LIST is TOML, FOLDER is for the copy and for `table.md`, a row for each entry. Entries look like this:

    [[weakened]]
    what = "the push publishes the link"      # what the changed line is there for
    file = "src/set/ready.rs"
    old = "compare_exchange_weak(head, own, Release"   # stands in the file exactly once
    new = "compare_exchange_weak(head, own, Relaxed"
    caught_by = "loom_wake_against_poll"      # a filter for the models of which one must fail
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

# As in .ci/steps/loom.sh.
TEST = [
    "cargo", "test", "--release", "--manifest-path", "checks/Cargo.toml", "--package", "loom-models", "--lib",
    "--config", "profile.release.debug-assertions=true",
]


def copy_tree(to):
    shutil.rmtree(to, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if Path(name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, to / name)


def run_models(tree, models, timeout=None):
    """Runs the models that a filter names. Gives the exit code, who passed, who failed, and what was printed."""
    # What a bound of 2 shows needs no higher one.
    bound = {"LOOM_MAX_PREEMPTIONS": os.environ.get("LOOM_MAX_PREEMPTIONS", "2")}
    # A session of its own, so that not only cargo ends in the end but also the models that it runs.
    process = subprocess.Popen(
        [*TEST, models], cwd=tree, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, env=os.environ | bound | {"RUSTFLAGS": "--cfg rejoin_loom", "RUST_BACKTRACE": "0"},
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    passed, failed = (
        re.findall(rf"^test (?:\S+::)?(\S+) \.\.\. {result}", output, re.MULTILINE) for result in ("ok", "FAILED")
    )
    return process.returncode, passed, failed, output


def reason(output):
    """The first panic message, or what ended the process."""
    found = re.search(r"panicked at [^\n]*\n([^\n]+)", output)
    return (found or re.search(r"(signal: [^)\n]*)", output) or [None, "?"])[1].strip()[:100]


def check(tree, entry):
    """Gives who failed and with what, or raises with what is wrong with the entry."""
    path = tree / entry["file"]
    original = path.read_text()
    if (times := original.count(entry["old"])) != 1:
        raise ValueError(f"`old` stands {times} times in {entry['file']}")
    path.write_text(original.replace(entry["old"], entry["new"]))
    try:
        code, _, failed, output = run_models(tree, entry["caught_by"], timeout=300)
    finally:
        path.write_text(original)
    if "error: could not compile" in output:
        raise ValueError("does not compile:\n" + output)
    if code == 0:
        raise ValueError(f"not caught by {entry['caught_by']}")
    if code < 0:
        # A model that a signal ends makes cargo fail, and not end so itself.
        raise ValueError(f"not finished: signal {-code} has ended cargo")
    return failed, reason(output)


def main(listed, folder):
    entries = tomllib.loads(Path(listed).read_text())["weakened"]
    tree = Path(folder).resolve() / "tree"
    # Of its own: to cargo the copy is the same package, and in a shared folder it would run weakened models for the real ones.
    os.environ["CARGO_TARGET_DIR"] = str(tree.parent / "target")
    copy_tree(tree)

    code, passed, _, output = run_models(tree, "loom")
    unknown = [entry["caught_by"] for entry in entries if not any(entry["caught_by"] in model for model in passed)]
    if code != 0 or unknown:
        print(f"unchanged, all models must pass; that did not even run: {unknown}\n{output}")
        return True
    failed = 0
    rows = ["| weakened | caught by | with |", "|---|---|---|"]
    for entry in entries:
        try:
            models, said = check(tree, entry)
            # A model that ends the process leaves no line of its own.
            caught_by = ", ".join(f"`{model}`" for model in models) or f"`{entry['caught_by']}`"
            rows.append(f"| {entry['what']} | {caught_by} | {said} |")
            print(f"caught: {entry['what']}: {caught_by}: {said}", flush=True)
        except (ValueError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"NOT CAUGHT: {entry['what']}: {error}", flush=True)
    (tree.parent / "table.md").write_text("\n".join(rows) + "\n")
    print(f"{len(entries) - failed} of {len(entries)} caught")
    return failed != 0


sys.exit(main(*sys.argv[1:]))
