"""Events through real Kafka: every published sum, funnel and count equals the oracle's, integer for integer - whatever the
speed of the topics, kills, rebalances and accidents of Redis on the way."""

import os
import random
import time

import pytest

import rig
import world
from world import count

EVENTS = int(os.environ.get("PLATEAUD_EVENTS", "60000"))
UNITS = EVENTS // 15

def topics_of(names):
    return dict(topics=(names("web"), names("app")), control=names("control"))

def conf(kafka, redis, product, **keys):
    keys = {"idle_timeout": "2s", "workers": "2", **keys}
    return rig.make_conf(kafka, redis, sections=product.sections(), control=product.control_topic,
                         group=f"group-{product.topics[0]}", **keys)

def wait_judged(redis, tick_us, timeout=120):
    rig.wait_until(lambda: int(redis.hgetall("plateaud:{main}:meta").get("judged_to_us", "-1")) >= tick_us, timeout,
                   what=f"everything judged to {world.stamp(tick_us)}")

def check_experiments(redis, cells, tick):
    checked = 0
    for number in range(6):
        name = f"cart_{number}"
        summary = redis.hgetall(f"plateaud:{{main}}:experiment:{name}")
        mixed = sum(value[0] for key, value in cells.items() if key[:2] == (count.MIXED, name))
        assert int(summary["saw_two_variants"]) == mixed, name
        for metric, window in (("orders", 2), ("views", 1), ("revenue", 3)):
            figures = redis.hgetall(f"plateaud:{{main}}:experiment:{name}:{metric}")
            last = (tick - window * world.DAY) // world.DAY - 1
            for variant in ("control", "B"):
                for span, first in (("life", -1 << 31), ("7d", last - 6), ("28d", last - 27)):
                    want = world.window_sums(cells, metric, name, variant, first, last)
                    got = tuple(int(figures[f"{span}.{what}.{variant}"]) for what in ("n", "sum", "sum2"))
                    assert got == want, (name, metric, variant, span)
                    checked += want[0] > 0
    assert checked > 50

def check_funnel(redis, cells, tick):
    figures = redis.hgetall("plateaud:{main}:funnel:checkout")
    last = tick // world.DAY - 1
    for step in range(3):
        for span, days in (("1d", 1), ("7d", 7), ("28d", 28)):
            got = [value for key, value in cells.items()
                   if key[0] == count.FUNNEL and key[2] == str(step) and last - days + 1 <= key[4] <= last]
            want = sum(value[0] for value in got), sum(value[1] for value in got)
            assert (int(figures[f"{span}.attempts.{step + 1}"]), int(figures[f"{span}.units.{step + 1}"])) == want
    assert int(figures["28d.attempts.3"]) > 0

def check_counts(redis, product, rejected):
    total = {"accepted": 0, "duplicate": 0, "after_end": 0}
    for partition in range(product.partitions):
        meta = redis.hgetall(f"plateaud:{{main/{partition}}}:meta")
        total["accepted"] += int(meta.get("accepted", 0))
        for reason in ("duplicate", "after_end"):
            total[reason] += int(meta.get(f"rejected:{reason}", 0))
    assert total == {name: rejected[name] for name in total}
    assert rejected["duplicate"] > 1000 or product.duplicates == 0

def check(redis, product, expected=None):
    cells, tick, rejected = expected or product.expected()
    wait_judged(redis, tick)
    check_experiments(redis, cells, tick)
    check_funnel(redis, cells, tick)
    check_counts(redis, product, rejected)
    return cells, tick, rejected

def test_sums_equal_the_oracle(kafka, redis, names, daemons):
    product = world.World(seed=1, events=EVENTS, units=UNITS, **topics_of(names))
    product.produce(kafka)
    daemon = daemons(conf(kafka, redis, product))
    check(redis, product)
    entered = {row["experiment"]: row for _, row in redis.stream("plateaud:{main}:results") if row["kind"] == "result"}
    assert set(entered) == {f"cart_{number}" for number in range(6)}
    assert daemon.metric("plateaud_records_total") > 0
    assert daemon.term() == 0
    assert "ERROR" not in daemon.log() and "event=shard_halted" not in daemon.log()

def test_topics_drained_at_very_different_speeds(kafka, redis, names, daemons):
    """One topic is produced whole before the other has a record; a long idle_timeout keeps the clock out of it."""
    product = world.World(seed=2, events=EVENTS // 2, units=UNITS // 2, **topics_of(names))
    product.create(kafka)
    rows = list(product.rows())
    kafka.produce(product.control_rows())
    daemons(conf(kafka, redis, product, idle_timeout="20s"))
    kafka.produce(row for row in rows if row[0] == product.topics[1])
    kafka.produce(row for row in rows if row[0] == product.topics[0])
    check(redis, product)

def test_killed_twenty_times(kafka, redis, names, daemons):
    product = world.World(seed=3, events=EVENTS, units=UNITS, **topics_of(names))
    product.produce(kafka)
    chance = random.Random(3)
    daemon = daemons(conf(kafka, redis, product, idle_timeout="30s"), wait=False)
    for _ in range(20):
        time.sleep(.2 + 1.2 * chance.random())
        daemon.kill9()
        daemon.spawn()
    check(redis, product)

def test_one_joins_and_another_dies(kafka, redis, names, daemons):
    product = world.World(seed=4, events=EVENTS, units=UNITS, **topics_of(names))
    product.create(kafka)
    kafka.produce(product.control_rows())
    rows = list(product.rows())
    first = daemons(conf(kafka, redis, product, idle_timeout="30s"))
    kafka.produce(rows[:len(rows) // 3])
    second = daemons(conf(kafka, redis, product, idle_timeout="30s"))
    kafka.produce(rows[len(rows) // 3:2 * len(rows) // 3])
    first.kill9()
    kafka.produce(rows[2 * len(rows) // 3:])
    check(redis, product)
    assert second.running()

@pytest.mark.parametrize("accident", ["restart", "away", "older"])
def test_accidents_of_redis(kafka, redis, names, daemons, accident, tmp_path):
    """Restarted with its AOF, stopped for 10 s under load, put back to an older copy of its AOF."""
    product = world.World(seed=5, events=EVENTS // 2, units=UNITS // 2, **topics_of(names))
    product.create(kafka)
    kafka.produce(product.control_rows())
    rows = list(product.rows())
    daemon = daemons(conf(kafka, redis, product, idle_timeout="30s"))
    kafka.produce(rows[:len(rows) // 2])
    rig.wait_until(lambda: any(redis.hgetall(f"plateaud:{{main/{p}}}:meta").get("accepted") for p in range(8)), 30)
    if accident == "older":
        redis.copy_aof(tmp_path / "copy")
    kafka.produce(rows[len(rows) // 2:])
    if accident == "restart":
        redis.kill9()
        redis.start()
    elif accident == "away":
        redis.freeze()
        time.sleep(10)
        redis.thaw()
    else:
        time.sleep(2)
        redis.kill9()
        redis.restore_aof(tmp_path / "copy")
        redis.start()
    check(redis, product)
    assert daemon.running()
