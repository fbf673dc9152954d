"""Killing daemons again and again while a product's records come in, then comparing every sum with the oracle.

A lane is one instance: a Redis, a consumer group, one daemon or two. Lanes read the same topics at the same time; what
they wait for is mostly the session of the member that was killed, so many of them fit on two cores. Everything random
comes from one seed.
"""

import collections
import random
import re
import threading
import time

import rig
import world
from test_redis_topologies import check_alike

# Where a daemon can be killed (util/failpoint.h), and how often a lane passes there: the largest hit that is armed.
POINTS = {"acquire.begin": 6, "acquire.sent": 6, "acquire.answered": 6, "load.record": 20, "load.done": 6, "commit.begin": 12,
          "commit.watched": 12, "commit.multi": 12, "commit.sent": 12, "commit.answered": 12, "judge.commit": 3,
          "judge.committed": 3, "delete.begin": 3, "delete.sent": 3}
SENT = ("acquire.sent", "commit.sent", "delete.sent")
FIRED = re.compile(r"event=failpoint name=(\S+)")
POINT = re.compile(r'PL_FAILPOINT\("([^"]+)"')


class FaultDaemon(rig.Daemon):
    """plateaud with failpoints; `failpoint` is what the next start arms."""

    PROGRAM = str(rig.BUILD / "tests" / "fault" / "plateaud_fault")
    failpoint = None

    def argv(self):
        return [self.PROGRAM, "-c", str(self.conf_path), *self.args]

    def env(self):
        # A machine may not have the locale; what the tests compare does not depend on it.
        return {"PATH": "/usr/bin:/bin", **({"PLATEAUD_FAILPOINT": self.failpoint} if self.failpoint else {})}


class LiveWorld(world.World):
    """A product whose records come while they are read. A topic may be behind the others by what was not yet written, so
    its quiet is borne for longer than that: then the figures are a function of the logs alone."""

    HOLD_DAYS = 2  # ahead of feeds of 120 s by some 10 s

    def rules(self):
        rules = super().rules()
        rules.hold = self.HOLD_DAYS * world.DAY
        return rules


class PatientWorld(LiveWorld):
    """Partitions of which the leader is gone get their records many seconds after the others."""

    HOLD_DAYS = 7


class Feed(threading.Thread):
    """Writes the product's records to Kafka, in the order of their times, over about `seconds`, or at once when told."""

    def __init__(self, kafka, product, seconds):
        super().__init__(daemon=True)
        self.producer = kafka.feeder()
        self.rows = list(product.rows())
        self.step = max(1, int(len(self.rows) * .05 / seconds))
        self.hurry = threading.Event()
        self.done = threading.Event()
        self.status = None

    def run(self):
        for at in range(0, len(self.rows), self.step):
            for row in self.rows[at:at + self.step]:
                self.producer.stdin.write(rig.record_line(*row))
            self.producer.stdin.flush()
            self.hurry.wait(.05)
        self.producer.stdin.close()
        self.status = self.producer.wait()
        self.producer.stdout.close()
        self.done.set()


class Lane(threading.Thread):
    """`kills` ends of daemons of one instance, then the comparison."""

    def __init__(self, number, kafka, product, feed, seed, kills, pair, points):
        super().__init__(name=f"lane-{number}", daemon=True)
        self.kafka, self.product, self.feed, self.kills, self.pair = kafka, product, feed, kills, pair
        self.random = random.Random(f"{seed}/{number}")
        self.points = list(points)
        self.group = f"{product.topics[0]}-{number}"
        self.ends = collections.Counter()
        self.rebalances = 0
        self.seconds = 0.0
        self.error = None
        self.redis, self.daemons = None, []
        self.killed = threading.Event()

    def conf(self, **keys):
        keys = {"idle_timeout": "1h", "workers": str(1 + self.random.randrange(2)), "group": self.group,
                "control": self.product.control_topic, "hold": f"{self.product.HOLD_DAYS}d", "commit_interval": "10ms", "commit_records": "20", **keys}
        kafka = {"session.timeout.ms": "1000", "heartbeat.interval.ms": "200", "max.poll.interval.ms": "10000",
                 "fetch.wait.max.ms": "20"}
        return rig.make_conf(self.kafka, self.redis, sections=[("kafka", kafka), *self.product.sections()], **keys)

    def arm(self):
        """A kill at one of the points that are left, or at any time."""
        if not self.points or self.random.random() < .2:
            return None
        point = self.points.pop()
        later = f"+{self.random.randrange(3000)}" if point in SENT else ""
        return f"{point}@{self.random.randint(1, POINTS[point])}:kill{later}"

    def launch(self, daemon):
        log = daemon.log()
        if daemon.failpoint and len(FIRED.findall(log)) == daemon.fired:
            self.points.insert(0, daemon.failpoint.split("@")[0])  # it was killed before it came there
        daemon.failpoint = self.arm()
        daemon.fired = len(FIRED.findall(log))
        daemon.marks = daemon.since_launch = log.count("event=assigned")
        begin = .3 * self.random.random() if self.random.random() < .2 else None
        daemon.limit = time.monotonic() + (3 if begin is None else begin)
        daemon.armed_kill = daemon.failpoint is not None
        daemon.spawn()

    def due(self, daemon):
        """Is it time to kill it? A while after it got partitions; one with an armed point dies by itself."""
        now = time.monotonic()
        if not daemon.armed_kill and daemon.marks is not None and daemon.log().count("event=assigned") > daemon.marks:
            daemon.marks = None
            daemon.limit = min(daemon.limit, now + .5 * self.random.random())
        return now >= daemon.limit

    def end(self, daemon):
        """Kill, or sometimes ask to go."""
        if self.random.random() < .15:
            daemon.signal(15)
            assert daemon.wait(20) in (0, -9, -15), f"exit {daemon.process.returncode}"
            self.ends["term"] += 1
        else:
            daemon.kill9()
            self.ends["kill"] += 1

    def loop(self):
        begin, turn = time.monotonic(), 0
        for daemon in self.daemons:
            self.launch(daemon)
        while self.deaths() < self.kills or (self.points and not self.feed.done.is_set()):
            time.sleep(.01)
            for daemon in self.daemons:
                if not daemon.running():
                    assert daemon.process.returncode == -9, f"exit {daemon.process.returncode}"
                    self.ends["point"] += 1
                    self.mourn(daemon)
                    self.launch(daemon)
            victim = self.daemons[turn % len(self.daemons)]
            if self.due(victim):
                self.end(victim)
                self.mourn(victim)
                self.launch(victim)
                turn += 1
        self.seconds = time.monotonic() - begin

    def mourn(self, dead):
        """Of two: partitions that it had must go to another member, the living one or its own successor."""
        if self.pair and dead.log().count("event=assigned") > dead.since_launch:
            self.rebalances += 1

    def deaths(self):
        return self.ends["kill"] + self.ends["point"]

    def work(self):
        self.redis = rig.Redis().start()
        self.daemons = [FaultDaemon(self.conf()) for _ in range(2 if self.pair else 1)]
        self.loop()
        for daemon in self.daemons:
            daemon.kill9()
        self.killed.set()
        self.feed.done.wait()
        for daemon in self.daemons:
            daemon.failpoint = None
            daemon.set_conf(self.conf(idle_timeout="1s"))
            daemon.spawn()
        check_alike(self.redis, self.product)
        for daemon in self.daemons:
            assert daemon.stop() == 0
            assert "_halted" not in daemon.log()

    def run(self):
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            self.error = error
        finally:
            self.killed.set()

    def fired(self):
        return collections.Counter(name for daemon in self.daemons for name in FIRED.findall(daemon.log()))

    def close(self):
        for process in [*self.daemons, *([self.redis] if self.redis else [])]:
            process.close()


def make_product(kafka, seed, events, name, kind=LiveWorld):
    """Topics and control records; the records of units are fed later."""
    product = kind(seed=seed, events=events, units=events // 15, partitions=4,
                          topics=(f"{name}-web", f"{name}-app"), control=f"{name}-control")
    product.create(kafka)
    kafka.produce(product.control_rows())
    product.outcome = product.expected()
    return product


def run(kafka, seed, lanes, kills, pairs, per_point, events=12_000, name="loops", seconds=120):
    """Lanes that are done, not closed. `pairs` of the lanes have two daemons; each point is armed `per_point` times."""
    product = make_product(kafka, seed, events, name)
    feed = Feed(kafka, product, seconds)
    points = [point for point in POINTS for _ in range(per_point)]
    random.Random(seed).shuffle(points)
    made = [Lane(number, kafka, product, feed, seed, kills, number < pairs, points[number::lanes])
            for number in range(lanes)]
    feed.start()
    for lane in made:
        lane.start()
    for lane in made:
        lane.killed.wait()
    assert not feed.done.is_set(), "too late for what this test is about"
    feed.hurry.set()
    feed.done.wait()
    for lane in made:
        lane.join()
    assert feed.status == 0
    return made


def totals(lanes):
    """(how daemons ended, points at which they were killed)"""
    ends, fired = collections.Counter(), collections.Counter()
    for lane in lanes:
        ends += lane.ends
        fired += lane.fired()
    return ends, fired


def report(lanes):
    """Print what was done; the first difference is raised, after the logs of its lane."""
    for lane in lanes:
        print(f"{lane.name}: {dict(lane.ends)}, {lane.rebalances} with a rebalance, {lane.seconds / max(lane.deaths(), 1):.2f} s each")
    print(*map(dict, totals(lanes)))
    for lane in lanes:
        if lane.error:
            print(*(daemon.log()[-6000:] for daemon in lane.daemons), sep="\n---\n")
            raise lane.error
