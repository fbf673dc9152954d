#!/usr/bin/env python3
"""tests/setup.sh and tests/run.sh with stand-ins for the tools they call: what is installed, and that failures count."""

import os
import subprocess
import tempfile
import unittest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUMMARY = "echo '90% tests passed, {} tests failed out of {}'"


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="plateaud-door-")
        self.calls = os.path.join(self.dir.name, "calls")
        self.env = dict(os.environ, PATH=self.dir.name + ":" + os.environ["PATH"])
        self.env.pop("CC", None)

    def tearDown(self):
        self.dir.cleanup()

    def tool(self, name, body=":"):
        """A stand-in that notes its call and then does what body says."""
        path = os.path.join(self.dir.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\nprintf "%%s\\n" "%s $*" >> %s\n%s\n' % (name, self.calls, body))
        os.chmod(path, 0o755)

    def run_script(self, name, *arguments):
        command = [os.path.join(TESTS, name), *arguments]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60)

    def called(self, what):
        if not os.path.exists(self.calls):
            return []
        with open(self.calls, encoding="utf-8") as file:
            return [line.rstrip("\n") for line in file if line.startswith(what)]


class Setup(Case):
    def machine(self, missing=(), apt=":", uid=0):
        self.tool("dpkg-query", 'case " %s " in *" $3 "*) exit 1 ;; esac; printf "ii "' % " ".join(missing))
        self.tool("apt-get", apt)
        self.tool("id", "echo %d" % uid)
        for name in ("install", "sudo"):
            self.tool(name, "exit 1" if name == "sudo" else ":")

    def test_nothing_missing(self):
        self.machine(uid=1000)
        done = self.run_script("setup.sh")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(self.called("apt-get"), [])
        asked = {line.split()[-1] for line in self.called("dpkg-query")}
        self.assertLessEqual({"gcc", "clang", "redis-server", "maven", "python3-scipy", "systemd", "jq", "spin"}, asked)

    def test_only_what_is_missing(self):
        self.machine(missing=["jq", "cmake"])
        done = self.run_script("setup.sh")
        self.assertEqual(done.returncode, 0, done.stderr)
        update, install = self.called("apt-get")
        self.assertTrue(update.endswith(" update"))
        self.assertTrue(install.endswith(" install --no-install-recommends cmake jq"))

    def test_building_needs_less(self):
        self.machine(missing=["jq", "maven", "python3"])
        self.assertEqual(self.run_script("setup.sh", "build").returncode, 0)
        self.assertEqual(self.called("apt-get"), [])

    def test_failure_is_told(self):
        self.machine(missing=["jq"], apt="echo no route to host; exit 100")
        done = self.run_script("setup.sh")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no route to host", done.stderr)
        self.assertIn("missing: jq", done.stderr)
        self.assertEqual(len(self.called("apt-get")), 1)

    def test_not_root(self):
        self.machine(missing=["jq"], uid=1000)
        done = self.run_script("setup.sh")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("as root, install: jq", done.stderr)
        self.assertEqual(self.called("apt-get"), [])

    def test_usage(self):
        self.machine()
        self.assertEqual(self.run_script("setup.sh", "all").returncode, 2)


class Run(Case):
    def tools(self, cmake=":", ninja=":", ctest="", make="echo == one: 7 inputs"):
        self.tool("cmake", cmake)
        self.tool("ninja", 'case "$*" in *"-t targets"*) echo "test_adapter_log: phony"; exit ;; esac\n' + ninja)
        self.tool("ctest", ctest or SUMMARY.format(0, 10))
        self.tool("make", make)

    def last_line(self, done):
        return done.stdout.rstrip("\n").split("\n")[-1]

    def test_sum(self):
        self.tools()
        done = self.run_script("run.sh")
        self.assertEqual((done.returncode, self.last_line(done)), (0, "52 passed, 0 failed"))
        self.assertEqual((len(self.called("ctest")), self.called("make")), (5, ["make --no-print-directory fuzz"]))

    def test_failed_tests(self):
        self.tools(ctest=SUMMARY.format(2, 10) + "; exit 8")
        done = self.run_script("run.sh", "release", "asan")
        self.assertEqual((done.returncode, self.last_line(done)), (1, "24 passed, 6 failed"))

    def test_skipped_tests_did_not_pass(self):
        self.tools(ctest=SUMMARY.format(0, 10) + "; echo 'The following tests did not run:'; echo '  7 - x (Skipped)'")
        done = self.run_script("run.sh", "release")
        self.assertEqual((done.returncode, self.last_line(done)), (0, "9 passed, 0 failed"))

    def test_one_way(self):
        self.tools()
        done = self.run_script("run.sh", "clang")
        self.assertEqual((done.returncode, self.last_line(done)), (0, "1 passed, 0 failed"))
        self.assertEqual(self.called("ctest"), [])

    def test_build_that_fails(self):
        self.tools(ninja='echo "x.c:1: error: no"; exit 1')
        done = self.run_script("run.sh")
        self.assertEqual((done.returncode, self.last_line(done)), (1, "1 passed, 4 failed"))
        self.assertIn("x.c:1: error: no", done.stdout)
        self.assertEqual(self.called("ctest"), [])

    def test_fuzzer_that_finds(self):
        self.tools(make="echo heap-buffer-overflow; exit 2")
        done = self.run_script("run.sh", "fuzz")
        self.assertEqual((done.returncode, self.last_line(done)), (1, "0 passed, 1 failed"))
        self.assertIn("heap-buffer-overflow", done.stdout)

    def test_configuration_that_fails(self):
        self.tools(cmake='echo "no compiler"; exit 1')
        done = self.run_script("run.sh", "release")
        self.assertEqual((done.returncode, self.last_line(done)), (1, "0 passed, 1 failed"))
        self.assertIn("no compiler", done.stdout)

    def test_ctest_without_a_result(self):
        self.tools(ctest="echo 'No tests were found!!!'; exit 8")
        done = self.run_script("run.sh", "release")
        self.assertEqual((done.returncode, self.last_line(done)), (1, "0 passed, 1 failed"))

    def test_unknown_way(self):
        self.tools()
        done = self.run_script("run.sh", "relaese")
        self.assertEqual((done.returncode, self.last_line(done)), (1, "0 passed, 1 failed"))


class Verify(Case):
    def machine(self, uid=0, debootstrap="echo no such mirror; exit 1"):
        self.tool("id", "echo %d" % uid)
        self.tool("unshare", 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"')
        self.tool("debootstrap", debootstrap)
        self.tool("mount")
        self.tool("chroot", 'case "$*" in *run.sh*) echo "1 passed, 2 failed"; exit 1 ;; esac')

    def setUp(self):
        super().setUp()
        self.before = self.systems()

    def systems(self):
        build = os.path.join(os.path.dirname(TESTS), "build")
        return {name for name in os.listdir(build) if name.startswith("verify.")} if os.path.exists(build) else set()

    def left(self):
        return self.systems() - self.before

    def test_not_root(self):
        self.machine(uid=1000)
        done = self.run_script("verify.sh")
        self.assertEqual(done.returncode, 1)
        self.assertIn("needs root", done.stderr)
        self.assertEqual((self.called("debootstrap"), self.left()), ([], set()))

    def test_no_system(self):
        self.machine()
        done = self.run_script("verify.sh")
        self.assertEqual(done.returncode, 75)
        self.assertIn("no such mirror", done.stderr)
        self.assertEqual((self.called("chroot"), self.called("mount"), self.left()), ([], [], set()))

    def test_failures_count(self):
        self.machine(debootstrap=":")
        done = self.run_script("verify.sh")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("1 passed, 2 failed", done.stdout)
        self.assertEqual([line.split()[2] for line in self.called("mount")], ["proc", "tmpfs"])
        self.assertEqual(self.left(), set())


if __name__ == "__main__":
    unittest.main()
