#!/usr/bin/env python3
"""Every C file is as clang-format 14 writes it; without clang-format this fails, it does not pass over it."""

import os
import re
import shutil
import subprocess

import lint


def check(tree):
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool:
        return 0, ["clang-format is not installed (tests/setup.sh)"]
    files = tree.files("src", "include", "tests", "bench", ext=(".c", ".h"))
    style = "file:" + os.path.join(lint.ROOT, ".clang-format")
    done = subprocess.run(
        [tool, "--style=" + style, "--dry-run", "-Werror", *files], cwd=tree.root, capture_output=True, text=True
    )
    wrong = sorted(set(re.findall(r"^([^:\s]+):\d+:\d+: error", done.stderr, re.M)))
    problems = ["%s: not formatted (make format)" % path for path in wrong]
    if done.returncode != 0 and not wrong:
        problems.append(done.stderr.strip() or "clang-format failed")
    return len(files), problems


CASES = [
    ("good", {"src/util/a.c": "int pl_a(int x)\n{\n    return x;\n}\n"}, None),
    ("bad", {"src/util/a.c": "int pl_a( int x ) {\n  return x; }\n"}, "src/util/a.c: not formatted"),
    ("bad test", {"tests/unit/a.c": "int  a;\n"}, "tests/unit/a.c: not formatted"),
    ("bad header", {"src/util/a.h": "int  a;\n", "src/util/b.h": "int a;\n"}, "src/util/a.h: not formatted"),
]

if __name__ == "__main__":
    lint.main(check, CASES)
