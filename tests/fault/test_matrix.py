"""One accident at a time, in the middle of a product's records: to Redis, to Kafka, to the connections, to the daemon. In the
end every sum, funnel and count equals the oracle's, or the daemon has said why it stopped. tests/README.md has what is elsewhere."""

import os
import pathlib
import random
import resource
import socket
import struct
import subprocess
import threading
import time

import pytest

import loops
import proxy as proxies
import rig
import world
from proxy import Proxy, is_command
from test_events import accepted, wait_in_the_middle
from test_redis_topologies import check_alike

# So slow that accidents happen in the middle; and for several of them.
SLOW = {"commit_records": "50", "commit_bytes": "250KB"}
SLOWER = {**SLOW, "commit_bytes": "64KB"}


class ProxiedKafka(rig.Kafka):
    """A broker with a second listener that is advertised as the proxy before it."""

    def __init__(self, **properties):
        super().__init__(**properties)
        outside = rig.free_port()
        self.proxy = Proxy(outside, "kafka").start()
        own = f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self.controller_port}"
        self.properties.update(listeners=f"{own},OUTSIDE://127.0.0.1:{outside}",
                               advertised_listeners=f"{own},OUTSIDE://{self.proxy.bootstrap}",
                               listener_security_protocol_map="PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,OUTSIDE:PLAINTEXT")

    def close(self):
        self.proxy.close()
        super().close()


@pytest.fixture(scope="module")
def kafka():
    with ProxiedKafka() as broker:
        yield broker.start()


@pytest.fixture(scope="module")
def product(kafka):
    made = world.World(seed=11, events=8000, units=500, partitions=4, topics=("m-web", "m-app"), control="m-control")
    made.produce(kafka)
    made.outcome = made.expected()
    return made


@pytest.fixture(autouse=True)
def healed(kafka):
    yield
    kafka.proxy.heal()
    kafka.proxy.cut_all()


@pytest.fixture
def between(redis):
    """The proxy before Redis."""
    made = Proxy(redis.port, "resp").start()
    yield made
    made.close()


@pytest.fixture
def conf(kafka, redis, product, names):
    group = names("group")

    def make(via=None, broker=None, timeout="1s", kafka_keys=None, **keys):
        keys = {"idle_timeout": "1s", "workers": "2", "group": group, "control": product.control_topic, **keys}
        group_keys = {"session.timeout.ms": "2000", "heartbeat.interval.ms": "200", "max.poll.interval.ms": "10000",
                      "fetch.wait.max.ms": "20", "reconnect.backoff.max.ms": "500", **(kafka_keys or {})}
        return rig.make_conf(broker or kafka, via or redis, sections=[
            ("redis", {"timeout": timeout}), ("kafka", group_keys), *product.sections()], **keys)

    return make


def finish(redis, product, *daemons):
    check_alike(redis, product)
    for daemon in daemons:
        assert daemon.running() and "_halted" not in daemon.log(), daemon.log()[-3000:]


def in_turn(redis, product, accidents):
    """Each of the accidents when some more has been counted, and less than all of it."""
    for number, accident in enumerate(accidents):
        wait_in_the_middle(redis, product, .05 + .8 * number / len(accidents))
        accident()


# ---- between the daemon and Redis ----


def test_commit_that_arrives_after_another_acquired(redis, between, conf, product, daemons):
    """An EXEC is kept on its way; another daemon takes the partitions and commits; the EXEC arrives: it changes nothing."""
    seen, late = [], threading.Event()

    def keep(side, frame, pair):
        if side == "in" and is_command(frame, "EXEC"):
            seen.append(frame)
            return late if len(seen) == 30 else None
        return None

    between.hook = keep
    first = daemons(conf(between, timeout="20s", **SLOW), wait=False)
    rig.wait_until(lambda: between.counts["kept"], what="a commit is on its way")
    first.freeze()
    second = daemons(conf(**SLOW), wait=False)
    before = accepted(redis)
    rig.wait_until(lambda: accepted(redis) > before + 500, what="the other one commits")
    second.freeze()
    time.sleep(.2)
    state = {key: redis.call("DUMP", key, raw=True) for key in redis.keys("plateaud:*")}
    passed = between.counts["frames", "in"], between.counts["frames", "out"]
    late.set()
    rig.wait_until(lambda: between.counts["frames", "in"] > passed[0] and between.counts["frames", "out"] > passed[1],
                   what="it has arrived, and was answered")
    assert {key: redis.call("DUMP", key, raw=True) for key in redis.keys("plateaud:*")} == state
    first.thaw()
    second.thaw()
    finish(redis, product, first, second)


def test_two_owners_of_everything(redis, conf, product, daemons):
    """By mistake two daemons run with the same instance and different groups: each takes every partition from the other."""
    first = daemons(conf(**SLOWER), wait=False)
    second = daemons(conf(group="another", **SLOWER), wait=False)
    rig.wait_until(lambda: first.metric("plateaud_fenced_total") + second.metric("plateaud_fenced_total") > 2,
                   what="they fence each other")
    second.kill9()
    finish(redis, product, first)


def test_lost_replies(redis, between, conf, product, daemons):
    """One in seven transactions: the connection ends before it is carried out, or after, before the answer."""
    dice = random.Random(1)

    def hook(side, frame, pair):
        if side == "in" and is_command(frame, "EXEC") and dice.random() < .2:
            return dice.choice(["cut", "cut after"])
        return None

    between.hook = hook
    daemon = daemons(conf(between, **SLOW), wait=False)
    rig.wait_until(lambda: between.counts["cuts"] > 12 or judged(redis, product), 60, what="connections are cut")
    between.heal()
    finish(redis, product, daemon)
    assert between.counts["cuts"] > 5


def test_cut_anywhere(redis, between, conf, product, daemons):
    """After any number of bytes of either direction."""
    dice = random.Random(2)
    daemon = daemons(conf(between, **SLOW), wait=False)
    for _ in range(12):
        side = dice.choice(["in", "out"])
        before = between.counts["cuts"]
        between.cut_after[side] = int(10 ** dice.uniform(0, 4.3))
        rig.wait_until(lambda: between.counts["cuts"] > before or judged(redis, product), 20, .01, what="it is cut")
    between.heal()
    finish(redis, product, daemon)
    assert between.counts["cuts"] > 5


def judged(redis, product):
    return int(redis.hgetall("plateaud:{main}:meta").get("judged_to_us", "-1")) >= product.outcome[1]


def test_answers_that_are_none(redis, between, conf, product, daemons):
    """Bytes that are no RESP, sizes that nobody can hold, an answer to a question that was not asked."""
    def give(answer):
        sent = []

        def hook(side, frame, pair):
            if side == "out" and not sent:
                sent.append(answer)
                return answer
            return None

        between.hook = hook
        rig.wait_until(lambda: sent, what="it was sent")
        between.heal()

    daemon = daemons(conf(between, **SLOWER), wait=False)
    answers = [b"\x00\xff\x17garbage\r\n", b"*1000000000\r\n", b"$2147483648\r\nx", b"*-7\r\n", b"$-2\r\n"]
    in_turn(redis, product, [lambda one=answer: give(one) for answer in answers])
    finish(redis, product, daemon)
    assert daemon.log().count("event=redis_down") >= len(answers), "each costs a connection, and no more"
    assert int(pathlib.Path(f"/proc/{daemon.pid}/statm").read_text().split()[1]) * 4096 < 300 << 20


def test_answer_of_another_shape(redis, between, conf, product, daemons):
    """Well formed, and not what can be answered there: nobody knows what was carried out. It stops and says so, or settles it;
    read again, all is well."""
    daemon = daemons(conf(between, **SLOW), wait=False)
    wait_in_the_middle(redis, product)
    left = [20]

    def hook(side, frame, pair):
        if side == "out" and left[0] > 0:
            left[0] -= 1
            return b"+OK\r\n"
        return None

    between.hook = hook
    rig.wait_until(lambda: left[0] == 0 or "_halted" in daemon.log(), what="it was said, or was enough")
    between.heal()
    time.sleep(.5)
    assert daemon.running()
    daemon.kill9()
    finish(redis, product, daemons(conf(), wait=False))


def test_slow_and_silent(redis, between, conf, product, daemons):
    """A line with latency, a narrow one, one that is silent without being closed; a Redis that pauses, that stands still, that
    refuses connections."""
    daemon = daemons(conf(between, **SLOWER), wait=False)

    def until_given_up(times=1):
        before = daemon.log().count("event=redis_down")
        rig.wait_until(lambda: daemon.log().count("event=redis_down") >= before + times, what="it gives the connection up")

    def latency():
        between.latency = .02
        time.sleep(1)
        between.heal()

    def narrow():
        between.bandwidth = 100_000
        time.sleep(1)
        between.heal()

    def silent():
        between.freeze()
        until_given_up()
        between.thaw()

    def pause():
        redis.call("CLIENT", "PAUSE", 1500, "ALL")
        until_given_up()

    def stopped():
        redis.freeze()
        until_given_up()
        redis.thaw()

    def refused():
        between.refuse = True
        between.cut_all()
        until_given_up(4)
        between.heal()

    in_turn(redis, product, [latency, narrow, silent, pause, stopped, refused])
    finish(redis, product, daemon)


def test_refused_by_redis(redis, between, conf, product, daemons):
    """Redis does not take commits for a while (OOM, NOREPLICAS, READONLY, BUSY): nothing is lost, and it goes on when it does."""
    daemon = daemons(conf(between, **SLOWER), wait=False)

    def refuse(on, off):
        redis.call(*on)
        time.sleep(.3)
        held = accepted(redis)
        time.sleep(.7)
        assert accepted(redis) == held < product.outcome[2]["accepted"]
        redis.call(*off)

    def busy():
        redis.call("CONFIG", "SET", "busy-reply-threshold", 50)
        script = redis.connect(60)
        script.send("EVAL", "local n = 0 while true do n = n + 1 end", 0)
        time.sleep(.7)
        assert "BUSY" in refusal(redis)
        redis.call("SCRIPT", "KILL")
        script.close()

    in_turn(redis, product, [
        lambda: refuse(("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        lambda: refuse(("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
        lambda: refuse(("REPLICAOF", "127.0.0.1", rig.free_port()), ("REPLICAOF", "NO", "ONE")),
        busy])
    finish(redis, product, daemon)


def test_disk_of_redis_is_full(conf, product, daemons, kafka, names, tmp_path):
    """The append-only file cannot be written: commits are refused (MISCONF) until there is room again."""
    class OnTmpfs(rig.Redis):
        """In a mount namespace of its own, with a small file system for its files: as root."""

        def argv(self):
            own = subprocess.list2cmdline(super().argv())
            return ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size=1m none {self.dir} && cd {self.dir} && exec {own}"]

    with OnTmpfs(appendonly=True, fsync="everysec") as redis:
        redis.start()
        filler = redis.connect()
        daemon = daemons(conf(redis, **SLOW), wait=False)
        rig.wait_until(lambda: "MISCONF" in refusal(filler), 60, what="the disk is full")
        held = accepted(redis)
        time.sleep(.5)
        assert accepted(redis) == held < product.outcome[2]["accepted"]
        subprocess.run(["nsenter", "-t", str(redis.pid), "-m", "mount", "-o", "remount,size=200m", str(redis.dir)], check=True)
        finish(redis, product, daemon)
        filler.close()


def refusal(client):
    try:
        client.call("SET", "filler", "x" * 100_000)
        return ""
    except rig.RespError as error:
        return str(error)


def test_state_that_is_gone(redis, conf, product, daemons):
    """FLUSHALL: it stops and says so, and counts from the beginning when it is started again."""
    daemon = daemons(conf(**SLOW), wait=False)
    wait_in_the_middle(redis, product)
    redis.call("FLUSHALL")
    rig.wait_until(lambda: "in Redis is gone (flushed?)" in daemon.log(), what="it says so")
    rig.wait_until(lambda: daemon.metric("plateaud_shards_halted") + daemon.metric("plateaud_evaluator_halted") > 0)
    time.sleep(.5)
    assert accepted(redis) == 0
    daemon.kill9()
    again = daemons(conf())
    finish(redis, product, again)


def test_state_that_cannot_be(redis, conf, product, daemons):
    """Somebody else wrote into the state of one partition: that one halts and says why, and nothing of it is written over; the
    others go on."""
    daemon = daemons(conf(), wait=False)
    check_alike(redis, product)
    daemon.stop()
    for field, value, said in [("schema", "2", "run the newer plateaud"), ("epoch", str((1 << 63) - 1), "overflow"),
                               ("seq", "many", "no number"), ("offset:m-web", "-7", "no number"), (None, None, "WRONGTYPE")]:
        kept = {key: redis.call("DUMP", key, raw=True) for key in redis.keys("plateaud:{main/2}:*")}
        if field:
            redis.call("HSET", "plateaud:{main/2}:meta", field, value)
        else:
            redis.call("DEL", "plateaud:{main/2}:front")
            redis.call("SET", "plateaud:{main/2}:front", "x")
        daemon = daemons(conf(), wait=False)
        rig.wait_until(lambda: daemon.metric("plateaud_shards_halted") == 1 and daemon.metric("plateaud_shards") == 4,
                       what="one is halted")
        assert said in daemon.log(), daemon.log()[-1500:]
        daemon.kill9()
        for key, dump in kept.items():
            if key not in ("plateaud:{main/2}:meta", "plateaud:{main/2}:front"):
                assert redis.call("DUMP", key, raw=True) == dump, key
            redis.call("RESTORE", key, 0, dump, "REPLACE")
    finish(redis, product, daemons(conf(), wait=False))


def test_many_old_sums(redis, conf, product, daemons):
    """Sums that were replaced and never deleted, as when deletions are lost with a master again and again: they do not stop the
    evaluator."""
    daemon = daemons(conf(), wait=False)
    check_alike(redis, product)
    daemon.stop()
    key = "plateaud:{main/1}:sums"
    flat = redis.call("HGETALL", key, raw=True)
    tick, value = int(flat[0]), flat[1]
    for number in range(1, 1001):
        redis.call("HSET", key, tick - number * world.count.HOUR, value)
    daemon = daemons(conf(), wait=False)
    rig.wait_until(lambda: daemon.metric("plateaud_evaluator") == 1 and redis.call("HLEN", key) < 1001,
                   what="it runs, and deletes them")
    finish(redis, product, daemon)


# ---- between the daemon and Kafka ----


def test_line_to_kafka(redis, kafka, daemons):
    """The same for the line to the broker, and a broker that stands still, or is killed; records come in all the time."""
    live = loops.make_product(kafka, 13, 8000, "line", loops.PatientWorld)
    feed = loops.Feed(kafka, live, 60)
    lane = loops.Lane(0, kafka, live, feed, 13, 0, False, ())
    lane.redis = redis
    daemon = daemons(lane.conf().replace(kafka.bootstrap, kafka.proxy.bootstrap), wait=False)
    feed.start()

    def latency():
        kafka.proxy.latency = .1
        time.sleep(1)

    def narrow():
        kafka.proxy.bandwidth = 100_000
        time.sleep(1)

    def silent():
        kafka.proxy.freeze()
        time.sleep(2.5)

    def stopped():
        kafka.freeze()
        time.sleep(2.5)
        kafka.thaw()

    def killed():
        kafka.kill9()
        time.sleep(1)
        kafka.start()

    def refused():
        kafka.proxy.refuse = True
        kafka.proxy.cut_all()
        time.sleep(1)

    def cut():
        dice = random.Random(4)
        for _ in range(12):
            kafka.proxy.cut_after[dice.choice(["in", "out"])] = int(10 ** dice.uniform(0, 4))
            time.sleep(.1)

    cuts = kafka.proxy.counts["cuts"]
    for accident in (lambda: None, latency, narrow, silent, stopped, killed, refused, cut):
        accident()
        kafka.proxy.heal()
        before = accepted(redis)
        rig.wait_until(lambda: accepted(redis) > before + 50, 60, what="counting goes on")
    assert kafka.proxy.counts["cuts"] > cuts
    assert not feed.done.is_set(), "too late for what this test is about"
    daemon.kill9()
    feed.hurry.set()
    feed.done.wait()
    daemon.set_conf(lane.conf(idle_timeout="1s"))
    daemon.spawn()
    finish(redis, live, daemon)


def test_frames_that_are_none(redis, kafka, conf, product, daemons):
    """Lengths beyond all bounds, answers that nobody asked for, another protocol."""
    daemon = daemons(conf(broker=kafka.proxy, kafka_keys={"socket.timeout.ms": "1000"}, **SLOWER), wait=False)

    def give(answer):
        left = [3]

        def hook(side, frame, pair):
            if side == "out" and left[0] > 0:
                left[0] -= 1
                return answer
            return None

        kafka.proxy.hook = hook
        rig.wait_until(lambda: left[0] == 0, what="it was sent")
        kafka.proxy.heal()

    answers = [b"\x7f\xff\xff\xff" + b"x" * 100, b"\x00\x00\x00\x02xx", b"HTTP/1.1 400 Bad Request\r\n\r\n"]
    in_turn(redis, product, [lambda one=answer: give(one) for answer in answers])
    finish(redis, product, daemon)


def answers_to(key):
    """(a hook's way to know answers to requests of one kind) note(side, frame, pair) -> is it such an answer?"""
    asked = {}

    def note(side, frame, pair):
        if side == "in":
            if proxies.api_key(frame) == key:
                asked.setdefault(pair, set()).add(frame[8:12])
            return False
        return frame[4:8] in asked.get(pair, ())

    return note


def test_coordinator_says_no(redis, kafka, conf, product, daemons):
    """Heartbeats are answered: coordinator not available, not the coordinator, illegal generation, unknown member, rebalance
    in progress."""
    is_answer, codes = answers_to(proxies.HEARTBEAT), [15, 16, 22, 25, 27]

    def hook(side, frame, pair):
        if is_answer(side, frame, pair) and codes:
            return frame[:12] + struct.pack(">h", codes.pop()) + frame[14:]
        return None

    kafka.proxy.hook = hook
    daemon = daemons(conf(broker=kafka.proxy, **SLOWER), wait=False)
    rig.wait_until(lambda: not codes, 60, what="all was said")
    finish(redis, product, daemon)


@pytest.mark.parametrize("what", [b'"revenue"', b'"lifecycle"'], ids=["events", "control"])
def test_a_batch_with_a_flipped_bit(redis, kafka, conf, product, daemons, what):
    """One bit of a record is not what it was: the checksum says so, and the partition halts, or all when it is a control
    record; nothing of it, and nothing behind it, is counted. Read again, all is well."""
    is_answer, flipped = answers_to(proxies.FETCH), []

    def hook(side, frame, pair):
        at = frame.find(what)
        if is_answer(side, frame, pair) and at > 0 and not flipped:
            flipped.append(at)
            return frame[:at + 3] + bytes([frame[at + 3] ^ 4]) + frame[at + 4:]
        return None

    kafka.proxy.hook = hook
    daemon = daemons(conf(broker=kafka.proxy, **SLOW), wait=False)
    rig.wait_until(lambda: "event=shard_halted" in daemon.log(), what="it halts")
    assert "CRC" in daemon.log()
    daemon.kill9()
    again = daemons(conf())
    finish(redis, product, again)


# ---- the daemon itself ----


def test_frozen_beyond_its_session(redis, conf, product, daemons):
    """It wakes when another one has its partitions: what it still holds is refused."""
    first = daemons(conf(**SLOW), wait=False)
    wait_in_the_middle(redis, product)
    first.freeze()
    second = daemons(conf(**SLOW), wait=False)
    before = accepted(redis)
    rig.wait_until(lambda: accepted(redis) > before + 300, 30, what="the other one goes on")
    first.thaw()
    finish(redis, product, first, second)


def test_asked_to_end_while_redis_is_away(redis, conf, product, daemons):
    """Nothing to wait for: it ends soon, in order; the next one replays."""
    daemon = daemons(conf(**SLOW), wait=False)
    wait_in_the_middle(redis, product)
    redis.kill9()
    rig.wait_until(lambda: "event=redis_down" in daemon.log())
    assert daemon.stop() == 0
    redis.start()
    finish(redis, product, daemons(conf()))


def test_out_of_memory(redis, conf, product, daemons):
    """No more address space, at several sizes: whatever becomes of the process, what it stored is whole."""
    for megabytes in (0, 2):
        daemon = daemons(conf(**SLOW), wait=False)
        rig.wait_until(lambda: "event=assigned" in daemon.log(), what="it works")
        used = int(pathlib.Path(f"/proc/{daemon.pid}/statm").read_text().split()[0]) * 4096
        limit = used + (megabytes << 20)
        resource.prlimit(daemon.pid, resource.RLIMIT_AS, (limit, limit))
        time.sleep(1)
        daemon.kill9()
    finish(redis, product, daemons(conf()))


def test_few_file_descriptors(redis, conf, product, daemons):
    """With no descriptor left over strangers on the HTTP port cost nothing but themselves: no spinning, and Redis is found again."""
    daemon = daemons(conf(**SLOW))
    used = max(map(int, os.listdir(f"/proc/{daemon.pid}/fd")))
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (used + 1, used + 1))
    host, port = daemon.http.rsplit(":", 1)
    strangers = [socket.create_connection((host, int(port))) for _ in range(30)]
    wait_in_the_middle(redis, product)
    redis.kill9()
    redis.start()
    check_alike(redis, product)
    before = cpu_seconds(daemon)
    time.sleep(2)
    assert cpu_seconds(daemon) - before < 1, "it spins"
    for stranger in strangers:
        stranger.close()
    finish(redis, product, daemon)


def cpu_seconds(daemon):
    fields = pathlib.Path(f"/proc/{daemon.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class RefusedDaemon(loops.FaultDaemon):
    """Nobody dies: what it wanted at a point is refused, again and again."""

    points = ("acquire.answered@3", "load.done@3", "commit.watched@3", "commit.sent@4", "judge.commit@2", "delete.sent@2")

    def spawn(self, stdin=subprocess.DEVNULL):
        self.failpoint, self.points = self.points[0] + ":error", self.points[1:]
        return super().spawn(stdin)


def test_connections_that_end_at_a_point(redis, conf, product, daemons):
    """The connection ends at every few passages of a point, and the daemon lives: one point, then the next."""
    daemon = daemons(conf(**SLOWER), wait=False, make=RefusedDaemon)
    for number in range(len(RefusedDaemon.points)):
        rig.wait_until(lambda: len(loops.FIRED.findall(daemon.log())) > number, what="it was refused")
        wait_in_the_middle(redis, product, .1 + .1 * number)
        daemon.kill9()
        if daemon.points:
            daemon.spawn()
    finish(redis, product, daemons(conf()))


class PipedDaemon(loops.FaultDaemon):
    """Its log goes into a pipe that nobody reads."""

    def spawn(self, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen(self.argv(), stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.dir,
                                        env=self.env(), preexec_fn=rig.die_with_parent)
        os.set_blocking(self.process.stdout.fileno(), False)
        filler = os.open(f"/proc/{os.getpid()}/fd/{self.process.stdout.fileno()}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            while os.write(filler, b"x" * 4096):
                pass
        except BlockingIOError:
            pass
        os.close(filler)
        return self


@pytest.mark.parametrize("closed", [False, True], ids=["full", "closed"])
def test_nobody_reads_the_log(redis, conf, product, daemons, closed):
    """A journal that hangs, or is gone: lines are lost, work goes on."""
    daemon = daemons(conf(log_level="debug", **SLOW), wait=False, make=PipedDaemon)
    if closed:
        wait_in_the_middle(redis, product)
        daemon.process.stdout.close()
    check_alike(redis, product)
    assert daemon.running() and daemon.metric("plateaud_shards_halted") == 0
    assert daemon.stop() == 0


class FakedDaemon(loops.FaultDaemon):
    """Its wall clock is what a file says (wall_clock.c)."""

    def env(self):
        return {**super().env(), "LD_PRELOAD": str(rig.BUILD / "tests" / "fault" / "libwall_clock.so"),
                "WALL_CLOCK": str(self.dir / "clock")}

    def jump(self, seconds, at=0):
        with open(self.dir / "clock", "r+b" if (self.dir / "clock").exists() else "wb") as file:
            file.write(struct.pack("@qq", seconds * world.US, at * world.US))

    def spawn(self, stdin=subprocess.DEVNULL):
        self.jump(0)
        return super().spawn(stdin)


def test_wall_clock_jumps(redis, conf, product, daemons):
    """An hour ahead, an hour back, ten years, to 1970, and it stands still: no figure moves."""
    daemon = daemons(conf(**SLOWER), wait=False, make=FakedDaemon)
    jumps = ((3600,), (-3600,), (315_360_000,), (0, 100), (0, 4_000_000_000))
    in_turn(redis, product, [lambda one=jump: daemon.jump(*one) for jump in jumps])
    finish(redis, product, daemon)


def test_positions_in_the_control_topic_differ(redis, conf, product, daemons):
    """Partitions of one worker that want the control records from different offsets, one after the other, before Kafka has told
    of the topic: the input starts over, and its records come where they should."""
    daemon = daemons(conf(), wait=False)
    check_alike(redis, product)
    daemon.stop()
    for partition, offset in enumerate((5, 3, 1, 0)):
        redis.call("HSET", f"plateaud:{{main/{partition}}}:meta", "control", offset)
    daemon = daemons(conf(workers="1"))
    rig.wait_until(lambda: all(redis.hgetall(f"plateaud:{{main/{p}}}:meta")["control"] == "5" for p in range(4)),
                   what="all have read it to its end")
    assert "event=kafka_problem" not in daemon.log()
