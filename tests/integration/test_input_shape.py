"""The input is not what it was: topics that were made anew, put back, cut or widened, users in several partitions, clocks
that run ahead. Nothing is counted that should not be, and the operator is told what to do."""

import json
import subprocess
import time
from datetime import datetime, timedelta

import pytest

import rig
import world
from test_daemon import START, area, orders, record, stored, wait_log, wait_metric
from test_events import check as check_product

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

        def make(self, records=100):
            kafka.create(f"{self.topic}:{PARTITIONS}", f"{self.control}:1")
            kafka.produce(orders(self.topic, 0, records))
            return self

        def launches(self, first, last):
            kafka.produce((self.control, 0, None, int((START + timedelta(days=n)).timestamp() * 1000), json.dumps(
                {"type": "core_launch", "area": "checkout", "time": (START + timedelta(days=n)).strftime("%Y-%m-%dT%H:%M:%SZ")}))
                for n in range(first, last))

        def conf(self, sections=None, **keys):
            return rig.make_conf(kafka, redis, topics=(self.topic,), control=self.control, sections=sections or area(),
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


@pytest.mark.parametrize("held", [0, 60, 100, 300])
def test_a_topic_made_anew(kafka, redis, shop, held):
    """With none, fewer records, as many, and more. Accepted, it is counted from its beginning, and only then."""
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
    rig.wait_until(lambda: "halted" not in meta(redis, 1), what="that halt is forgotten, too")
    assert ctl(daemon, "accept", "all").returncode == 1
    assert daemon.term() == 0
    kafka.produce(orders(shop.topic, 2000, 2020))
    shop.read(100 + held + 20)


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


def first_from(kafka, topic, offset, group):
    """The first offset that is there from this one on."""
    done = subprocess.run([rig.program("kafka_probe"), "-b", kafka.bootstrap, "--group", group, "--topics", topic, "--offset",
                           str(offset), "--until-end"], capture_output=True, text=True, timeout=60)
    return min(int(line.split()[3]) for line in done.stdout.splitlines() if line.startswith("take "))


def test_a_compacted_record_proves_nothing(redis, names, daemons):
    """The last record read may be compacted away: its place is still there, so nothing is wrong."""
    topic, control = names("compact"), names("compact-control")
    with rig.Kafka(log_cleaner_backoff_ms=100) as kafka:
        kafka.start()
        kafka.create(f"{topic}:1,cleanup.policy=compact,segment.ms=100,min.cleanable.dirty.ratio=0.001", f"{control}:1")
        kafka.produce(orders(topic, 0, 100, 1))
        conf = rig.make_conf(kafka, redis, topics=(topic,), control=control, sections=area(), group=names("compact"))
        daemon = daemons(conf)
        wait_accepted(redis, 100, 1)
        assert daemon.term() == 0
        produced = 200
        kafka.produce(orders(topic, 100, produced, 1))

        def is_gone():
            nonlocal produced
            produced += 1
            kafka.produce(orders(topic, produced - 1, produced, 1))
            return first_from(kafka, topic, 99, names("probe")) > 99

        rig.wait_until(is_gone, 90, .5, what="the record at offset 99 is compacted away")
        daemon = daemons(conf)
        rig.wait_until(lambda: meta(redis).get(f"offset:{topic}") == str(produced), 60, what="all of it is read")
        assert daemon.metric("plateaud_shards_halted") == 0 and stored(redis, "accepted", 1) > 100


def test_a_topic_deleted_while_it_is_read(kafka, redis, shop):
    """Its partitions stop, or the group gives them away, whichever is first; when it is there again, it is another one."""
    shop.make()
    daemon = shop.start(sections=[*area(), ("kafka", {"topic.metadata.refresh.interval.ms": "500"})])
    wait_accepted(redis, 100)
    kafka.delete(shop.topic)
    rig.wait_until(lambda: daemon.metric("plateaud_shards") == daemon.metric("plateaud_shards_halted"), 60,
                   what="nothing of it is read any more")
    halted = [partition for partition in range(PARTITIONS) if meta(redis, partition).get("halt_code")]
    assert all(meta(redis, partition)["halt_code"] == f"kafka {shop.topic}" for partition in halted)
    assert ctl(daemon, "accept", "all").returncode == 1
    kafka.create(f"{shop.topic}:{PARTITIONS}")
    kafka.produce(orders(shop.topic, 500, 520))
    daemon.hup()
    for partition in range(PARTITIONS):
        wait_halted(redis, partition, f"recreated {shop.topic} 50")
    assert stored(redis, "accepted") == 100


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


# ---- keyed by user ------------------------------------------------------------------------------------------------


def keyed(topic, units, first_day, days):
    """An order of each unit on each day, its partition chosen by its key."""
    start = START + timedelta(days=first_day)
    return [record(topic, -1, f"user-{unit}", "Order Completed", start + timedelta(days=day, seconds=unit), day * units + unit)
            for day in range(days) for unit in range(units)]


def input_alerts(redis):
    return [fields for _, fields in redis.stream("plateaud:{main}:alerts") if fields["alertname"] == "InputNotKeyedByUser"]


def wait_judged_days(redis, days):
    rig.wait_until(lambda: int(meta_main(redis).get("judged_to_us", 0)) >= int((START + timedelta(days=days)).timestamp()) * 10**6,
                   60, what=f"{days} days are judged")


def meta_main(redis):
    return redis.hgetall("plateaud:{main}:meta")


def test_users_in_several_partitions(kafka, redis, names, daemons):
    """Half of the producers are Java's, half librdkafka's with its own partitioner: most users are in two partitions. Once
    all choose alike, and the days that are looked at are over, it is said that this is so."""
    topic, control = names("keyed"), names("keyed-control")
    kafka.create(f"{topic}:4", f"{control}:1")
    kafka.produce(keyed(topic, 60, 0, 2))
    conf = rig.make_conf(kafka, redis, topics=(topic,), control=control, sections=area(), group=names("keyed"),
                         forget="7d", idle_timeout="500ms")
    daemon = daemons(conf)
    channel = redis.connect()
    channel.call("SUBSCRIBE", "plateaud:main:alerts")
    wait_judged_days(redis, 1)
    assert input_alerts(redis) == [] and daemon.metric("plateaud_input_not_keyed") == 0
    kafka.produce(keyed(topic, 60, 2, 1), options=["-X", "partitioner=consistent_random"])
    rig.wait_until(lambda: input_alerts(redis), 60, what="the alert")
    alert = input_alerts(redis)[0]
    document = json.loads(alert["json"])
    assert (alert["status"], alert["severity"], alert["area"]) == ("firing", "critical", "*")
    assert json.loads(channel.read()[2]) == document
    evidence = document["data"]["evidence"]
    assert evidence["users_looked_at"] == 60 and 10 < evidence["users_in_several_partitions"] <= 60
    assert "user-" not in alert["json"] and "murmur2" in document["data"]["annotations"]["action"]
    wait_judged_days(redis, 2)
    shown = redis.hgetall("plateaud:{main}:area:checkout")
    assert (shown["verdict"], shown["reason"]) == ("NO_VERDICT", "1")
    assert daemon.metric("plateaud_input_not_keyed") == 1
    daemon.kill9()
    daemon.spawn()  # it stands, and is not said again
    kafka.produce(keyed(topic, 60, 3, 2))
    wait_judged_days(redis, 4)
    assert [fields["status"] for fields in input_alerts(redis)] == ["firing"]
    kafka.produce(keyed(topic, 60, 5, 7))
    rig.wait_until(lambda: [fields["status"] for fields in input_alerts(redis)] == ["firing", "resolved"], 60,
                   what="it is over")
    ended = json.loads(input_alerts(redis)[1]["json"])
    assert ended["data"]["fingerprint"] == document["data"]["fingerprint"] and ended["id"] != document["id"]
    assert ended["data"]["startsAt"] == document["data"]["startsAt"] and "endsAt" in ended["data"]
    rig.wait_until(lambda: redis.hgetall("plateaud:{main}:area:checkout")["reason"] != "1")
    assert daemon.metric("plateaud_input_not_keyed") == 0


def test_one_id_that_many_users_share(kafka, redis, names, daemons):
    """Keyed by user but for one id: the alert says that it is one, and never which."""
    topic, control = names("shared"), names("shared-control")
    kafka.create(f"{topic}:4", f"{control}:1")
    kafka.produce(keyed(topic, 60, 0, 2))
    kafka.produce(record(topic, partition, "guest-of-the-house", "Order Completed", START + timedelta(hours=partition),
                         10000 + partition) for partition in range(4))
    daemons(rig.make_conf(kafka, redis, topics=(topic,), control=control, sections=area(), idle_timeout="500ms"))
    rig.wait_until(lambda: input_alerts(redis), 60, what="the alert")
    rig.wait_until(lambda: json.loads(input_alerts(redis)[-1]["json"])["data"]["evidence"]["users_in_several_partitions"] == 1)
    document = json.loads(input_alerts(redis)[0]["json"])["data"]["annotations"]
    assert "one id only" in document["description"] and "placeholder" in document["description"]
    assert "guest" not in json.dumps(document)


# ---- clocks that run ahead ----------------------------------------------------------------------------------------

LOOSE = ",message.timestamp.after.max.ms=9223372036854775807"
YEAR_MS = 365 * 86400 * 1000


class Skewed(world.World):
    """A world in which one more producer sends events a year ahead: every twentieth record of every partition is followed
    by one of its, and the first one preceded."""

    def __init__(self, names, loose):
        super().__init__(seed=5, events=24_000, units=2_000, partitions=4, topics=(names("clock-a"), names("clock-b")),
                         control=names("clock-control"))
        self.loose, self.skewed = loose, 0

    def create(self, kafka):
        kafka.create(*(f"{topic}:{self.partitions}{LOOSE if self.loose else ''}" for topic in self.topics),
                     f"{self.control_topic}:1")

    def rows(self):
        for number, (topic, partition, key, time_ms, value) in enumerate(super().rows()):
            if number < 200 and number % 7 == 0 or number % 20 == 0:
                self.skewed += 1
                ahead = {**json.loads(value), "messageId": f"ahead{number}", "timestamp": world.stamp((time_ms + YEAR_MS) * 1000)}
                yield topic, partition, key, time_ms + YEAR_MS, json.dumps(ahead)
            yield topic, partition, key, time_ms, value


def rejected(redis, reason, partitions):
    return stored(redis, f"rejected:{reason}", partitions)


@pytest.mark.parametrize("accident", ["none", "kills"])
def test_one_clock_a_year_ahead(kafka, redis, names, daemons, accident):
    """On topics that bound no clock: all figures are those without these events, to the last digit, and each of these is
    counted; also when the daemon is killed while some are held."""
    made = Skewed(names, loose=True)
    made.produce(kafka)
    made.outcome = made.expected()
    conf = rig.make_conf(kafka, redis, sections=made.sections(), workers="2", control=made.control_topic,
                         group=names("clock"), idle_timeout="2s", commit_records="50")
    daemon = daemons(conf, wait=False)
    wait_log(daemon, f"event=record_times topic={made.topics[0]}")
    for _ in range(8 if accident == "kills" else 0):
        time.sleep(.4)
        daemon.kill9()
        daemon.spawn()
    check_product(redis, made)
    held = sum(int(line) for line in [daemon.metric("plateaud_events_held")])
    assert rejected(redis, "clock_ahead", made.partitions) + held == made.skewed
    assert held < 32 * 2 * made.partitions and made.skewed > 1000


def test_a_broker_that_bounds_clocks(kafka, redis, names, daemons):
    """The default of Kafka 4 (an hour): the broker itself refuses such records, and nothing is ever held."""
    made = Skewed(names, loose=False)
    made.create(kafka)
    with pytest.raises(RuntimeError, match="produce failed"):
        now = int(time.time() * 1000)
        kafka.produce([(made.topics[0], 0, "u", now + YEAR_MS, "{}")])
    daemon = daemons(rig.make_conf(kafka, redis, sections=made.sections(), control=made.control_topic, group=names("clock")))
    assert "event=record_times" not in daemon.log()


def test_a_log_that_is_ahead(kafka, redis, names, daemons):
    """A silence of a week: the 32nd record in a row shows that the log is there, and all of them count."""
    topic, control = names("silence"), names("silence-control")
    kafka.create(f"{topic}:1{LOOSE}", f"{control}:1")
    kafka.produce(orders(topic, 0, 40, 1))
    daemon = daemons(rig.make_conf(kafka, redis, topics=(topic,), control=control, sections=area(), group=names("silence")))
    wait_accepted(redis, 40, 1)
    later = [(where, 0, key, ms + 7 * 86400_000, text.replace("2026-03-02", "2026-03-09"))
             for where, _, key, ms, text in orders(topic, 100, 140, 1)]
    kafka.produce(later[:31])
    wait_metric(daemon, "plateaud_events_held", 31)
    rig.wait_until(lambda: meta(redis).get(f"offset:{topic}") == "71", what="that is stored")
    daemon.kill9()
    daemon.spawn()
    wait_metric(daemon, "plateaud_events_held", 31)
    assert stored(redis, "accepted", 1) == 40
    kafka.produce(later[31:])
    wait_accepted(redis, 80, 1)
    wait_metric(daemon, "plateaud_events_held", 0)
    assert rejected(redis, "clock_ahead", 1) == 0
