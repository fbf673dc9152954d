"""The input is not what it was: topics that were made anew, put back, cut or widened, users in several partitions, clocks
that run ahead. Nothing is counted that should not be, and the operator is told what to do."""

import json
import subprocess
from datetime import datetime, timedelta

import pytest

import rig
from test_daemon import START, area, orders, record, stored, wait_log, wait_metric

PARTITIONS = 2


def meta(redis, partition=0, instance="main"):
    return redis.hgetall(f"plateaud:{{{instance}/{partition}}}:meta")


def wait_accepted(redis, number, partitions=PARTITIONS, timeout=60):
    rig.wait_until(lambda: stored(redis, "accepted", partitions) == number, timeout,
                   what=f"{number} events are accepted and stored")


def launches(redis):
    """Days of the launches in the ledger."""
    return [(datetime.strptime(row["time"], "%Y-%m-%dT%H:%M:%SZ") - START.replace(tzinfo=None)).days
            for _, row in redis.stream("plateaud:{main}:results") if row["kind"] == "epoch"]


def wait_halted(redis, partition, code, timeout=60):
    rig.wait_until(lambda: meta(redis, partition).get("halt_code") == code, timeout, what=f"{partition} has stopped: {code}")


def ctl(daemon, *args):
    return subprocess.run([rig.program("plateauctl"), *args, "-c", str(daemon.conf_path)], capture_output=True, text=True,
                          timeout=60)


@pytest.fixture
def shop(kafka, redis, names, daemons):
    """A topic with 100 orders in two partitions and a control topic, read, stored, and the daemon stopped again."""

    class Shop:
        topic, control, group = names("shape"), names("shape-control"), names("shape-group")

        def make(self, records=100, settings=""):
            kafka.create(f"{self.topic}:{PARTITIONS}{settings}", f"{self.control}:1{settings}")
            kafka.produce(orders(self.topic, 0, records))
            return self

        def launches(self, first, last):
            kafka.produce((self.control, 0, None, int((START + timedelta(days=n)).timestamp() * 1000), json.dumps(
                {"type": "core_launch", "area": "checkout", "time": (START + timedelta(days=n)).strftime("%Y-%m-%dT%H:%M:%SZ")}))
                for n in range(first, last))

        def conf(self, **keys):
            return rig.make_conf(kafka, redis, topics=(self.topic,), control=self.control, sections=area(),
                                 group=self.group, **keys)

        def start(self, wait=True, **keys):
            return daemons(self.conf(**keys), wait=wait)

        def read(self, number=100):
            """Read everything and stop: what is stored is all that is known of the logs from here on."""
            daemon = self.start()
            wait_accepted(redis, number)
            assert daemon.term() == 0
            return daemon

    return Shop()


def test_an_untouched_log_goes_on(kafka, redis, shop):
    """Stopped and started, nothing is found wrong and nothing is counted twice."""
    shop.make().launches(0, 3)
    shop.read()
    for start in (100, 150):
        assert meta(redis)[f"last:{shop.topic}"].split()[0] == str(start // 2 - 1)
        kafka.produce(orders(shop.topic, start, start + 50))
        shop.read(start + 50)
    daemon = shop.start()
    assert daemon.metric("plateaud_shards_halted") == 0
    rig.wait_until(lambda: launches(redis) == [0, 1, 2], what="the launches are judged, once")
    assert int(meta(redis)["control_last"].split()[0]) == 2 and meta(redis)["partitions"] == str(PARTITIONS)


@pytest.mark.parametrize("held", [60, 100, 300])
def test_a_topic_made_anew(kafka, redis, shop, held):
    """With fewer records, as many, and more. Accepted, it is counted from its beginning, and only then."""
    shop.make().read()
    kafka.delete(shop.topic)
    kafka.create(f"{shop.topic}:{PARTITIONS}")
    kafka.produce(orders(shop.topic, 1000, 1000 + held))
    daemon = shop.start(wait=False)
    for partition in range(PARTITIONS):
        wait_halted(redis, partition, f"recreated {shop.topic} 50")
    wait_metric(daemon, "plateaud_shards_halted", PARTITIONS)
    assert stored(redis, "accepted") == 100
    assert f"plateauctl accept 1" in meta(redis, 1)["halted"] and "recreated" in daemon.log()
    shown = ctl(daemon, "status", "--json")
    assert [part["halted"] for part in json.loads(shown.stdout)["partitions"]] == [
        meta(redis, partition)["halted"] for partition in range(PARTITIONS)]
    daemon.kill9()
    daemon.spawn()  # nothing resets by itself, by no restart
    wait_metric(daemon, "plateaud_shards_halted", PARTITIONS)
    assert ctl(daemon, "accept", "all", "--dry-run").returncode == 0
    assert "accept" not in meta(redis, 0)
    done = ctl(daemon, "accept", "0")
    assert done.returncode == 0 and "partition 0: accepted" in done.stdout
    wait_accepted(redis, 100 + held // 2)
    rig.wait_until(lambda: not {"halted", "halt_code", "accept"} & set(meta(redis, 0)), what="the halt is forgotten")
    assert ctl(daemon, "accept", "1").returncode == 0
    wait_accepted(redis, 100 + held)
    wait_metric(daemon, "plateaud_shards_halted", 0)
    assert ctl(daemon, "accept", "all").returncode == 1
    assert daemon.term() == 0
    shop.read(100 + held)


def test_records_cut_away_below(kafka, redis, shop):
    """What was read may go. When what was not read goes too, the partition stops with the exact gap."""
    shop.make().read()
    kafka.forget(shop.topic, 0, 50)
    kafka.forget(shop.topic, 1, 30)
    kafka.produce(orders(shop.topic, 100, 200))
    shop.read(200)
    kafka.produce(orders(shop.topic, 200, 300))
    kafka.forget(shop.topic, 1, 123)
    daemon = shop.start(wait=False)
    wait_halted(redis, 1, f"gap {shop.topic} 100")
    wait_accepted(redis, 250)
    assert "23 records are gone, from offset 100 to before 123" in meta(redis, 1)["halted"]
    assert ctl(daemon, "accept", "1").returncode == 0
    wait_accepted(redis, 277)
    assert daemon.metric("plateaud_records_gone_total") == 23
    assert daemon.metric("plateaud_shards_halted") == 0


def test_control_records_cut_away(kafka, redis, shop):
    """All partitions read the control topic: all stop, with the gap, and go on when that is accepted."""
    shop.make().launches(0, 5)
    shop.read()
    shop.launches(5, 10)
    kafka.forget(shop.control, 0, 7)
    kafka.produce(orders(shop.topic, 100, 200))
    daemon = shop.start(wait=False)
    for partition in range(PARTITIONS):
        wait_halted(redis, partition, f"gap {shop.control} 5")
        assert "2 records are gone, from offset 5 to before 7" in meta(redis, partition)["halted"]
    assert stored(redis, "accepted") == 100
    assert ctl(daemon, "accept", "all").returncode == 0
    wait_accepted(redis, 200)
    rig.wait_until(lambda: launches(redis) == [0, 1, 2, 3, 4, 7, 8, 9], what="the launches that are there are judged")


@pytest.mark.parametrize("held", [2, 8])
def test_a_control_topic_made_anew(kafka, redis, shop, held):
    shop.make().launches(0, 5)
    shop.read()
    kafka.delete(shop.control)
    kafka.create(f"{shop.control}:1")
    shop.launches(20, 20 + held)
    daemon = shop.start(wait=False)
    for partition in range(PARTITIONS):
        wait_halted(redis, partition, f"recreated {shop.control} 5")
    assert ctl(daemon, "accept", "all").returncode == 0
    rig.wait_until(lambda: launches(redis) == [*range(5), *range(20, 20 + held)], 60, what="its records are judged")
    assert daemon.metric("plateaud_shards_halted") == 0


def test_a_compacted_record_proves_nothing(kafka, redis, shop):
    """The last record read may be compacted away; its place is still there."""
    shop.make(settings=",cleanup.policy=compact,segment.ms=100,min.cleanable.dirty.ratio=0.001,delete.retention.ms=0")
    shop.read()
    kafka.produce(orders(shop.topic, 100, 300))
    shop.read(300)


def test_a_broker_that_is_away_halts_nothing(own_kafka, redis, names, daemons):
    topic, control = names("away"), names("away-control")
    own_kafka.create(f"{topic}:{PARTITIONS}", f"{control}:1")
    own_kafka.produce(orders(topic, 0, 100))
    conf = rig.make_conf(own_kafka, redis, topics=(topic,), control=control, sections=area(), group=names("away"))
    daemon = daemons(conf)
    wait_accepted(redis, 100)
    own_kafka.kill9()
    daemon.kill9()
    daemon.spawn()
    own_kafka.start()
    own_kafka.produce(orders(topic, 100, 200))
    wait_accepted(redis, 200)
    assert daemon.metric("plateaud_shards_halted") == 0 and "halt_code" not in meta(redis)


def test_partitions_added_while_it_runs(kafka, redis, shop):
    shop.make()
    daemon = shop.start()
    wait_accepted(redis, 100)
    kafka.widen(shop.topic, PARTITIONS + 2)
    for partition in range(PARTITIONS):
        wait_halted(redis, partition, f"partitions {PARTITIONS} {PARTITIONS + 2}")
    assert "use a new instance name" in meta(redis)["halted"]
    kafka.produce(orders(shop.topic, 100, 200, PARTITIONS + 2))
    done = ctl(daemon, "accept", "0")
    assert done.returncode == 1 and "cannot be accepted" in done.stdout
    wait_metric(daemon, "plateaud_shards_halted", PARTITIONS)
    assert stored(redis, "accepted", PARTITIONS + 2) == 100


def test_partitions_added_while_it_is_away(kafka, redis, shop):
    shop.make().read()
    kafka.widen(shop.topic, PARTITIONS + 1)
    kafka.produce(orders(shop.topic, 100, 130, PARTITIONS + 1))
    daemon = shop.start(wait=False)
    for partition in range(PARTITIONS):
        wait_halted(redis, partition, f"partitions {PARTITIONS} {PARTITIONS + 1}")
    wait_log(daemon, "event=evaluator_halted")
    assert stored(redis, "accepted", PARTITIONS) == 100
