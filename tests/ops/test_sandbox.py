#!/usr/bin/env python3
"""What the units forbid is nothing that the programs do: they run here under the units' own system call rules, where
anything refused kills. The argument is the build directory."""

import glob
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

OPS = os.path.dirname(os.path.abspath(__file__))
UNITS = os.path.join(os.path.dirname(os.path.dirname(OPS)), "systemd")
BUILD = os.path.abspath(sys.argv.pop(1))
PYTHON = "/usr/bin/python3"


def boxed(unit, *command):
    return [PYTHON, "-B", os.path.join(OPS, "sandbox.py"), os.path.join(UNITS, unit), *command]


def run(unit, *command):
    return subprocess.run(boxed(unit, *command), capture_output=True, text=True, timeout=170)


class Rules(unittest.TestCase):
    """The rules are in force: without this the other tests prove nothing."""

    def python(self, code):
        done = run("plateaud.service", PYTHON, "-c", code)
        return done.returncode, done.stdout.strip()

    def test_ordinary_things_work(self):
        self.assertEqual(self.python("print(1)"), (0, "1"))

    def test_privileged_call_kills(self):
        self.assertEqual(self.python("import os; os.chroot('/')")[0], -signal.SIGSYS)

    def test_resource_call_kills(self):
        self.assertEqual(self.python("import os; os.nice(1); os.setpriority(0, 0, 1)")[0], -signal.SIGSYS)

    def test_other_families_do_not_exist(self):
        code = "import socket\ntry: socket.socket(16, 3, 0)\nexcept OSError as error: print(error.errno)"
        self.assertEqual(self.python(code), (0, "97"))

    def test_writable_code_kills(self):
        self.assertEqual(self.python("import mmap; mmap.mmap(-1, 4096, prot=7)")[0], -signal.SIGSYS)


class Programs(unittest.TestCase):
    def test_adapters(self):
        """What talks to the outside: the unit tests of the adapters."""
        programs = sorted(glob.glob(os.path.join(BUILD, "tests", "test_adapter_*")))
        self.assertGreaterEqual(len([p for p in programs if os.access(p, os.X_OK)]), 5)
        for program in programs:
            if os.path.isfile(program):
                done = run("plateaud.service", program)
                self.assertEqual(done.returncode, 0, program + "\n" + done.stdout + done.stderr)

    def test_notification_scripts(self):
        for case in ("Slack.test_message", "PagerDuty.test_trigger", "Alertmanager.test_firing"):
            done = run("plateaud-forward@.service", PYTHON, "-B", os.path.join(OPS, "test_notify.py"), case)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


CONF = """[plateaud]
http = 127.0.0.1:%d
[kafka]
bootstrap.servers = 127.0.0.1:1
[source events]
topics = product.events
[redis]
url = redis://127.0.0.1:1/0
[area checkout]
experiments = checkout_*
goal = Order Completed
smallest_return = 0.2%%
"""


class Daemon(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="plateaud-box-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.conf = os.path.join(self.dir.name, "plateaud.conf")
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(CONF % self.port)
        self.plateaud = os.path.join(BUILD, "src", "plateaud")

    def tearDown(self):
        self.dir.cleanup()

    def test_check(self):
        done = run("plateaud.service", self.plateaud, "-t", "-c", self.conf)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def healthy(self, process):
        """Wait until it says that it is: for as long as the process lives and a minute has not gone by."""
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            try:
                with urllib.request.urlopen("http://127.0.0.1:%d/-/healthy" % self.port, timeout=5) as answer:
                    return answer.status == 200
            except OSError:
                time.sleep(0.05)
        return False

    def test_start_and_stop_without_servers(self):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = os.path.join(self.dir.name, "notify")
        manager.bind(address)
        manager.settimeout(60)
        env = dict(os.environ, NOTIFY_SOCKET=address, WATCHDOG_USEC="200000")
        with open(os.path.join(self.dir.name, "log"), "w+", encoding="utf-8") as log:
            process = subprocess.Popen(
                boxed("plateaud.service", self.plateaud, "-c", self.conf), env=env, stdout=log, stderr=log
            )
            try:
                healthy = self.healthy(process)
                heard = manager.recv(4096) if healthy else b""
                while healthy and b"WATCHDOG=1" not in heard:
                    heard = manager.recv(4096)
                process.send_signal(signal.SIGTERM)
                code = process.wait(timeout=60)
            finally:
                process.kill()
                process.wait()
                manager.close()
            log.seek(0)
            text = log.read()
        self.assertTrue(healthy, text)
        self.assertEqual(code, 0, text)


if __name__ == "__main__":
    unittest.main()
