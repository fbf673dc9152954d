#!/usr/bin/env python3
"""`cmake --install` into an empty directory: programs, units that point to them, scripts that can be run."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = sys.argv.pop(1)


class Install(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="plateaud-install-")
        env = dict(os.environ, DESTDIR=self.dir.name)
        done = subprocess.run(["cmake", "--install", BUILD], env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.files = {}
        for folder, _, names in os.walk(self.dir.name):
            for name in names:
                path = os.path.join(folder, name)
                self.files[path.removeprefix(self.dir.name)] = path

    def tearDown(self):
        self.dir.cleanup()

    def test_programs(self):
        for name in ("plateaud", "plateauctl"):
            found = [path for path in self.files if path.endswith("/bin/" + name)]
            self.assertEqual(len(found), 1)
            self.assertTrue(os.access(self.files[found[0]], os.X_OK))

    def test_units_start_what_is_installed(self):
        units = [path for path in self.files if path.endswith(".service")]
        self.assertEqual(len(units), 3)
        for unit in units:
            self.assertIn("/lib/systemd/system/", unit)
            with open(self.files[unit], encoding="utf-8") as file:
                text = file.read()
            commands = re.findall(r"^Exec\w+=(\S*/plateau\w+)", text, re.M)
            self.assertTrue(commands)
            for command in commands:
                self.assertIn(command, self.files)
            # MAINPID and %i are systemd's and must come through unchanged.
            self.assertTrue("$MAINPID" in text or "notify.d/%i" in text)

    def test_notify_scripts(self):
        for name in ("slack", "pagerduty", "alertmanager"):
            self.assertTrue(os.access(self.files["/etc/plateaud/notify.d/" + name], os.X_OK))

    def test_completion(self):
        for path, text in (("bash-completion/completions/plateauctl", "complete -F _plateauctl plateauctl"),
                           ("zsh/site-functions/_plateauctl", "#compdef plateauctl"),
                           ("fish/vendor_completions.d/plateauctl.fish", "complete -c plateauctl")):
            found = [at for at in self.files if at.endswith("/share/" + path)]
            self.assertEqual(len(found), 1, path)
            with open(self.files[found[0]], encoding="utf-8") as file:
                self.assertIn(text, file.read())


if __name__ == "__main__":
    unittest.main()
