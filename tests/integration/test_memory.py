"""An attack on memory: every record names something new. Resident memory stays where it is once a bound is reached, each
refusal has one reason, and what -T prints holds.

Halves are compared, not times. PLATEAUD_FLOOD is the number of records of each kind (make soak: ten million)."""

import json
import os
import re
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

import rig
from test_daemon import area, stored

RECORDS = int(os.environ.get("PLATEAUD_FLOOD", "400000"))
UNITS = 20_000
# kind: what is counted besides the records themselves
KINDS = {
    "events": lambda n: {"events": n, "unmatched": n},
    "units": lambda n: {"events": UNITS, "units_full": n - UNITS},
    "experiments": lambda n: {"events": 50, "experiments_full": n - 50},
    "variants": lambda n: {"events": 16, "variants_full": n - 16},
    "values": lambda n: {"events": n},
    "keys": lambda n: {"events": n},
    "tiny": lambda n: {"not_object": n},
    "huge": lambda n: {"events": n},
}


def flood(kind, records, units=UNITS):
    done = subprocess.run([rig.program("flood"), kind, str(records), str(units)], capture_output=True, text=True,
                          timeout=600, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_memory_stays(kind):
    records = RECORDS // 100 if kind == "huge" else RECORDS
    got = flood(kind, records)
    assert got["counts"] == {"records": records, **KINDS[kind](records)}
    assert got["all"] <= 1.05 * got["half"], got
    assert got["half"] <= 1.05 * got["tenth"] + (1 << 20), got  # a tenth reaches the bounds; a buffer may still come


def test_what_is_printed_holds(tmp_path):
    """The formula of -T, against what a partition full of units in an experiment each takes."""
    units = 300_000
    conf = tmp_path / "plateaud.conf"
    conf.write_text(subprocess.run([rig.program("flood"), "conf", "1", str(units)], capture_output=True, text=True,
                                   check=True).stdout)
    done = subprocess.run([rig.program("plateaud"), "-T", "-c", str(conf)], capture_output=True, text=True, check=True)
    unit, entry = map(int, re.search(r"#   (\d+) B a unit \+ for each experiment that it is in (\d+) B \(shop\)",
                                     done.stdout).groups())
    most = int(re.search(r"# +with max_units in one experiment each: (\d+) MB", done.stdout).group(1)) * 1e6
    assert abs(most - (unit + entry + 16) * units) < 1e6
    got = flood("units", units + units // 10, units)
    taken = got["all"] - got["empty"]
    assert .5 * most < taken < most + (4 << 20), (taken, most)


def attack(topic, first, last):
    """Units and experiments that nobody has seen before, in two partitions."""
    start = datetime(2026, 3, 2, tzinfo=timezone.utc)
    for number in range(first, last):
        time = start + timedelta(milliseconds=number)
        value = {"type": "track", "event": "Experiment Viewed", "userId": f"u{number}", "messageId": f"m{number}",
                 "timestamp": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                 "properties": {"experiment_id": f"e_{number % 7 and number}", "variation_id": "B"}}
        yield topic, number % 2, f"u{number}", int(time.timestamp() * 1000), json.dumps(value)


def rss_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_the_daemon_stays_too(kafka, redis, names, daemons):
    topic, records = names("flood"), 60_000
    kafka.create(f"{topic}:2")
    conf = rig.make_conf(kafka, redis, topics=(topic,), max_units="2000", max_experiments="20", lateness="1s", dedup="1s",
                         kafka_queue="1MB", idle_timeout="1h", workers="1", sections=area(experiments="e_*"))
    daemon = daemons(conf)
    resident = []
    for half in range(3):  # the first third fills what there is to fill
        kafka.produce(attack(topic, half * records, (half + 1) * records))
        rig.wait_until(lambda: daemon.metric("plateaud_records_total") == (half + 1) * records, 120)
        resident.append(rss_bytes(daemon.pid))
    metrics = daemon.metrics()
    refused = {series.split('"')[1]: value for series, value in metrics.items()
               if series.startswith("plateaud_rejected_total") and value}
    # What is full shows: units and experiments stand at their caps, and each refusal has one reason.
    assert daemon.metric("plateaud_units") == 2 * 2000 and daemon.metric("plateaud_experiments") == 2 * 20
    assert set(refused) == {"units_full", "experiments_full"}
    assert sum(refused.values()) + daemon.metric("plateaud_events_accepted_total") == 3 * records
    assert resident[2] <= 1.05 * resident[1] + (1 << 20), resident
    assert daemon.term() == 0
    assert stored(redis, "rejected:units_full") == refused["units_full"]
