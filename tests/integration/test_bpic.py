"""A real product's funnel through real Kafka: 13,087 loan applications of a Dutch bank (BPI Challenge 2012).

The data is not ours to ship: it is looked for in $PLATEAUD_BPIC, else beside the repository. The expected figures are
those published for the data set; the test counts them a second time itself, in a few lines and from the file alone.
"""

import collections
import csv
import gzip
import json
import os
import pathlib
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

import rig

PLACE = pathlib.Path(os.environ.get("PLATEAUD_BPIC", rig.ROOT.parent / "shared" / "data" / "bpic2012"))
FILE = PLACE / "events.csv.gz"
STEPS = ["A_SUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "O_SENT", "O_SENT_BACK", "A_APPROVED"]
REACHED = [13_087, 7_367, 5_113, 5_015, 3_254, 2_246]

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"BPI Challenge 2012 (doi 10.4121/uuid:3926db30-f712-4394-"
                                f"aebc-75976070e91f) is not in {PLACE}: set PLATEAUD_BPIC to the directory of its "
                                "events.csv.gz")


def completed():
    """(UTC time, number in the file, case, activity, the time as it is written) of completed events, by time."""
    with gzip.open(FILE, "rt", newline="") as lines:
        rows = [(datetime.fromisoformat(row["timestamp"]).astimezone(timezone.utc), number, row["case_id"],
                 row["activity"], row["timestamp"])
                for number, row in enumerate(csv.DictReader(lines)) if row["lifecycle"] == "COMPLETE"]
    return sorted(rows)


def reached(rows):
    """Cases that got to each step, in order."""
    at = collections.Counter()
    for _, _, case, activity, _ in rows:
        if at[case] < len(STEPS) and activity == STEPS[at[case]]:
            at[case] += 1
    return [sum(1 for step in at.values() if step > number) for number in range(len(STEPS))]


@pytest.fixture(scope="module")
def rows():
    found = completed()
    assert reached(found) == REACHED
    return found


def value(number, case, activity, written):
    return json.dumps({"type": "track", "event": activity, "userId": case, "messageId": f"e{number}",
                       "timestamp": written})


AREA = [("area loans", {"funnel": " > ".join(STEPS)})]


def test_funnel_in_a_replay(rows, tmp_path):
    """The engine alone, over a file: exact sums of every day of entry."""
    (tmp_path / "conf").write_text(rig.make_conf(topics=("loans",), forget="365d", sections=[("kafka", {
        "bootstrap.servers": "127.0.0.1:1"}), *AREA]))
    (tmp_path / "events.jsonl").write_text("".join(value(*row[1:]) + "\n" for row in rows))
    done = subprocess.run([rig.program("plateauctl"), "replay", "-c", tmp_path / "conf", "--json",
                           tmp_path / "events.jsonl"], capture_output=True, text=True, check=True, timeout=60)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    days = [line for line in lines if line["type"] == "sum" and line["kind"] == "funnel"]
    assert len({line["day"] for line in days}) > 100
    for step, n in zip(STEPS, REACHED):
        assert sum(line["n"] for line in days if line["action"] == step) == n
    counts = next(line for line in lines if line["type"] == "counts")
    assert counts["records"] == counts["events"] == len(rows)


CALL = "W_Nabellen offertes"  # an employee calls about an offer that was sent: the case that comes back week after week


def cohorts(rows):
    """Monday of the first call -> {0: cases, k: cases with a call in their week k}."""
    calls = collections.defaultdict(list)
    for time, _, case, activity, _ in rows:
        if activity == CALL:
            calls[case].append(time)
    found = collections.defaultdict(collections.Counter)
    for times in calls.values():
        monday = times[0].date() - timedelta(days=times[0].weekday())
        weeks = {(time - times[0]) // timedelta(days=7) for time in times} - {0}
        found[monday.isoformat()].update({0, *weeks})
    return found


def test_cohorts_in_a_replay(rows, tmp_path):
    """Week by week, and which of them are still open when the log ends."""
    (tmp_path / "conf").write_text(rig.make_conf(topics=("loans",), forget="365d", sections=[("kafka", {
        "bootstrap.servers": "127.0.0.1:1"}), ("area loans", {"value": CALL})]))
    (tmp_path / "events.jsonl").write_text("".join(value(*row[1:]) + "\n" for row in rows))
    done = subprocess.run([rig.program("plateauctl"), "replay", "-c", tmp_path / "conf", "--json",
                           tmp_path / "events.jsonl"], capture_output=True, text=True, check=True, timeout=60)
    line = next(line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "value")
    end, wanted = datetime.fromisoformat(line["judged"].replace("Z", "+00:00")), cohorts(rows)
    told = {name.split(".")[1] for name in line if name.startswith("cohort.")}
    compared = still_open = 0
    for monday in told:
        assert int(line[f"cohort.{monday}.users"]) == wanted[monday][0]
        over = (end - datetime.fromisoformat(monday + "T00:00:00+00:00") - timedelta(days=7)) // timedelta(days=7) - 1
        over = max(over, 0)
        assert int(line[f"cohort.{monday}.weeks_over"]) == min(over, 12)
        for week in range(1, 13):  # those that are over, the one that is going on, and none that is to come
            so_far = "_so_far" * (week > over)
            figure = line.get(f"cohort.{monday}.week{week}{so_far}")
            assert (int(figure) == wanted[monday][week]) if week <= over + 1 else figure is None, (monday, week)
            compared, still_open = compared + (figure is not None), still_open + (week == over + 1)
    assert len(told) > 10 and compared > 50 and still_open > 5


def test_funnel_through_kafka(kafka, redis, names, daemons, rows):
    topic, control = names("loans"), names("loans-control")
    kafka.create(f"{topic}:4", f"{control}:1")
    daemon = daemons(rig.make_conf(
        kafka, redis, control=control, topics=(topic,), forget="365d", idle_timeout="2s",
        sections=AREA))
    kafka.produce((topic, -1, row[2], int(row[0].timestamp() * 1000), value(*row[1:])) for row in rows)

    everything = rows[-1][0].replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    figures = {}

    def complete():
        figures.update(redis.hgetall("plateaud:{main}:funnel:loans"))
        return figures.get("judged", "") >= everything.strftime("%Y-%m-%dT%H:%M:%S")

    rig.wait_until(complete, 60, what="all is judged")
    assert [figures[f"step{step + 1}"] for step in range(6)] == STEPS
    assert [int(figures[f"life.attempts.{step + 1}"]) for step in range(6)] == REACHED
    assert [int(figures[f"life.units.{step + 1}"]) for step in range(6)] == REACHED
    assert daemon.metric("plateaud_records_total") == len(rows)
    assert daemon.metric("plateaud_events_accepted_total") == len(rows)
    assert daemon.metric("plateaud_rejected_total") == 0
