"""Events through real Kafka: every published sum, funnel and count equals the oracle's, integer for integer - whatever the
speed of the topics, kills, rebalances and accidents of Redis on the way."""

import os
import random
import time

import pytest

import rig
import world

EVENTS = int(os.environ.get("PLATEAUD_EVENTS", "300000"))


@pytest.fixture(scope="module")
def product(kafka):
    """One product for all tests of this file, produced whole before anybody reads: then the numbers are a function of the
    logs alone. Every test reads it with a group, a Redis and an instance of its own."""
    made = world.World(seed=1, events=EVENTS, units=EVENTS // 15, topics=("events-web", "events-app"),
                       control="events-control")
    made.produce(kafka)
    made.outcome = made.expected()
    return made


@pytest.fixture
def conf(kafka, redis, product, names):
    group = names("group")

    def make(**keys):
        keys = {"idle_timeout": "2s", "workers": "2", "group": group, "control": product.control_topic, **keys}
        return rig.make_conf(kafka, redis, sections=product.sections(), **keys)

    return make


def wait_judged(redis, tick_us, timeout=120):
    rig.wait_until(lambda: int(redis.hgetall("plateaud:{main}:meta").get("judged_to_us", "-1")) >= tick_us, timeout,
                   what=f"everything judged to {world.stamp(tick_us)}")

def check_experiments(redis, cells, tick):
    checked = 0
    for number in range(6):
        name = f"cart_{number}"
        summary = redis.hgetall(f"plateaud:{{main}}:experiment:{name}")
        mixed = sum(value[0] for key, value in cells.items() if key[:2] == ("mixed", name))
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
                   if key[0] == "funnel" and key[2] == str(step) and last - days + 1 <= key[4] <= last]
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

def check(redis, product, timeout=120):
    cells, tick, rejected = product.outcome
    wait_judged(redis, tick, timeout)
    check_experiments(redis, cells, tick)
    check_funnel(redis, cells, tick)
    check_counts(redis, product, rejected)


def accepted(redis, partitions=8):
    return sum(int(redis.hgetall(f"plateaud:{{main/{p}}}:meta").get("accepted", 0)) for p in range(partitions))


def wait_in_the_middle(redis, product, share=.15):
    """Until a part of the events is counted, and stored."""
    some = share * product.outcome[2]["accepted"]
    rig.wait_until(lambda: accepted(redis) > some, 60, .02, what="a part of the events is counted")
    assert accepted(redis) < product.outcome[2]["accepted"], "too late for what this test is about"


def test_sums_equal_the_oracle(redis, product, conf, daemons):
    daemon = daemons(conf())
    check(redis, product)
    entered = {row["experiment"]: row for _, row in redis.stream("plateaud:{main}:results") if row["kind"] == "result"}
    assert set(entered) == {f"cart_{number}" for number in range(6)}
    assert daemon.metric("plateaud_records_total") > 0
    assert daemon.term() == 0
    assert "ERROR" not in daemon.log() and "event=shard_halted" not in daemon.log()


def test_one_worker_small_queues(redis, product, conf, daemons):
    """Another interleaving: the queues hold a few hundred records of each input."""
    daemons(conf(workers="1", kafka_queue="1MB", commit_records="100"))
    check(redis, product)


def test_killed_twenty_times(redis, product, conf, daemons):
    chance = random.Random(3)
    daemon = daemons(conf(), wait=False)
    for _ in range(20):
        time.sleep(.3 + 1.2 * chance.random())
        daemon.kill9()
        daemon.spawn()
    check(redis, product)


def test_one_joins_and_another_dies(redis, product, conf, daemons):
    first = daemons(conf(), wait=False)
    second = daemons(conf(), wait=False)
    wait_in_the_middle(redis, product)
    first.kill9()
    check(redis, product)
    assert second.running()


@pytest.mark.parametrize("accident", ["restart", "away", "older"])
def test_accidents_of_redis(redis, product, conf, daemons, accident, tmp_path):
    """Restarted with its AOF, stopped for 10 s under load, put back to an older copy of its AOF."""
    daemon = daemons(conf(), wait=False)
    wait_in_the_middle(redis, product)
    if accident == "restart":
        redis.kill9()
        redis.start()
    elif accident == "away":
        redis.freeze()
        time.sleep(10)
        redis.thaw()
    else:
        redis.copy_aof(tmp_path / "copy")
        wait_in_the_middle(redis, product, .4)
        redis.kill9()
        redis.restore_aof(tmp_path / "copy")
        redis.start()
    check(redis, product)
    assert daemon.running()
