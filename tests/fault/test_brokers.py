"""Three brokers that replicate, and die, freeze and go in turn, while two daemons count: leaders and coordinators move, replicas
fall behind and catch up, two are gone at once. In the end every figure equals the oracle's."""

import subprocess
import time

import pytest

import loops
import rig
from test_events import accepted, check_counts, wait_judged
from test_redis_topologies import check_alike

HEAP = "256m"


class Broker(rig.Kafka):
    """One of three; each is a controller too."""

    def __init__(self, number):
        super().__init__(heap=HEAP)
        self.number = number

    def join(self, brokers, cluster):
        self.cluster = cluster
        voters = ",".join(f"{one.number}@127.0.0.1:{one.controller_port}" for one in brokers)
        self.properties.update({
            "node.id": self.number, "controller.quorum.voters": voters, "default.replication.factor": 3,
            "min.insync.replicas": 2, "offsets.topic.replication.factor": 3, "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500, "replica.lag.time.max.ms": 3000,
            "log.cleaner.dedupe.buffer.size": 16 << 20, "leader.imbalance.check.interval.seconds": 2, "controlled.shutdown.enable": "true"})

    def server_properties(self):
        return "".join(line + "\n" for line in super().server_properties().splitlines() if "bootstrap.servers" not in line)

    def spawn(self, stdin=subprocess.DEVNULL):
        conf = self.dir / "server.properties"
        if not conf.exists():
            conf.write_text(self.server_properties())
            subprocess.run([*self.java("128m", "kafka.tools.StorageTool"), "format", "-t", self.cluster, "-c", str(conf)],
                           check=True, capture_output=True)
        return super().spawn(stdin)

    def resident_mb(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) // 1024


class Brokers:
    """What rig.make_conf and the feed ask of a broker, of three."""

    def __init__(self):
        self.all = [Broker(number) for number in (1, 2, 3)]
        done = subprocess.run([*self.all[0].java("128m", "kafka.tools.StorageTool"), "random-uuid"], check=True,
                              capture_output=True, text=True)
        for broker in self.all:
            broker.join(self.all, done.stdout.split()[-1])

    @property
    def bootstrap(self):
        return ",".join(broker.bootstrap for broker in self.all)

    def start(self):
        for broker in self.all:
            broker.spawn()
        for broker in self.all:
            broker.wait_ready()
        return self

    create, produce, _produce, _run_produce, feeder = (
        rig.Kafka.create, rig.Kafka.produce, rig.Kafka._produce, rig.Kafka._run_produce, rig.Kafka.feeder)

    def close(self):
        for broker in self.all:
            broker.close()


@pytest.fixture
def brokers():
    made = Brokers()
    try:
        yield made.start()
    finally:
        made.close()


def test_brokers_go_in_turn(brokers, daemons):
    print("resident MB:", *(broker.resident_mb() for broker in brokers.all))
    product = loops.make_product(brokers, 3, 10_000, "three", loops.PatientWorld)
    feed = loops.Feed(brokers, product, 100)
    lane = loops.Lane(0, brokers, product, feed, 3, 0, True, ())
    with rig.Redis() as redis:
        lane.redis = redis.start()
        first, second = (daemons(lane.conf(), wait=False) for _ in range(2))
        feed.start()

        def goes_on(what):
            before = accepted(redis)
            rig.wait_until(lambda: accepted(redis) > before + 50, 60, what=f"counting goes on when {what}")

        goes_on("all is well")
        one, two, three = brokers.all
        one.kill9()
        goes_on("a broker was killed")
        one.start()
        two.freeze()
        time.sleep(4)
        goes_on("a broker is frozen, beyond its session")
        two.thaw()
        three.kill9()
        one.kill9()
        time.sleep(1)
        one.start()
        three.start()
        goes_on("two were gone and are back")
        for daemon in (first, second):
            daemon.kill9()
        feed.hurry.set()
        feed.done.wait()
        assert feed.status == 0
        for daemon in (first, second):
            daemon.set_conf(lane.conf(idle_timeout="15s"))  # leaders still move back: that is no quiet topic
            daemon.spawn()
        wait_judged(redis, product.outcome[1])
        check_counts(redis, product, product.outcome[2])
        check_alike(redis, product)
        assert "_halted" not in first.log() + second.log()
