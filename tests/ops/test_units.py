#!/usr/bin/env python3
"""The units of systemd/: hardened, valid, each directive explained."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = sorted(glob.glob(os.path.join(ROOT, "systemd", "*.service")))
BARE = "[Service]\nExecStart=/bin/true\n"

# NoNewPrivileges and the like are also what the exposure is computed from.
DEMANDED = """DynamicUser=yes CapabilityBoundingSet= NoNewPrivileges=yes ProtectSystem=strict ProtectHome=yes PrivateTmp=yes
PrivateDevices=yes PrivateUsers=yes PrivateIPC=yes PrivateMounts=yes ProtectProc=invisible ProcSubset=pid ProtectClock=yes
ProtectHostname=yes ProtectKernelTunables=yes ProtectKernelModules=yes ProtectKernelLogs=yes ProtectControlGroups=yes
RestrictNamespaces=yes RestrictRealtime=yes RestrictSUIDSGID=yes RemoveIPC=yes LockPersonality=yes
MemoryDenyWriteExecute=yes KeyringMode=private DevicePolicy=closed SystemCallArchitectures=native
SystemCallFilter=@system-service UMask=0077 Restart=always StartLimitIntervalSec=0 LimitCORE=0 TimeoutStopSec=30""".split()
DAEMON = "Type=notify WatchdogSec=30 RestartSec=1 TasksMax=256 OOMPolicy=stop RestartPreventExitStatus=2".split()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def security(path):
    return run("systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", path)


class Units(unittest.TestCase):
    def setUp(self):
        self.assertTrue(shutil.which("systemd-analyze"), "systemd-analyze is needed (tests/setup.sh)")
        names = [os.path.basename(path) for path in UNITS]
        self.assertEqual(names, ["plateaud-forward@.service", "plateaud.service", "plateaud@.service"])

    def text(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_exposure(self):
        for path in UNITS:
            done = security(path)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("Overall exposure level", done.stdout)
            self.assertNotRegex(done.stderr, "(?i)unknown|ignoring|failed")

    def test_exposure_can_fail(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bare.service")
            with open(path, "w", encoding="utf-8") as file:
                file.write(BARE)
            self.assertNotEqual(security(path).returncode, 0)

    def verify(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = run("systemd-analyze", "verify", "--man=no", path)
            return done.returncode, done.stderr.strip()

    def test_valid(self):
        """systemd itself finds no fault; programs that are not installed yet are replaced by one that is."""
        for path in UNITS:
            name = os.path.basename(path).replace("@.", "@x.")
            text = re.sub(r"/usr/bin/plateau\w+", "/bin/true", self.text(path))
            self.assertEqual(self.verify(name, text), (0, ""))

    def test_valid_can_fail(self):
        self.assertNotEqual(self.verify("bare.service", BARE + "NoSuchDirective=1\n"), (0, ""))
        self.assertNotEqual(self.verify("bare.service", BARE.replace("true", "nothing-of-this-name")), (0, ""))

    def test_demanded_directives(self):
        for path in UNITS:
            lines = self.text(path).splitlines()
            for directive in DEMANDED + ([] if "forward" in path else DAEMON):
                self.assertIn(directive, lines, path)

    def test_commands(self):
        for conf, path in (("plateaud", "plateaud.service"), ("%i", "plateaud@.service")):
            text = self.text(os.path.join(ROOT, "systemd", path))
            options = " -c /etc/plateaud/%s.conf\n" % conf
            self.assertIn("\nExecStart=/usr/bin/plateaud" + options, text)
            check = text.index("\nExecReload=/usr/bin/plateaud -t" + options)
            reload = text.index("\nExecReload=/bin/kill -HUP $MAINPID\n")
            self.assertLess(check, reload)
        text = self.text(os.path.join(ROOT, "systemd", "plateaud-forward@.service"))
        self.assertIn("\nExecStart=/usr/bin/plateauctl forward --group %i --exec /etc/plateaud/notify.d/%i\n", text)

    def test_every_group_of_directives_is_explained(self):
        """After a section's header or an empty line a comment comes first, so no directive stands without one."""
        for path in UNITS:
            section, explained = "", False
            for line in self.text(path).splitlines():
                if line.startswith("["):
                    section, explained = line, line in ("[Install]",)
                elif not line and section != "[Install]":
                    explained = False
                elif line.startswith("#"):
                    explained = True
                elif line and not line.startswith(("Description=", "Documentation=")):
                    self.assertTrue(explained, "%s: %s" % (path, line))


if __name__ == "__main__":
    unittest.main()
