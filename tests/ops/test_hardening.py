#!/usr/bin/env python3
"""What every installed program must have from compiler and linker, read from its bytes. The argument is the build directory.

CET is looked for in our objects: a distribution whose start files lack it (Debian 12) makes the linker drop the mark of the
whole program."""

import glob
import os
import platform
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.abspath(sys.argv.pop(1))
UNSAFE = {"gets", "strcpy", "strcat", "sprintf", "vsprintf", "stpcpy", "strncat", "system", "popen", "tmpnam", "mktemp",
          "alloca", "dlopen"}


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], capture_output=True, text=True, check=True, timeout=60,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def symbols(path):
    """Names of what it takes from libraries."""
    return {line.split()[7].split("@")[0] for line in readelf("--dyn-syms", path).splitlines()
            if re.match(r"\s*\d+: .* UND \S", line)}


def faults(path):
    """What is missing of a program."""
    header, segments, dynamic, taken = readelf("-h", path), readelf("-l", path), readelf("-d", path), symbols(path)
    wanted = {
        "position independent": "DYN (" in header and re.search(r"\(FLAGS_1\).*\bPIE\b", dynamic),
        "read-only after relocation": "GNU_RELRO" in segments,
        "bound at start": re.search(r"\(FLAGS_1\).*\bNOW\b", dynamic),
        "stack not executable": re.search(r"GNU_STACK\s+(0x\w+\s+){5}RW\s", segments),
        "no segment both writable and executable": not re.search(r"^\s+LOAD\s.*\bRWE\b", segments, re.M),
        "no text relocations": "TEXTREL" not in dynamic,
        "no path of libraries": "RUNPATH" not in dynamic and "RPATH" not in dynamic,
        "stack protector": "__stack_chk_fail" in taken,
        "fortified": any(re.match(r"__\w+_chk$", name) and name != "__stack_chk_fail" for name in taken),
    }
    return {what for what, found in wanted.items() if not found} | {"calls " + name for name in taken & UNSAFE}


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


class Hardening(unittest.TestCase):
    def test_every_installed_program(self):
        with tempfile.TemporaryDirectory(prefix="plateaud-install-") as place:
            subprocess.run(["cmake", "--install", BUILD], env=dict(os.environ, DESTDIR=place), check=True,
                           stdout=subprocess.DEVNULL, timeout=60)
            paths = [os.path.join(folder, name) for folder, _, names in os.walk(place) for name in names]
            programs = [path for path in paths if not path.endswith((".a", ".o")) and is_elf(path)]
            self.assertTrue({"plateaud", "plateauctl"} <= {os.path.basename(path) for path in programs})
            for path in programs:
                with self.subTest(os.path.basename(path)):
                    self.assertEqual(faults(path), set())

    def test_no_privilege_in_the_file(self):
        for name in ("plateaud", "plateauctl"):
            self.assertEqual(os.stat(os.path.join(BUILD, "src", name)).st_mode & 0o6000, 0)

    def test_control_flow_protection_of_our_objects(self):
        archives = glob.glob(os.path.join(BUILD, "src", "*.a"))
        self.assertGreaterEqual(len(archives), 4)
        for archive in archives:
            parts = re.split(r"^File: ", readelf("-n", archive), flags=re.M)[1:]
            self.assertTrue(parts)
            for part in parts:
                if platform.machine() == "x86_64":
                    self.assertRegex(part, r"x86 feature: IBT, SHSTK", part.splitlines()[0])

    def test_it_can_fail(self):
        with tempfile.TemporaryDirectory() as place:
            source = os.path.join(place, "a.c")
            with open(source, "w", encoding="ascii") as file:
                file.write("#include <stdio.h>\n#include <string.h>\n"
                           "int main(int n, char **v) { char b[64]; strcpy(b, v[n - 1]); return puts(b); }\n")
            weak = os.path.join(place, "weak")
            subprocess.run(["cc", "-O2", "-U_FORTIFY_SOURCE", "-fno-stack-protector", "-no-pie", "-Wl,-z,norelro,-z,lazy",
                            "-Wl,-z,execstack,-rpath,/tmp", "-o", weak, source], check=True, capture_output=True)
            self.assertEqual(faults(weak), {"position independent", "read-only after relocation", "bound at start",
                                            "stack not executable", "no path of libraries", "stack protector", "fortified",
                                            "calls strcpy"})


if __name__ == "__main__":
    unittest.main()
