#!/usr/bin/env python3
"""Every allocation of the unit tests fails once: sweep.py BUILD [--runs N] [--jobs N] [PATTERN]

Runs the unit test programs of an address sanitizer build that need no server, again and again, each time with another
allocation that fails (fail.c). --runs bounds the allocations that fail in each program, spread evenly; 0 is all of
them. A defect is a crash, a failed assertion or a leak in the program's own code; a test that does not look at what it
allocated itself is none. Prints each defect once, with the shortest way to see it again.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPTIONS = {
    "ASAN_OPTIONS": "exitcode=24:handle_segv=2:handle_abort=2:handle_sigbus=2:handle_sigfpe=2:handle_sigill=2:"
                    "allocator_may_return_null=1:detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
# Servers, threads and clocks make the number of an allocation mean something else in each run.
SERVERS = re.compile(r"redis_server\.h|cut_proxy\.h|store_party\.h|kafka_probe|pl_kafka_new|pl_kafka_producer_new")
# libevent itself writes through NULL when it is out of memory: there is nothing that we could do.
LIBRARY = re.compile(r"^ +#0 0x[0-9a-f]+ in \S+ \(/\S*/libevent", re.M)
FRAME = re.compile(r"^\s+#\d+ 0x[0-9a-f]+ in (\S+) (\S+?)(?::\d+)*$", re.M)


def programs(build, pattern):
    """(name, program) of the unit tests that are a world of their own."""
    for source in sorted((ROOT / "tests" / "unit").glob("*/test_*.c")):
        name = "unit.%s.%s" % (source.parent.name, source.stem.removeprefix("test_"))
        if re.search(pattern, name) and not SERVERS.search(source.read_text()):
            yield name, build / "tests" / ("test_%s_%s" % (source.parent.name, source.stem.removeprefix("test_")))


def own(stack):
    """Frames in our sources and tests, innermost first: (function, file)."""
    frames = [(function, path) for function, path in FRAME.findall(stack) if re.match(r"(src|tests)/", path)]
    return [frame for frame in frames if "tests/alloc/" not in frame[1]]


def defects(report):
    """(kind, innermost frame of src/, stack) of one run's report; none when it is the test itself that fell."""
    blocks = re.split(r"\n(?=(?:Direct|Indirect) leak of )", report)
    for block in blocks[1:] if len(blocks) > 1 else [report]:
        stack = block.split("\n\n")[0] if len(blocks) > 1 else block
        frames = own(stack)
        if len(blocks) > 1:
            kind, frames = "leak", [frame for frame in frames if "src/" in frame[1]]
            if block.startswith("Indirect") or not frames:
                continue
        elif (frames and "src/" not in frames[0][1]) or LIBRARY.search(report):
            continue
        else:
            said = re.search(r"Assertion.*failed|ERROR: .*?(?= \(pc|$)|runtime error: .*", report, re.M)
            kind = re.sub(r"0x[0-9a-f]+|==\d+==", "", said.group(0)) if said else "ended strangely"
        # What was called says nothing about who leaks: the same helper leaks for several callers.
        place = " < ".join("%s (%s)" % frame for frame in frames[:3])
        yield kind, place, block


def sweep(name, program, runs):
    done = subprocess.run([program], env={**os.environ, **OPTIONS, "PL_ALLOC_RUNS": str(runs)}, capture_output=True,
                          text=True, errors="replace")
    reports = re.split(r"^== allocation ", done.stdout, flags=re.M)
    found = {}
    for report in reports[1:]:
        which = report.split(":")[0]
        if which == "0":
            found[("fails without this", "", name)] = (which, report)
        for kind, place, stack in defects(report):
            found.setdefault((kind, place), (which, stack))
    summary = re.search(r"(\d+) allocations, (\d+) of them failed, (\d+) bad$", done.stdout.strip())
    if not summary:
        found[("no summary", "", name)] = ("", done.stdout[-2000:] + done.stderr[-2000:])
    return name, summary and (int(summary.group(1)), int(summary.group(2))), found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    chosen = list(programs(args.build, args.pattern))
    defects_seen, allocations, failed = {}, 0, 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, summary, found in pool.map(lambda one: sweep(*one, args.runs), chosen):
            allocations += summary[0] if summary else 0
            failed += summary[1] if summary else 0
            for key, (which, stack) in found.items():
                if key not in defects_seen:
                    defects_seen[key] = True
                    print("== %s, allocation %s: %s %s\n%s" % (name, which, key[0], key[1], stack), flush=True)
    print("%d programs, %d allocations, %d of them failed, %d defects" % (
        len(chosen), allocations, failed, len(defects_seen)))
    return 1 if defects_seen or not failed else 0


if __name__ == "__main__":
    sys.exit(main())
