#!/usr/bin/env python3
"""What README.md and the manuals tell is there, and what is there they tell: metrics, reasons, commands, Redis keys,
files, tests, and the smallest configuration, which plateaud itself must accept."""

import os
import re
import subprocess
import tempfile

import lint

README = "README.md"
MANUAL = "conf/plateaud.8"
REJECTS = "src/core/reject.def"
COMMANDS = "src/ctl/commands.c"


def words(text):
    """What a document sets in code: `name` in Markdown, and the operands of macros in a manual."""
    return set(re.findall(r"`([^`\n]+)`", text)) | set(re.findall(r"^\.It Cm (\S+)$", text, re.M))


def metrics(tree):
    """Names of metrics in the table of the workers and wherever a head is written."""
    for path in tree.files("src", ext=(".c", ".def")):
        text = tree.read(path)
        if path.endswith("metrics.def"):
            yield from ((path, name) for name in re.findall(r'^[A-Z]+\(\w+, "(\w+)"', text, re.M))
        yield from ((path, name) for name in re.findall(r'pl_metrics_head\(\w+,\s*"(\w+)"', text))


def keys(tree):
    """Redis keys of an instance, by the functions that make them: area for area:ID."""
    for path in tree.files("src", ext=".c"):
        yield from ((path, name) for name in re.findall(r'pl_key_main(?:_id)?\([^,;]+, "(\w+)"', tree.read(path)))


def named_in_readme(tree):
    text = words(tree.read(README))
    text |= {word.split(":")[0] for word in text}
    pairs = sorted({(path, name) for path, name in [*metrics(tree), *keys(tree)]})
    return len(pairs), ["%s: `%s` is not in %s" % (path, name, README) for path, name in pairs if name not in text]


def reasons(tree):
    """The manual gives each reason with its explanation."""
    manual = tree.read(MANUAL).replace("\\e", "\\").replace("\n.Cm ", " ")
    problems, rows = [], re.findall(r'^REJECT\(\w+, "(\w+)", "((?:[^"\\]|\\.)*)"\)', tree.read(REJECTS), re.M)
    for name, text in rows:
        text = text.replace("\\\\", "\\").replace("`", "")
        if ".It Cm %s\n%s\n" % (name, text) not in manual:
            problems.append("%s: the reason %s (%s) is not in %s" % (REJECTS, name, text, MANUAL))
    return len(rows), problems


def commands(tree):
    """(path, word) of each command, as the first word of some `code` in README."""
    found = re.findall(r'^\s*\{"([a-z-]+)", pl_ctl_\w+,', tree.read(COMMANDS), re.M)
    known = {word.split()[0] for word in words(tree.read(README)) if word.split()}
    problems = ["%s: the command %s is not in %s" % (COMMANDS, name, README) for name in found if name not in known]
    return len(found), problems


def files(tree, document):
    """Files that a document links to, or names with their directory."""
    text, base = tree.read(document), os.path.dirname(document)
    found = {os.path.join(base, link) for link in re.findall(r"\]\(([^)#:\s]+)\)", text)}
    code = re.findall(r"`((?:conf|src|tests|bench|include|systemd)/[\w./@-]+)`", text)
    found |= set(code)
    return len(found), ["%s: there is no %s" % (document, path) for path in sorted(found)
                        if not os.path.exists(os.path.join(tree.root, path))]


def explained(tree):
    """Each integration and fault test has its line in tests/README.md."""
    document = "tests/README.md"
    found = [path for path in tree.files("tests/integration", "tests/fault", ext=".py")
             if os.path.basename(path).startswith("test_")]
    known = words(tree.read(document)) if document in documents(tree) else set()
    names = ["%s.%s" % (path.split("/")[1], os.path.basename(path)[len("test_"):-len(".py")]) for path in found]
    return len(found), ["%s: there is no `%s`" % (document, name) for name in names if name not in known]


PLACES = {"unit": "tests/unit/%s.c", "integration": "tests/integration/%s.py", "ops": "tests/ops/%s.py",
          "fault": "tests/fault/%s.py"}


def tests(tree, document):
    """Tests that a document names: unit.LAYER.NAME, integration.NAME, fault.NAME, lint.NAME, oracle.NAME, ops.NAME."""
    problems = []
    named = sorted(set(re.findall(r"`((?:unit|integration|fault|ops|lint|oracle)\.[a-z_.]+)`", tree.read(document))))
    for name in named:
        kind, *rest = name.split(".")
        if kind in PLACES:
            there = PLACES[kind] % "/".join([*rest[:-1], "test_" + rest[-1]])
        else:
            there = "tests/lint/%s.py" % rest[0] if kind == "lint" else "tests/oracle/CMakeLists.txt"
        there = os.path.join(tree.root, there)
        if not os.path.exists(there) or (kind == "oracle" and "NAME %s\n" % name not in tree.read(there)):
            problems.append("%s: there is no test %s" % (document, name))
    return len(named), problems


def configuration(tree):
    """The first ```ini block of README, by plateaud -t."""
    block = re.search(r"^```ini\n(.*?)^```$", tree.read(README), re.M | re.S)
    if not block:
        return ["%s: no ```ini block" % README]
    with tempfile.NamedTemporaryFile("w", suffix=".conf", prefix="plateaud-docs-") as file:
        file.write(block.group(1))
        file.flush()
        done = subprocess.run([os.path.join(tree.build, "src", "plateaud"), "-t", "-c", file.name], capture_output=True,
                              text=True, timeout=60)
    return ["%s: plateaud refuses the configuration: %s" % (README, done.stderr.strip())] if done.returncode else []


def check(tree):
    problems, looked = configuration(tree), 1
    everywhere = [find(tree, path) for path in documents(tree) for find in (files, tests)]
    for count, found in (named_in_readme(tree), reasons(tree), commands(tree), explained(tree), *everywhere):
        looked += count
        problems += found
    return looked, problems


def documents(tree):
    wanted = (README, "src/README.md", "tests/README.md")
    return [path for path in wanted if os.path.exists(os.path.join(tree.root, path))]


def prepare(tree):
    """A plateaud that refuses what says `bad`."""
    tree.build = os.path.join(tree.root, "build")
    os.makedirs(os.path.join(tree.build, "src"))
    path = os.path.join(tree.build, "src", "plateaud")
    with open(path, "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\n! grep bad "$3" >&2\n')
    os.chmod(path, 0o755)


GOOD = {
    README: "[x](conf/a)\n`pl_total` `pl_up` `status`, `explain AREA`\n```ini\n[area x]\n```\n",
    MANUAL: ".It Cm empty\nnothing in it\n.It Cm twice\nagain within\n.Cm dedup\n.It Cm byte\na raw \\eu0000\n",
    REJECTS: 'REJECT(EMPTY, "empty", "nothing in it")\nREJECT(TWICE, "twice", "again within `dedup`")\n'
             'REJECT(BYTE, "byte", "a raw \\\\u0000")\n',
    COMMANDS: '    {"status", pl_ctl_status, "x"},\n    {"explain", pl_ctl_explain, "y"},\n',
    "src/app/metrics.def": 'COUNTER(total, "pl_total", "x")\n',
    "src/app/a.c": 'pl_metrics_head(out, "pl_up", "gauge", "x");\n',
    "conf/a": "x\n",
    "tests/oracle/CMakeLists.txt": "add_test(NAME oracle.y\n",
}


def case(title, expected, **changed):
    paths = {"readme": README, "manual": MANUAL, "rejects": REJECTS, "commands": COMMANDS, "source": "src/app/a.c",
             "table": "src/app/metrics.def", "src_readme": "src/README.md", "test": "tests/integration/test_x.py"}
    return title, {**GOOD, **{paths[name]: text for name, text in changed.items()}}, expected


CASES = [
    case("all told", None),
    case("metric of a table", "`pl_new` is not in README.md", table='COUNTER(x, "pl_new", "x")\n'),
    case("metric elsewhere", "`pl_new` is not in README.md", source='pl_metrics_head(a,\n  "pl_new", "gauge", "x");\n'),
    case("reason", "the reason full (no room)", rejects='REJECT(FULL, "full", "no room")\n'),
    case("reason told otherwise", "the reason empty", rejects='REJECT(EMPTY, "empty", "nothing at all")\n'),
    case("key", "`ledger` is not in README.md", source='key = pl_key_main(conf->instance, "ledger");\n'),
    case("key with id", None, source='pl_key_main_id(f(x), "status", id);\n'),
    case("test", "there is no test unit.core.x", readme=GOOD[README] + "`unit.core.x`\n"),
    case("test that is not explained", "there is no `integration.x`", test="\n"),
    case("oracle", "there is no test oracle.x", readme=GOOD[README] + "`oracle.x`\n"),
    case("command", "the command worth", commands='    {"worth", pl_ctl_worth, "x"},\n'),
    case("link", "README.md: there is no conf/b", readme=GOOD[README] + "[y](conf/b)\n"),
    case("path in code", "there is no tests/x.sh", readme=GOOD[README] + "`tests/x.sh`\n"),
    case("link in another document", "src/README.md: there is no src/b.h", src_readme="[b](b.h)\n"),
    case("configuration", "refuses the configuration", readme=GOOD[README].replace("[area x]", "bad")),
    case("no configuration", "no ```ini block", readme="`pl_total` `pl_up` `status` `explain`\n"),
]

if __name__ == "__main__":
    lint.main(check, CASES, prepare)
