"""adapter/kafka against Apache Kafka, by way of the program kafka_probe."""

import collections
import random
import signal
import subprocess
import time

import rig

PARTITIONS = 8


class Probe(rig.Process):
    """A kafka_probe; its lines are its log."""

    name = "probe"

    def __init__(self, kafka, group, topics, *options):
        super().__init__()
        self.options = ["-b", kafka.bootstrap, "--group", group, "--topics", ",".join(topics), *options,
                        "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=300"]

    def argv(self):
        return [rig.program("kafka_probe"), *map(str, self.options)]

    def spawn(self, stdin=subprocess.PIPE):
        return super().spawn(stdin)

    def lines(self, *words):
        """The lines that begin with one of the words, split; a line that is being written does not count."""
        text = self.log()
        complete = text[:text.rfind("\n") + 1].splitlines()
        return [line.split(" ", 5) for line in complete if not words or line.split(" ", 1)[0] in words]

    def count_taken(self, topics):
        text = "\n" + self.log()
        return sum(text.count(f"\ntake {topic} ") for topic in topics)

    def owned(self):
        owned = set()
        for word, partition, *_ in self.lines("started", "stopped"):
            if word == "started":
                owned.add(int(partition))
            elif word == "stopped":
                owned.discard(int(partition))
        return owned


def fill(kafka, topic, count, start=0):
    """`count` records in each partition."""
    return kafka.produce((topic, partition, f"k{partition}", 1_600_000_000_000 + n, f"{topic}/{partition}/{n}" + "x" * 200)
                         for n in range(start, start + count) for partition in range(PARTITIONS))


def check_ownership(probe):
    """Between `started P` and `stopped P` offsets rise one by one; outside nothing of P is taken."""
    expected = {}
    for word, *rest in probe.lines("started", "stopped", "take"):
        if word in ("started", "stopped"):
            for key in [key for key in expected if key[1] == int(rest[0])]:
                del expected[key]
            if word == "started":
                expected.update({(topic, int(rest[0])): None for topic in probe.sources})
        elif word == "take" and rest[0] in probe.sources:
            key, offset = (rest[0], int(rest[1])), int(rest[2])
            assert key in expected, f"took {key} at {offset} without owning it"
            assert expected[key] in (None, offset), f"took {key} at {offset}, not {expected[key]}"
            expected[key] = offset + 1


def taken(probes, topics):
    counts = collections.Counter()
    for probe in probes:
        for _, topic, partition, offset in probe.lines("take"):
            if topic in topics:
                counts[topic, int(partition), int(offset)] += 1
    return counts


def everything(topics, count):
    return {(topic, partition, offset) for topic in topics for partition in range(PARTITIONS) for offset in range(count)}


def check_exactly_once(probes, topics, count):
    counts = taken(probes, topics)
    missing = everything(topics, count) - set(counts)
    assert not missing, f"{len(missing)} records were never taken, {sorted(missing)[:5]}"
    assert set(counts) == everything(topics, count)
    twice = [key for key, times in counts.items() if times != 1]
    assert not twice, f"{len(twice)} records were taken twice, {twice[:5]}"


def member(kafka, names, tmp_path, *options):
    topics = [names("alpha"), names("beta")]
    probe = Probe(kafka, names("group"), topics, "--control", names("control"), "--dir", tmp_path, *options)
    probe.sources = topics
    return probe


def make_topics(kafka, names):
    topics = [names("alpha"), names("beta")]
    kafka.create(*(f"{topic}:{PARTITIONS}" for topic in topics), f"{names('control')}:1")
    return topics


def all_taken(probes, topics, count):
    return lambda: sum(probe.count_taken(topics) for probe in probes) >= 2 * PARTITIONS * count


def test_members_join_and_leave_under_load(kafka, names, tmp_path):
    """Two co-partitioned topics and the control topic; members come and go while a backlog is drained and records come
    in; partitions are started late and given back late. Every record reaches exactly one owner, in order."""
    topics = make_topics(kafka, names)
    backlog, live = 8000, 400
    for topic in topics:
        fill(kafka, topic, backlog)
    kafka.produce([(names("control"), 0, None, None, f"c{n}") for n in range(50)])
    slow = ("--work", "20000", "--delay", "150", "--hold", "150")
    probes = [member(kafka, names, tmp_path, *slow).spawn() for _ in range(1)]
    rig.wait_until(lambda: len(probes[0].owned()) == PARTITIONS, 30)
    feeder = kafka.feeder(rate=4000)
    for n in range(live):
        for topic in topics:
            for partition in range(PARTITIONS):
                feeder.stdin.write(rig.record_line(topic, partition, "k", None, f"{topic}/{partition}/{backlog + n}"))
    feeder.stdin.close()

    probes.append(member(kafka, names, tmp_path, *slow).spawn())
    rig.wait_until(lambda: len(probes[1].owned()) == PARTITIONS // 2, 30)
    assert not probes[0].owned() & probes[1].owned()
    probes.append(member(kafka, names, tmp_path, *slow).spawn())
    rig.wait_until(lambda: probes[2].owned(), 30)
    assert probes[0].stop() == 0
    rig.wait_until(lambda: len(probes[1].owned() | probes[2].owned()) == PARTITIONS, 30)
    assert probes[1].stop() == 0
    rig.wait_until(lambda: len(probes[2].owned()) == PARTITIONS, 30)
    assert feeder.wait() == 0
    rig.wait_until(all_taken(probes, topics, backlog + live), 90)
    assert probes[2].stop() == 0

    check_exactly_once(probes, topics, backlog + live)
    for probe in probes:
        check_ownership(probe)
        assert probe.lines("closed") == [["closed", "clean"]]
    # Each owner of partition 0 read the control topic from its beginning.
    for probe in probes:
        offsets = [int(offset) for _, topic, _, offset in probe.lines("take") if topic == names("control")]
        assert offsets in ([], list(range(50))) or offsets[:50] == list(range(50))
    for probe in probes:
        probe.close()


def test_a_storm_of_rebalances_loses_nothing(kafka, names, tmp_path):
    """A member that comes and goes while another one drains at full speed: librdkafka pauses and flushes every queue
    at each step."""
    topics = make_topics(kafka, names)
    count = 30000
    for topic in topics:
        fill(kafka, topic, count)
    steady = member(kafka, names, tmp_path, "--work", "20000").spawn()
    guests = []
    rig.wait_until(lambda: len(steady.owned()) == PARTITIONS, 30)
    for _ in range(4):
        guest = member(kafka, names, tmp_path, "--work", "20000").spawn()
        guests.append(guest)
        rig.wait_until(lambda one=guest: one.owned(), 30)
        assert guest.stop() == 0
        rig.wait_until(lambda: len(steady.owned()) == PARTITIONS, 30)
    rig.wait_until(all_taken([steady, *guests], topics, count), 90, interval=0.5)
    assert steady.stop() == 0
    check_exactly_once([steady, *guests], topics, count)
    for probe in (steady, *guests):
        check_ownership(probe)
        probe.close()


def test_comes_and_goes_at_any_moment(kafka, names, tmp_path):
    """Ended at any moment of joining, it ends: never a crash, and the group is soon usable again."""
    topics = make_topics(kafka, names)
    for topic in topics:
        fill(kafka, topic, 10)
    dice = random.Random(7)
    for _ in range(12):
        probe = member(kafka, names, tmp_path).spawn()
        time.sleep(dice.uniform(0.0, 0.4))
        probe.signal(signal.SIGTERM)
        status = probe.wait()
        assert status in (0, 1) and probe.lines("closed"), (status, probe.log())
        probe.close()
    last = member(kafka, names, tmp_path, "--until-end").spawn()
    assert last.wait(60) == 0
    assert last.owned() == set(range(PARTITIONS))
    last.close()


def test_offset_below_the_log_fails_with_the_gap(kafka, names):
    topics = make_topics(kafka, names)
    for topic in topics:
        fill(kafka, topic, 100)
    kafka.forget(topics[1], 3, 70)
    probe = Probe(kafka, names("group"), topics, "--offset", 20, "--until-end").spawn()
    assert probe.wait(60) == 0
    (failure,) = probe.lines("failure")
    assert failure[1:5] == [topics[1], "3", "70", "100"]
    assert failure[5] == (f"{topics[1]}[3]: offset 20 is not in the log, which begins at 70 and ends at 100: "
                          "50 records are gone")
    counts = taken([probe], topics)
    assert set(counts) == {key for key in everything(topics, 100) if key[2] >= 20 and key[:2] != (topics[1], 3)}
    probe.close()


def test_offset_beyond_the_log_fails(kafka, names):
    """What a topic that was deleted and made anew looks like."""
    topics = make_topics(kafka, names)
    fill(kafka, topics[0], 50)
    fill(kafka, topics[1], 50)
    kafka.delete(topics[0])
    kafka.create(f"{topics[0]}:{PARTITIONS}")
    fill(kafka, topics[0], 5)
    probe = Probe(kafka, names("group"), topics, "--offset", 40, "--until-end").spawn()
    assert probe.wait(60) == 0
    failures = probe.lines("failure")
    assert sorted(failure[1:5] for failure in failures) == [[topics[0], str(p), "0", "5"] for p in range(PARTITIONS)]
    assert all("offset 40 is beyond the end of the log" in failure[5] for failure in failures)
    assert len(taken([probe], topics)) == PARTITIONS * 10
    probe.close()


def test_facts(kafka, names):
    kafka.create(f"{names('plain')}:3", f"{names('append')}:4,message.timestamp.type=LogAppendTime",
                 f"{names('loose')}:5,message.timestamp.after.max.ms=86400000",
                 f"{names('both')}:1,message.timestamp.type=LogAppendTime,message.timestamp.after.max.ms=86400000")
    topics = [names(text) for text in ("plain", "append", "loose", "both", "missing")]
    done = subprocess.run([rig.program("kafka_probe"), "-b", kafka.bootstrap, "--group", names("group"), "--facts",
                           "--topics", ",".join(topics)], capture_output=True, text=True, check=True)
    facts = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("facts")]
    # Kafka 4 lets a timestamp run an hour ahead unless told otherwise.
    assert facts == [[topics[0], "3", "1"], [topics[1], "4", "1"], [topics[2], "5", "0"], [topics[3], "1", "1"],
                     [topics[4], "0", "1"]]


def test_a_broker_that_dies_comes_back(own_kafka, names, tmp_path):
    topics = make_topics(own_kafka, names)
    for topic in topics:
        fill(own_kafka, topic, 500)
    probe = member(own_kafka, names, tmp_path).spawn()
    rig.wait_until(all_taken([probe], topics, 500), 60)
    own_kafka.kill9()
    rig.wait_until(lambda: any("_TRANSPORT" in " ".join(line) or "refused" in " ".join(line)
                               for line in probe.lines("problem")), 30)
    own_kafka.start()
    for topic in topics:
        fill(own_kafka, topic, 500, start=500)
    rig.wait_until(all_taken([probe], topics, 1000), 60)
    assert probe.stop() == 0
    check_exactly_once([probe], topics, 1000)
    check_ownership(probe)
    probe.close()


def test_a_frozen_member_is_told_what_it_lost(kafka, names, tmp_path):
    """Longer away than its session: the others inherit, and when it wakes it must stop everything and join again."""
    topics = make_topics(kafka, names)
    for topic in topics:
        fill(kafka, topic, 10)
    short = ("-X", "session.timeout.ms=2000", "-X", "heartbeat.interval.ms=300")
    options = ("--control", names("control"), "--dir", tmp_path)
    sleeper, other = (Probe(kafka, names("group"), topics, *options) for _ in range(2))
    for probe in (sleeper, other):
        probe.options += short
    sleeper.spawn()
    rig.wait_until(lambda: len(sleeper.owned()) == PARTITIONS, 30)
    sleeper.freeze()
    other.spawn()
    rig.wait_until(lambda: len(other.owned()) == PARTITIONS, 60)
    sleeper.thaw()
    rig.wait_until(lambda: [line for line in sleeper.lines("revoked") if line[-1] == "lost"], 30)
    rig.wait_until(lambda: sleeper.owned() and not sleeper.owned() & other.owned()
                   and len(sleeper.owned() | other.owned()) == PARTITIONS, 60)
    for probe in (sleeper, other):
        assert probe.stop() == 0
        assert probe.lines("closed") == [["closed", "clean"]]
        probe.close()


def test_the_mock_broker_serves_the_same(names):
    """mock_kafka and produce, as the demo uses them."""
    mock = subprocess.Popen([rig.program("mock_kafka"), "a:2", "b:2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
    try:
        bootstrap = mock.stdout.readline().strip()
        lines = "".join(rig.record_line(topic, n % 2, "k", 1000 + n, "v") for n in range(100) for topic in "ab")
        done = subprocess.run([rig.program("produce"), "-b", bootstrap], input=lines, capture_output=True, text=True,
                              check=True)
        assert done.stdout == "produced 200\n"
        done = subprocess.run([rig.program("kafka_probe"), "-b", bootstrap, "--group", names("group"), "--topics",
                               "a,b", "--until-end"], capture_output=True, text=True, check=True)
        takes = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("take")]
        assert sorted(takes) == sorted([topic, str(p), str(n)] for topic in "ab" for p in range(2) for n in range(50))
        mock.stdin.close()
        assert mock.wait(20) == 0
    finally:
        mock.kill()
        mock.wait()


def test_a_topic_that_vanishes_fails_and_its_successor_too(kafka, names, tmp_path):
    """Deleted while it is read: its inputs say so, the others go on. Made anew with fewer records: the position is
    beyond its end, which is said, and never is a record of the new one taken for one of the old."""
    topics = make_topics(kafka, names)
    for topic in topics:
        fill(kafka, topic, 20)
    probe = member(kafka, names, tmp_path, "-X", "topic.metadata.refresh.interval.ms=500").spawn()
    rig.wait_until(all_taken([probe], topics, 20), 60)
    kafka.delete(topics[1])
    rig.wait_until(lambda: {line[2] for line in probe.lines("failure")} == {str(p) for p in range(PARTITIONS)}, 60)
    fill(kafka, topics[0], 10, start=20)
    rig.wait_until(lambda: probe.count_taken(topics[:1]) == 30 * PARTITIONS, 60)
    kafka.create(f"{topics[1]}:{PARTITIONS}")
    fill(kafka, topics[1], 5)
    rig.wait_until(lambda: len([line for line in probe.lines("problem") if "beyond the end" in " ".join(line)])
                   == PARTITIONS, 60)
    assert {line[1] for line in probe.lines("failure")} == {topics[1]}
    assert probe.count_taken(topics[1:]) == 20 * PARTITIONS
    assert probe.stop() == 0
    probe.close()
