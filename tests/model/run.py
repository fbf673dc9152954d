#!/usr/bin/python3
"""Visit every state of commit.pml: the right protocol has no error, and every broken one has."""
import concurrent.futures
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MODEL = Path(__file__).resolve().parent / "commit.pml"
MEMORY_MB = 900  # each of two at once
DEPTH = 20000

RIGHT = [
    "LOSSES=2 DUELS=0 RECORDS=3",
    "LOSSES=1 DUELS=1 RECORDS=4",
    "LOSSES=1 DUELS=0 RECORDS=2 ROLLS=1",
    "LOSSES=1 DUELS=0 RECORDS=3 CRASHES=1",
    "LOSSES=1 DUELS=0 RECORDS=3 REFUSALS=1",
]
BROKEN = [
    "NO_FENCE LOSSES=0",
    "NO_WATCH LOSSES=0",
    "KEEP_BLINDLY LOSSES=1",
    "KEEP_UNSENT LOSSES=1",
    "KEEP_BY_NONCE LOSSES=2",
    "EPOCH_BEHIND LOSSES=2 DUELS=0 RECORDS=2 ROLLS=1",
    "LOAD_UNCHECKED LOSSES=2 DUELS=0 RECORDS=2 ROLLS=1",
]


def visit(settings: str) -> tuple[int, int, bool]:
    with tempfile.TemporaryDirectory() as name:
        return visit_in(settings, Path(name))


def visit_in(settings: str, directory: Path) -> tuple[int, int, bool]:
    """Errors, states, and whether all states were visited."""
    defines = [f"-D{word}" for word in settings.split()]
    subprocess.run(["spin", "-a", *defines, str(MODEL)], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["gcc", "-O2", "-w", f"-DMEMLIM={MEMORY_MB}", "-DCOLLAPSE", "-o", "pan", "pan.c"], cwd=directory,
                   check=True)
    told = subprocess.run(["./pan", "-a", f"-m{DEPTH}", "-w22"], cwd=directory, check=True,
                          text=True, stdout=subprocess.PIPE).stdout
    errors = re.search(r"errors: (\d+)", told)
    states = re.search(r"^\s*([\d.e+]+) states, stored", told, re.M)
    if not errors or not states:
        sys.exit(f"{settings}: pan says\n{told}")
    whole = not re.search(r"not completed|max search depth|out of memory|truncated|limit reached", told)
    return int(errors[1]), int(float(states[1])), whole


def main() -> int:
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for settings, (errors, states, whole) in zip(RIGHT + BROKEN, pool.map(visit, RIGHT + BROKEN)):
            good = errors == 0 and whole if settings in RIGHT else errors > 0
            print(f"{'ok  ' if good else 'FAIL'} {settings}: {states} states, {errors} errors", flush=True)
            failed += not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
