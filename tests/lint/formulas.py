#!/usr/bin/env python3
"""Every header of the judge room says where its formulas come from: a section of statistics.md or of the design."""

import re

import lint

SOURCE = re.compile(r"statistics\.md \d|\bdesign(\.md)? \d")


def check(tree):
    files = tree.files("src/core/judge", ext=".h")
    return len(files), [
        "%s: names no source (\"statistics.md 2.4\", \"design 10\")" % path
        for path in files
        if not SOURCE.search(tree.read(path))
    ]


CASES = [
    ("statistics", {"src/core/judge/a.h": "/* statistics.md 2.4 */\n"}, None),
    ("design", {"src/core/judge/a.h": "/* As in design 10. */\n"}, None),
    ("none", {"src/core/judge/a.h": "/* A good formula. */\n"}, "a.h: names no source"),
    ("no section", {"src/core/judge/a.h": "/* see statistics.md */\n"}, "a.h: names no source"),
]

if __name__ == "__main__":
    lint.main(check, CASES)
