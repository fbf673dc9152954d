"""`make demo` as a newcomer runs it: the summary, the alert, and that nothing stays behind."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile

import rig

DEMO = str(rig.ROOT / "tests" / "demo.sh")


def start(place):
    env = {**os.environ, "TMPDIR": str(place), "PLATEAUD_BUILD": str(rig.BUILD)}
    for name in ("KAFKA", "KEEP"):
        env.pop(name, None)
    return subprocess.Popen([DEMO], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, start_new_session=True)


def processes_of(group):
    """Processes of the demo's group that are still there."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


def alert_in(output):
    """The document that is laid out between the lines that hold nothing but its braces."""
    lines = output.splitlines()
    return json.loads("\n".join(lines[lines.index("{"):lines.index("}") + 1]))


def test_from_kafka_to_the_alert():
    with tempfile.TemporaryDirectory(prefix="plateaud-test-", dir="/tmp") as place:
        demo = start(place)
        output, _ = demo.communicate(timeout=400)
        assert demo.returncode == 0, output
        assert "demo: 132984 events, 42 experiments, 3 alerts, SHIFT_TO_CORE at 2024-04-10T00:00:00Z" in output
        alert = alert_in(output)
        assert (alert["type"], alert["data"]["verdict"], alert["data"]["status"]) == (
            "plateaud.alert.v1", "SHIFT_TO_CORE", "firing")
        assert alert["data"]["evidence"]["evidence"] >= alert["data"]["evidence"]["evidence_needed"]
        assert "checkout: shift to core value work" in output
        assert processes_of(demo.pid) == []
        assert os.listdir(place) == []


def test_interrupted():
    """Ctrl-C goes to the whole group, as a terminal sends it."""
    with tempfile.TemporaryDirectory(prefix="plateaud-test-", dir="/tmp") as place:
        demo = start(place)
        for line in demo.stdout:
            if line.startswith("event time"):
                break
        os.killpg(demo.pid, signal.SIGINT)
        demo.communicate(timeout=60)
        assert demo.returncode == 130
        assert processes_of(demo.pid) == []
        assert os.listdir(place) == []
