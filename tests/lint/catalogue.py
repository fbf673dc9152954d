#!/usr/bin/env python3
"""Each row of the catalogue of bad inputs has its data or its test, or says why not; and each row of data is of it. Each
accident of the fault matrix has its test, or says why not."""

import os
import re

import lint

BASE = "tests/data/bad/"
INDEX = BASE + "catalogue.tsv"
FAULTS = "tests/fault/matrix.tsv"
N_FAULTS = 45
DATA = {"records.tsv": "", "conf.tsv": "C", "state.tsv": "S", "http.tsv": "H"}
WANTED = [str(n) for n in range(1, 87)]
for letter, count in (("C", 20), ("S", 7), ("H", 10)):
    WANTED += [letter + str(n) for n in range(1, count + 1)]
PLACES = {"unit": "tests/unit/%s.c", "integration": "tests/integration/%s.py", "fault": "tests/fault/%s.py"}
TEST = re.compile(r"\b(unit\.[a-z]+\.[a-z_]+|integration\.[a-z_]+|oracle\.[a-z_]+|fault\.[a-z_]+)(?::(\w+))?")


def rows(tree, path):
    return [line.split("\t") for line in tree.read(path).splitlines() if line and not line.startswith("#")]


def missing_test(tree, name, function):
    kind, *rest = name.split(".")
    if kind == "oracle":
        return "NAME %s\n" % name not in tree.read("tests/oracle/CMakeLists.txt") + "\n"
    path = PLACES[kind] % "/".join([*rest[:-1], "test_" + rest[-1]])
    there = os.path.exists(os.path.join(tree.root, path))
    return not there or (function and not re.search(r"\b%s\b" % function, tree.read(path)))


def explained(tree, path, number, where):
    """Problems of one row: it names tests that are there, or says after a dash why there is none."""
    tests = TEST.findall(where)
    problems = [] if tests or where.startswith("- ") else ["%s: row %s says nothing: %s" % (path, number, where)]
    return problems + ["%s: row %s: there is no test %s:%s" % (path, number, *test) for test in tests
                       if missing_test(tree, *test)]


def faults(tree):
    given = rows(tree, FAULTS)
    problems = [problem for row in given for problem in explained(tree, FAULTS, row[0], row[-1])]
    if [row[0] for row in given] != [str(n + 1) for n in range(N_FAULTS)]:
        problems.append("%s: its rows are not 1 to %d" % (FAULTS, N_FAULTS))
    return problems


def check(tree):
    index = {row[0]: row[1] for row in rows(tree, INDEX)}
    problems = ["%s: there is no row %s" % (INDEX, number) for number in WANTED if number not in index]
    problems += ["%s: row %s is not of the catalogue" % (INDEX, number) for number in index if number not in WANTED]
    given = {name: {prefix + row[0] for row in rows(tree, BASE + name)} for name, prefix in DATA.items()}
    for number, where in index.items():
        if where not in given:
            problems += explained(tree, INDEX, number, where)
        elif number not in given[where]:
            problems.append("%s: %s has no row %s" % (INDEX, where, number))
    for name, numbers in given.items():
        problems += ["%s%s: row %s is not of the catalogue" % (BASE, name, number) for number in sorted(numbers)
                     if number not in WANTED and number != "-"]
    return len(index) + N_FAULTS, problems + faults(tree)


INDEX_TEXT = "".join("%s\t%s\n" % (n, "- x") for n in WANTED)
FAULTS_TEXT = "".join("%d\ta fault\t- x\n" % (n + 1) for n in range(N_FAULTS))
GOOD = {INDEX: INDEX_TEXT, FAULTS: FAULTS_TEXT, **{BASE + name: "1\tx\n" for name in DATA}, "tests/unit/core/test_a.c": "void f(void)\n"}


def case(title, expected, was="", becomes="", **more):
    return title, {**GOOD, INDEX: INDEX_TEXT.replace(was, becomes), **more}, expected


CASES = [
    case("all explained", None),
    case("data", None, "1\t- x\n2\t", "1\trecords.tsv\n2\t"),
    case("test", None, "C7\t- x", "C7\tunit.core.a:f"),
    case("row missing", "there is no row S3", "S3\t- x\n", ""),
    case("row of no catalogue", "row X1 is not of the catalogue", "S3\t", "X1\t- x\nS3\t"),
    case("no data", "records.tsv has no row 7", "\n7\t- x", "\n7\trecords.tsv"),
    case("no test", "there is no test unit.core.b:", "C7\t- x", "C7\tunit.core.b"),
    case("no function", "there is no test unit.core.a:g", "C7\t- x", "C7\tunit.core.a:g"),
    case("empty words", "row C7 says nothing", "C7\t- x", "C7\tlater"),
    case("fault without a test", "matrix.tsv: row 1: there is no test fault.b:f",
         **{FAULTS: FAULTS_TEXT.replace("- x", "fault.b:f", 1)}),
    case("fault missing", "its rows are not 1 to 45", **{FAULTS: FAULTS_TEXT.replace("7\ta fault\t- x\n", "", 1)}),
    case("data of no row", "row C99 is not of the catalogue", **{BASE + "conf.tsv": "99\tx\n"}),
]

if __name__ == "__main__":
    lint.main(check, CASES)
