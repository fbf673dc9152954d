#!/usr/bin/env python3
"""The same source gives the same bytes, wherever, whenever and by whomever it is built: programs and libraries of two builds
in directories of different names and depths, with another time zone, locale, umask and order of work; debug information,
which holds most paths, included."""

import glob
import hashlib
import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARTS = ["CMakeLists.txt", "LICENSE", "src", "include", "conf", "systemd", "bench"]
PROGRAMS = ["plateaud", "plateauctl"]


def build(place, **environment):
    """Configure and build a copy of the source there; {file: its bytes}."""
    source = os.path.join(place, "source")
    os.makedirs(source)
    for part in PARTS:
        path = os.path.join(ROOT, part)
        (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, os.path.join(source, part))
    out = os.path.join(place, "out")
    env = {**os.environ, "CFLAGS": "-g", **environment}
    for command in (["cmake", "-G", "Ninja", "-S", source, "-B", out, "-C", source + "/src/cmake/presets/release.cmake",
                     "-DPL_TESTS=OFF"],
                    ["ninja", "-C", out, *(["-j", environment["JOBS"]] if "JOBS" in environment else []), *PROGRAMS]):
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError("%s\n%s%s" % (command, done.stdout[-4000:], done.stderr[-4000:]))
    found = {}
    for path in [os.path.join(out, "src", name) for name in PROGRAMS] + glob.glob(os.path.join(out, "src", "*.a")):
        with open(path, "rb") as file:
            found[os.path.basename(path)] = file.read()
    return found


class Reproducible(unittest.TestCase):
    def test_two_places(self):
        with tempfile.TemporaryDirectory(prefix="plateaud-a-") as one, tempfile.TemporaryDirectory() as two:
            deep = os.path.join(two, "a longer way", "to the source", "of-plateaud")
            first = build(one, TZ="UTC", LC_ALL="C")
            old = os.umask(0o077)
            try:
                second = build(deep, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", SOURCE_DATE_EPOCH="86400", JOBS="1")
            finally:
                os.umask(old)
            self.assertEqual(sorted(first), sorted(second))
            self.assertTrue(set(PROGRAMS) < set(first) and len(first) >= len(PROGRAMS) + 4)
            for name in first:
                self.assertEqual(hashlib.sha256(first[name]).hexdigest(), hashlib.sha256(second[name]).hexdigest(), name)
                for place in (one, two, ROOT):
                    self.assertNotIn(place.encode(), first[name], name)
                    self.assertNotIn(place.encode(), second[name], name)


if __name__ == "__main__":
    unittest.main()
