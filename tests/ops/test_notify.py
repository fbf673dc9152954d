#!/usr/bin/env python3
"""The scripts of conf/notify.d against an HTTP server on loopback: what arrives, and that failure is told."""

import datetime
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPTS = os.path.join(ROOT, "conf", "notify.d")
SECRET = "c0ffee-secret"

NASTY = 'won "12" of <30> & more \\ per cent %s \n second line \u2028 \x7f ü $(id) `id` \'x\''

ALERT = {
    "specversion": "1.0",
    "id": "9f2c01",
    "source": "/plateaud/main",
    "type": "plateaud.alert.v1",
    "subject": "area/checkout",
    "time": "2026-08-21T10:00:00Z",
    "data": {
        "status": "firing",
        "fingerprint": "5d41402abc4b2a76b9719d911017c592",
        "labels": {"alertname": "ShiftToCore", "area": "checkout", "owner": "growth-payments", "severity": "warning"},
        "annotations": {"summary": NASTY, "description": "Create value now."},
        "startsAt": "2026-08-21T10:00:00Z",
        "verdict": "SHIFT_TO_CORE",
        "previous": "KEEP_OPTIMISING",
        "grade": "confirmed",
        "conditions": {"funnel": "STABLE"},
        "evidence": {"results": 31, "flat": 61.5},
        "policy": {"smallest_return": 0.002},
    },
}


DIGEST = {
    "specversion": "1.0",
    "id": "9f2c02",
    "source": "/plateaud/main",
    "type": "plateaud.digest.v1",
    "subject": "owner/growth-payments",
    "time": "2026-08-24T00:00:00Z",
    "data": {
        "status": "digest",
        "fingerprint": "5d41402abc4b2a76b9719d911017c593",
        "labels": {"alertname": "WeeklyDigest", "instance": "main", "owner": "growth-payments", "severity": "info"},
        "annotations": {"summary": "growth-payments, week to 2026-08-24: 1 area", "description": "checkout: <a>\nNext 1: b"},
        "startsAt": "2026-08-17T00:00:00Z",
        "endsAt": "2026-08-24T00:00:00Z",
        "areas": [{"area": "checkout"}],
    },
}


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args):
        pass


class Case(unittest.TestCase):
    script = None

    def setUp(self):
        self.assertTrue(shutil.which("jq") and shutil.which("curl"), "jq and curl are needed (tests/setup.sh)")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.server.got, self.server.status = [], 200
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        self.dir = tempfile.TemporaryDirectory(prefix="plateaud-notify-")
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def tearDown(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.dir.cleanup()

    def file(self, name, text):
        path = os.path.join(self.dir.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_script(self, text):
        path = os.path.join(SCRIPTS, self.script)
        return subprocess.run([path], input=text, env=self.env, text=True, capture_output=True, timeout=60)

    def deliver(self, **changes):
        """Run it with the alert, changed; returns what arrived as (path, headers, JSON)."""
        alert = json.loads(json.dumps(ALERT))
        alert["data"].update(changes)
        done = self.run_script(json.dumps(alert))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(len(self.server.got), 1)
        path, headers, body = self.server.got.pop()
        self.assertEqual(headers["Content-Type"], "application/json")
        return path, headers, json.loads(body)


class Common:
    """What every script promises."""

    def assert_fails(self, text=None, requests=0):
        done = self.run_script(json.dumps(ALERT) if text is None else text)
        self.assertNotEqual(done.returncode, 0)
        self.assertNotEqual(done.stderr, "")
        self.assertNotIn(SECRET, done.stderr)
        self.assertEqual(len(self.server.got), requests)

    def test_refused_by_the_other_end(self):
        for status in (400, 404, 429, 500, 503):
            self.server.status = status
            self.server.got.clear()
            self.assert_fails(requests=1)

    def test_nobody_there(self):
        self.configure("http://127.0.0.1:1")
        self.assert_fails()

    def test_no_alert(self):
        for text in ("", "{", "[]", "{}", "null", '"x"', '{"data":{}}', json.dumps(ALERT) * 2, json.dumps(ALERT) + "{"):
            self.assert_fails(text)

    def test_not_configured(self):
        self.env = {"PATH": self.env["PATH"]}
        self.assert_fails()
        self.configure(self.url)
        for name in [n for n in self.env if n.endswith("_FILE")]:
            self.env[name] = os.path.join(self.dir.name, "missing")
        self.assert_fails()
        for name in [n for n in self.env if n.endswith("_FILE")]:
            self.env[name] = self.file("empty", "")
        self.assert_fails()

    def test_long_alert(self):
        self.deliver(evidence={"note": "x" * 50000, "at": "@/etc/passwd"})

    def test_secret_is_in_no_argument(self):
        """A curl and a jq in front of the real ones note their arguments."""
        seen = os.path.join(self.dir.name, "arguments")
        for tool in ("curl", "jq"):
            path = self.file(tool, '#!/bin/sh\nprintf "%%s\\n" "$@" >> %s\nexec %s "$@"\n' % (seen, shutil.which(tool)))
            os.chmod(path, 0o755)
        self.env["PATH"] = self.dir.name + ":" + self.env["PATH"]
        self.deliver()
        with open(seen, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("--config", text)
        self.assertNotIn(SECRET, text)

    def test_systemd_credential(self):
        """Without the variable, the credential that the unit loads is used."""
        variable = "PLATEAUD_%s_%s_FILE" % (self.script.upper(), "KEY" if self.script == "pagerduty" else "URL")
        os.rename(self.env.pop(variable), os.path.join(self.dir.name, self.script))
        self.env["CREDENTIALS_DIRECTORY"] = self.dir.name
        self.deliver()


class NoAlerts(Common):
    """Where a digest has no place: done, and nothing sent."""

    def test_digest(self):
        done = self.run_script(json.dumps(DIGEST))
        self.assertEqual((done.returncode, done.stdout, done.stderr, self.server.got), (0, "", "", []))


class Slack(Common, Case):
    script = "slack"

    def setUp(self):
        super().setUp()
        self.configure(self.url)

    def configure(self, url):
        self.env["PLATEAUD_SLACK_URL_FILE"] = self.file("url", url + "/services/" + SECRET + "\n")

    def test_message(self):
        path, _, got = self.deliver()
        self.assertEqual(path, "/services/" + SECRET)
        plain = NASTY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        head = "*[FIRING] ShiftToCore* in *checkout* (confirmed) for growth-payments"
        self.assertEqual(got, {"text": head + "\n" + plain + "\nCreate value now."})

    def test_digest(self):
        self.assertEqual(self.run_script(json.dumps(DIGEST)).returncode, 0)
        got = json.loads(self.server.got.pop()[2])
        self.assertEqual(got, {"text": "*[DIGEST] WeeklyDigest* for growth-payments\n"
                                       "growth-payments, week to 2026-08-24: 1 area\ncheckout: &lt;a&gt;\nNext 1: b"})

    def test_message_without_what_may_be_absent(self):
        _, _, got = self.deliver(labels={"alertname": "InputNotKeyedByUser"}, annotations={}, grade=None, status="resolved")
        self.assertEqual(got, {"text": "*[RESOLVED] InputNotKeyedByUser*\n"})


class PagerDuty(NoAlerts, Case):
    script = "pagerduty"

    def setUp(self):
        super().setUp()
        self.configure(self.url)

    def configure(self, url):
        self.env["PLATEAUD_PAGERDUTY_KEY_FILE"] = self.file("key", SECRET + "\r\n")
        self.env["PLATEAUD_PAGERDUTY_URL"] = url + "/v2/enqueue"

    def test_trigger(self):
        path, _, got = self.deliver()
        self.assertEqual(path, "/v2/enqueue")
        self.assertEqual(
            got,
            {
                "routing_key": SECRET,
                "event_action": "trigger",
                "dedup_key": ALERT["data"]["fingerprint"],
                "payload": {
                    "summary": NASTY,
                    "source": "/plateaud/main",
                    "severity": "warning",
                    "timestamp": "2026-08-21T10:00:00Z",
                    "component": "checkout",
                    "group": "growth-payments",
                    "class": "ShiftToCore",
                    "custom_details": {
                        "description": "Create value now.",
                        "verdict": "SHIFT_TO_CORE",
                        "previous": "KEEP_OPTIMISING",
                        "grade": "confirmed",
                        "conditions": {"funnel": "STABLE"},
                        "evidence": {"results": 31, "flat": 61.5},
                        "policy": {"smallest_return": 0.002},
                    },
                },
            },
        )

    def test_updated_and_resolved(self):
        self.assertEqual(self.deliver(status="updated")[2]["event_action"], "trigger")
        got = self.deliver(status="resolved")[2]
        self.assertEqual((got["event_action"], got["dedup_key"]), ("resolve", ALERT["data"]["fingerprint"]))

    def test_limits(self):
        got = self.deliver(annotations={"summary": "y" * 3000}, fingerprint="f" * 300, labels={"alertname": "A"})[2]
        self.assertEqual((len(got["payload"]["summary"]), len(got["dedup_key"])), (1024, 255))
        self.assertEqual(got["payload"]["severity"], "info")
        self.assertNotIn("component", got["payload"])


class Alertmanager(NoAlerts, Case):
    script = "alertmanager"

    def setUp(self):
        super().setUp()
        self.configure(self.url)

    def configure(self, url):
        self.env["PLATEAUD_ALERTMANAGER_URL_FILE"] = self.file("url", url + "/am/\n")
        self.env["PLATEAUD_ALERTMANAGER_AUTH_FILE"] = self.file("auth", "Authorization: Bearer " + SECRET + "\n")

    def test_firing(self):
        path, headers, got = self.deliver()
        self.assertEqual(path, "/am/api/v2/alerts")
        self.assertEqual(headers["Authorization"], "Bearer " + SECRET)
        self.assertEqual(len(got), 1)
        self.assertEqual(got[0]["labels"], ALERT["data"]["labels"])
        self.assertEqual(
            got[0]["annotations"],
            {
                "summary": NASTY,
                "description": "Create value now.",
                "verdict": "SHIFT_TO_CORE",
                "previous": "KEEP_OPTIMISING",
                "grade": "confirmed",
                "source": "/plateaud/main",
            },
        )
        self.assertEqual(got[0]["startsAt"], "2026-08-21T10:00:00Z")
        ends = datetime.datetime.strptime(got[0]["endsAt"], "%Y-%m-%dT%H:%M:%SZ")
        self.assertGreater(ends - datetime.datetime.utcnow(), datetime.timedelta(days=364))

    def test_resolved(self):
        got = self.deliver(status="resolved", endsAt="2026-09-21T10:00:00Z")[2]
        self.assertEqual(got[0]["endsAt"], "2026-09-21T10:00:00Z")

    def test_without_authorization(self):
        del self.env["PLATEAUD_ALERTMANAGER_AUTH_FILE"]
        self.assertNotIn("Authorization", self.deliver()[1])


if __name__ == "__main__":
    unittest.main()
