"""What a file, Redis or a stranger may hold instead of what belongs there (tests/data/bad): refused with its reason.

Records are the matter of integration.daemon and unit.codec.decode. Here: configurations; the state of a partition, each
damage in a partition of its own, which halts while all others go on; what belongs to the instance; HTTP."""

import json
import re
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

import rig
from test_daemon import area, stored
from test_results import conf as results_conf
from test_results import produce, results, wait_judged
from test_security import ask, lonely  # noqa: F401: a fixture

DATA = rig.ROOT / "tests" / "data" / "bad"
START = datetime(2026, 3, 2, tzinfo=timezone.utc)
GOOD = b"""[kafka]
bootstrap.servers = k:9092
[source events]
topics = product.events
[redis]
url = redis://127.0.0.1:6379/0
[area checkout]
goal = Order Completed
"""


def expand(value):
    """%XX is a byte, %{N:text} is text N times with the number in place of @ (the first } that leaves none open)."""
    out, at = bytearray(), 0
    while at < len(value):
        repeat = re.compile(r"%\{(\d+):(.*?)\}").match(value, at)
        if repeat:
            count, text = int(repeat.group(1)), repeat.group(2)
            for number in range(count if "@" in text else 1):
                out += expand(text.replace("@", str(number)))
            if "@" not in text:
                out += expand(text) * (count - 1)
            at = repeat.end()
        elif value[at] == "%":
            out.append(int(value[at + 1:at + 3], 16))
            at += 3
        else:
            out += value[at].encode()
            at += 1
    return bytes(out)


def rows(name, columns):
    lines = [line.split("\t") for line in (DATA / name).read_text().splitlines() if not line.startswith("#")]
    assert len(lines) >= 10 and all(len(line) == columns for line in lines), name
    return lines


# ---- configurations ------------------------------------------------------------------------------------------------


def check(path):
    return subprocess.run([rig.program("plateaud"), "-t", "-c", str(path)], capture_output=True, text=True, timeout=30)


def test_configurations(tmp_path):
    path = tmp_path / "plateaud.conf"
    for number, what, code, part, text in rows("conf.tsv", 5):
        path.write_bytes((GOOD if text.startswith("+") else b"") + expand(text.removeprefix("+")))
        done = check(path)
        assert done.returncode == int(code) and part in done.stderr, (number, what, done)
        assert "hunter2" not in done.stdout + done.stderr and len(done.stderr) < 2000, (number, what, done)
        if done.returncode:
            assert str(path) in done.stderr and done.stderr.count("\n") == 1, (number, what, done)


def test_a_configuration_that_is_no_file(tmp_path):
    for path in (tmp_path / "none.conf", tmp_path):
        done = check(path)
        assert done.returncode == 2 and str(path) in done.stderr and done.stdout == "", done


# ---- the state of a partition --------------------------------------------------------------------------------------


def visit(topic, partition, unit, minute, number, name, **properties):
    time = START + timedelta(minutes=minute)
    value = {"type": "track", "event": name, "userId": unit, "messageId": f"m{number}",
             "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "properties": properties}
    return topic, partition, unit, int(time.timestamp() * 1000), json.dumps(value)


def visits(topic, partitions, first=0):
    """In each partition: units that see an experiment and order, over some hours."""
    for partition in range(partitions):
        for number in range(first, first + 12):
            unit = f"u{partition}-{number}"
            seen = {"experiment_id": "checkout_1", "variation_id": "B" if number % 2 else "control"}
            yield visit(topic, partition, unit, 40 * number, 2 * number, "Experiment Viewed", **seen)
            yield visit(topic, partition, unit, 40 * number + 5, 2 * number + 1, "Order Completed")


def whole(redis, base):
    """The key of what a command of a data file calls UNITS."""
    return sorted(redis.keys(base + "u:*"))[0].removeprefix(base)


def damage(redis, base, topic, command):
    """Do to keys below base what the data file says."""
    verb, key, *words = command.split(" ")
    key = whole(redis, base) if key == "UNITS" else key
    assert redis.call("EXISTS", base + key) == 1, command
    fields = redis.call("HKEYS", base + key, raw=True) if "FIELD" in words else None
    words = [sorted(fields)[-1] if word == "FIELD" else expand(word.replace("TOPIC", topic)) for word in words]
    if verb == "SET":
        redis.call("DEL", base + key)
    redis.call(verb, base + key, *words)
    if verb == "PEXPIRE":
        rig.wait_until(lambda: redis.call("EXISTS", base + key) == 0)


def halted(daemon):
    """{partition: reason} of the partitions that said that they halted."""
    found = re.findall(r'event=shard_halted partition=(\d+) why="((?:[^"\\]|\\.)*)"', daemon.log())
    return {int(partition): why for partition, why in found}


def test_state_of_a_partition(kafka, redis, names, daemons):
    topic, damages = names("damaged"), rows("state.tsv", 4)
    partitions = len(damages) + 2  # the first and the last one are left alone
    kafka.create(f"{topic}:{partitions}")
    kafka.produce(visits(topic, partitions))
    conf = rig.make_conf(kafka, redis, topics=(topic,), workers="2", idle_timeout="1h", dedup="1s",
                         sections=area())
    first = daemons(conf)
    rig.wait_until(lambda: stored(redis, "accepted", partitions) == 24 * partitions, 60)
    assert first.term() == 0
    for at, (_, _, _, command) in enumerate(damages):
        damage(redis, "plateaud:{main/%d}:" % (at + 1), topic, command)
    before = [redis.call("DUMP", key, raw=True) for key in sorted(redis.keys("plateaud:{main/*}:front"))]
    second = daemons(conf, wait=False)
    rig.wait_until(lambda: len(halted(second)) >= len(damages), 60, what="all damages are found")
    why = halted(second)
    assert sorted(why) == list(range(1, partitions - 1))
    wrong = [(damages[at - 1][:4], text) for at, text in why.items() if damages[at - 1][2] not in text]
    assert not wrong, wrong
    assert second.metric("plateaud_shards_halted") == len(damages)
    kafka.produce(visits(topic, partitions, 100))
    well = (0, partitions - 1)
    rig.wait_until(lambda: all(int(redis.hgetall("plateaud:{main/%d}:meta" % p)["accepted"]) == 48 for p in well), 60)
    assert second.get("/-/healthy")[0] == 200 and second.get("/-/ready")[0] == 503
    assert second.term() == 0
    # What halted wrote nothing, so that an operator finds what was there.
    after = [redis.call("DUMP", key, raw=True) for key in sorted(redis.keys("plateaud:{main/*}:front"))]
    assert len(before) == len(after) and sum(a != b for a, b in zip(before, after)) == len(well)


def test_published_sums_that_are_damaged(kafka, redis, names, daemons):
    """They are the judge's: it halts, and the partitions go on."""
    topic = names("sums")
    kafka.create(f"{topic}:2")
    kafka.produce(visits(topic, 2))
    conf = rig.make_conf(kafka, redis, topics=(topic,), idle_timeout="1h", sections=area())
    first = daemons(conf)
    rig.wait_until(lambda: redis.call("HLEN", "plateaud:{main/1}:sums") > 0 and stored(redis, "accepted") == 48, 60)
    assert first.term() == 0
    damage(redis, "plateaud:{main/1}:", topic, "HSET sums FIELD %03%02")
    second = daemons(conf, wait=False)
    rig.wait_until(lambda: "event=evaluator_halted" in second.log(), 60)
    assert "partition 1: what the shard published cannot be read: the bytes of a tick" in second.log()
    kafka.produce(visits(topic, 2, 100))
    rig.wait_until(lambda: stored(redis, "accepted") == 96, 60)
    assert second.metric("plateaud_shards_halted") == 0 and second.metric("plateaud_evaluator_halted") == 1
    assert second.term() == 0


def copy(redis, to):
    """The keys of instance main as those of another one."""
    for key in redis.keys("plateaud:*"):
        other = key.replace("{main", "{" + to, 1)
        if other != key:
            redis.call("RESTORE", other, 0, redis.call("DUMP", key, raw=True))


def test_what_belongs_to_the_instance(kafka, redis, names, daemons):
    """Each damage in an instance of its own, side by side: each judge halts with its reason, and alerts nobody."""
    control, damages = names("instance"), rows("instance.tsv", 4)
    produce(kafka, control, results("koivisto")[-40:])
    first = daemons(results_conf(kafka, redis, control, ("koivisto",)))
    wait_judged(redis, "koivisto", 39)
    assert first.term() == 0
    started = []
    for at, (_, _, _, command) in enumerate(damages):
        copy(redis, f"d{at}")
        damage(redis, "plateaud:{d%d}:" % at, control, command)
        started.append(daemons(results_conf(kafka, redis, control, ("koivisto",), f"d{at}"), wait=False))
    for daemon in started:
        rig.wait_until(lambda: "event=evaluator_halted" in daemon.log(), 60, what="the judge halts")
    wrong = []
    for daemon, row in zip(started, damages):
        why = re.search(r'event=evaluator_halted why="(.*)"', daemon.log()).group(1)
        if row[2] not in why or daemon.metric("plateaud_evaluator_halted") != 1:
            wrong.append((row, why))
    assert not wrong, wrong
    assert not [key for key in redis.keys("plateaud:{d*}:alerts")] or all(
        redis.stream(key) == redis.stream("plateaud:{main}:alerts") for key in redis.keys("plateaud:{d*}:alerts"))
    assert [daemon.term() for daemon in started] == [0] * len(started)


# ---- HTTP ----------------------------------------------------------------------------------------------------------


def test_requests_of_strangers(lonely):  # noqa: F811
    for number, what, statuses, request in rows("http.tsv", 4):
        status, answer = ask(lonely, expand(request), end=False)
        assert str(status or "closed") in statuses.split("|"), (number, what, status)
        assert (b"plateaud_" in answer) == (status == 200), (number, what)
    assert lonely.get("/metrics")[0] == 200


@pytest.mark.parametrize("idle", [1000])
def test_a_thousand_idle_connections(lonely, idle):  # noqa: F811
    import socket

    host, port = lonely.http.split(":")
    waiting = []
    for _ in range(idle):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((host, int(port)))
        waiting.append(client)
    rig.wait_until(lambda: lonely.get("/-/healthy", timeout=60)[0] == 200, 120)
    for client in waiting:
        client.close()
    rig.wait_until(lambda: lonely.get("/metrics")[0] == 200)
