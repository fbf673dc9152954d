#!/usr/bin/env python3
"""No file of the repository tells where somebody's home or workplace is, and none holds a private key."""

import os
import re
import subprocess

import lint

# In pieces, so that this file does not find itself.
FOUND = [
    ("a path of a home", re.compile(r"(?<![\w.])/(?:ho" + r"me|Users)/[A-Za-z0-9._-]+|(?<![\w.])/ro" + r"ot/[\w.]")),
    ("a path of one machine", re.compile(r"(?<![\w.])/wo" + r"rk/[\w.]|/tmp/w" + r"t\b|/mn" + r"t/[\w.]+/")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIV" + r"ATE KEY-----")),
]
NOT_OURS = re.compile(r"(^|/)(\.git|build[^/]*|__pycache__|\.pytest_cache)(/|$)")


def tracked(tree):
    """What git tracks, or in an unpacked archive everything but build directories."""
    if os.path.exists(os.path.join(tree.root, ".git")):
        out = subprocess.run(["git", "-C", tree.root, "ls-files", "-z"], capture_output=True, text=True)
        if out.returncode == 0:
            return [path for path in out.stdout.split("\0") if os.path.isfile(os.path.join(tree.root, path))]
    return [path for path in tree.files("", ext="") if not NOT_OURS.search(path)]


def check(tree):
    problems, files = [], tracked(tree)
    for path in files:
        for number, line in enumerate(tree.read(path).split("\n"), 1):
            for what, pattern in FOUND:
                if pattern.search(line):
                    problems.append("%s:%d: %s" % (path, number, what))
    return len(files), problems


CASES = [
    ("clean", {"README.md": "conf in /etc/plateaud, https://example.org/home/page, src/work/x\n"}, None),
    ("build is not ours", {"a": "x\n", "build-asan/x": "/ho" + "me/ann/x\n"}, None),
    ("home", {"conf/a.conf": "\nkey = /ho" + "me/ann/key\n"}, "conf/a.conf:2: a path of a home"),
    ("root", {"a.sh": "cd /ro" + "ot/x\n"}, "a path of a home"),
    ("machine", {"a.py": 'open("/wo' + 'rk/x")\n'}, "a path of one machine"),
    ("key", {"a.pem": "-----BEGIN RSA PRIV" + "ATE KEY-----\n"}, "a private key"),
]

if __name__ == "__main__":
    lint.main(check, CASES)
