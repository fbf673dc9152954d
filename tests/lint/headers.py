#!/usr/bin/env python3
"""Every header compiles alone, with a guard named after its path: who includes it need not know what it needs."""

import concurrent.futures
import os
import re
import subprocess

import lint

FLAGS = "-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wstrict-prototypes -Werror -fsyntax-only -x c".split()


def guard_of(path):
    below = path.removeprefix("src" + os.sep).removeprefix("include" + os.sep)
    return "PL_" + re.sub(r"[^A-Z0-9]", "_", below.upper())


def problem_of(tree, path):
    below = path.split(os.sep, 1)[1]
    probe = '#include "%s"\n#include "%s"\ntypedef int probe;\n' % (below, below)
    dirs = ["-I" + os.path.join(tree.root, place) for place in ("src", "include")]
    done = subprocess.run([tree.cc, *FLAGS, *dirs, "-"], input=probe, capture_output=True, text=True)
    if done.returncode != 0:
        return "%s: does not compile alone:\n%s" % (path, done.stderr.strip())
    # The public header and headers of one module's files may be named otherwise, but a guard they have.
    if path.startswith("src") and not re.search(r"^#ifndef %s$" % guard_of(path), tree.read(path), re.M):
        return "%s: its guard is not %s" % (path, guard_of(path))
    return None


def check(tree):
    files = tree.files("src", "include", ext=".h")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda path: problem_of(tree, path), files))
    return len(files), [problem for problem in found if problem]


def header(guard, body):
    return {"src/util/a.h": "#ifndef %s\n#define %s\n%s\n#endif\n" % (guard, guard, body)}


CASES = [
    ("complete", header("PL_UTIL_A_H", "#include <stdint.h>\nuint8_t pl_a(void);"), None),
    ("needs stdint.h", header("PL_UTIL_A_H", "uint8_t pl_a(void);"), "does not compile alone"),
    ("other guard", header("PL_A_H", "int pl_a(void);"), "its guard is not PL_UTIL_A_H"),
    ("no guard", {"src/util/a.h": "struct pl_a { int x; };\n"}, "does not compile alone"),
    ("old prototype", header("PL_UTIL_A_H", "int pl_a();"), "does not compile alone"),
]

if __name__ == "__main__":
    lint.main(check, CASES)
