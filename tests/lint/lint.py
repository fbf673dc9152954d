"""What the lint scripts share: finding files, reading C without comments, running a check and proving that it can fail.

A lint is a function check(tree) that returns (number of things looked at, list of problems). Each script also names
its cases: small trees with the text that a problem must contain, or None where there must be no problem.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Tree:
    """A source tree, where it was built (or None) and the compiler for checks that need one."""

    def __init__(self, root, build=None, cc="cc"):
        self.root, self.build, self.cc = root, build, cc

    def files(self, *places, ext):
        """Paths relative to the root, below these directories, ending in one of ext, sorted."""
        found = []
        for place in places:
            for folder, _, names in os.walk(os.path.join(self.root, place)):
                found += [os.path.relpath(os.path.join(folder, n), self.root) for n in names if n.endswith(ext)]
        return sorted(found)

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="surrogateescape") as file:
            return file.read()

    def objects(self):
        """(source path below src/, object path) of what was built from a source that still exists."""
        found = []
        base = os.path.join(self.build, "src", "CMakeFiles")
        for target in sorted(os.listdir(base)):
            if not re.fullmatch(r"pl_[a-z]+\.dir", target):
                continue
            for folder, _, names in os.walk(os.path.join(base, target)):
                for name in sorted(names):
                    path = os.path.join(folder, name)
                    source = os.path.relpath(path, os.path.join(base, target)).removesuffix(".o")
                    if name.endswith(".c.o") and os.path.exists(os.path.join(self.root, "src", source)):
                        found.append((source, path))
        return sorted(found)


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """C with comments and the insides of literals blanked; line and column of everything else stay."""

    def replace(match):
        piece = match.group(0)
        return _blank(piece) if piece[0] == "/" else piece[0] + _blank(piece[1:-1]) + piece[-1]

    return TOKEN.sub(replace, text)


def literals(text):
    """(line, text between the quotes) of every string literal outside comments and #include."""
    found = []
    for match in TOKEN.finditer(text):
        if match.group(0)[0] != '"':
            continue
        begin = text.rfind("\n", 0, match.start()) + 1
        if not re.match(r"\s*#\s*include", text[begin : match.start()]):
            found.append((text.count("\n", 0, match.start()) + 1, match.group(0)[1:-1]))
    return found


def symbols(path, *options):
    """Names that nm prints for an object."""
    out = subprocess.run(["nm", "--format=posix", *options, path], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in out.splitlines() if line.strip() and not line.endswith(":")]


def build_objects(tree):
    """Compile src/LAYER/*.c of a self-test tree the way CMake lays objects out."""
    tree.build = os.path.join(tree.root, "build")
    for source in tree.files("src", ext=".c"):
        below = source.removeprefix("src" + os.sep)
        target = os.path.join(tree.build, "src", "CMakeFiles", "pl_%s.dir" % below.split(os.sep)[0], below + ".o")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        subprocess.run([tree.cc, "-w", "-c", "-o", target, os.path.join(tree.root, source)], check=True)


def self_test(name, check, cases, cc, prepare):
    failures = 0
    for title, files, expected in cases:
        with tempfile.TemporaryDirectory(prefix="plateaud-lint-") as root:
            for path, text in files.items():
                target = os.path.join(root, path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "w", encoding="utf-8") as file:
                    file.write(text)
            tree = Tree(root, cc=cc)
            if prepare:
                prepare(tree)
            looked, problems = check(tree)
        good = not problems and looked > 0 if expected is None else any(expected in p for p in problems)
        if not good:
            failures += 1
            print("%s: case '%s': wanted %r, got %r (%d looked at)" % (name, title, expected, problems, looked))
    print("%s: self-test, %d cases, %d failed" % (name, len(cases), failures))
    return 1 if failures or not any(c[2] is None for c in cases) or not any(c[2] for c in cases) else 0


def main(check, cases, prepare=None):
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--root", default=ROOT)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--self-test", action="store_true", help="prove on small made-up trees that the check can fail")
    args = parser.parse_args()
    if args.self_test:
        sys.exit(self_test(name, check, cases, args.cc, prepare))
    looked, problems = check(Tree(args.root, args.build, args.cc))
    for problem in problems:
        print(problem)
    if looked == 0:
        print("%s: nothing to look at, which proves nothing" % name)
    print("%s: %d looked at, %d problems" % (name, looked, len(problems)))
    sys.exit(1 if problems or looked == 0 else 0)
