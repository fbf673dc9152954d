#!/usr/bin/env python3
"""Files and functions stay short enough to read. Functions above 60 lines are listed, above 100 are problems."""

import lint

# Where: most lines of a .c file, of a header, of a function.
LIMITS = {"src": (800, 200, 100), "include": (800, 200, 100), "bench": (800, 200, 100), "tests": (1000, 200, 100)}
WORTH_A_LOOK = 60


def functions(text):
    """(line of the opening brace, number of lines) of each function: braces at depth 0 that follow a parenthesis."""
    depth, begin, before = 0, None, ""
    line = 1
    for char in lint.code_only(text):
        if char == "\n":
            line += 1
        elif char == "{":
            if depth == 0:
                begin = line if before == ")" else None
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0 and begin:
                yield begin, line - begin + 1
        if not char.isspace():
            before = char


def check(tree):
    problems, looked = [], 0
    for place, (max_c, max_h, max_function) in LIMITS.items():
        for path in tree.files(place, ext=(".c", ".h")):
            text = tree.read(path)
            lines, limit = text.count("\n"), max_c if path.endswith(".c") else max_h
            looked += 1
            if lines > limit:
                problems.append("%s: %d lines, at most %d" % (path, lines, limit))
            for line, length in functions(text):
                if length > max_function:
                    problems.append("%s:%d: a function of %d lines, at most %d" % (path, line, length, max_function))
                elif length > WORTH_A_LOOK:
                    print("%s:%d: a function of %d lines, worth a look" % (path, line, length))
    return looked, problems


def function(lines):
    return "int pl_a(int x)\n{\n" + "    x++; /* } */\n" * (lines - 3) + "    return x;\n}\n"


CASES = [
    ("short", {"src/util/a.c": function(20), "src/util/a.h": "int pl_a(int x);\n"}, None),
    ("longest", {"src/util/a.c": function(100)}, None),
    ("tables are no functions", {"src/util/a.c": "int a[] = {\n" + "    1,\n" * 200 + "};\n"}, None),
    ("braces in text", {"src/util/a.c": 'char *s = "{{{";\nchar c = \'{\';\n' * 150}, None),
    ("function too long", {"src/util/a.c": function(101)}, "a function of 101 lines"),
    ("file too long", {"src/util/a.c": function(50) * 17}, "867 lines"),
    ("header too long", {"src/util/a.h": "int pl_a(int x);\n" * 201}, "201 lines"),
    ("test file too long", {"tests/unit/a.c": function(50) * 21}, "1071 lines"),
]

if __name__ == "__main__":
    lint.main(check, CASES)
