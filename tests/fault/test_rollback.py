"""Redis goes back to an older state of its own while partitions are on their way from one daemon to another. Once the two
fenced each other for ever after that: inputs that started over answered a revocation that nobody had heard of."""

import time

import loops
import rig
from test_events import accepted
from test_redis_topologies import check_alike

SEED = 5
LANES, ROUNDS = 4, 5


class RollbackLane(loops.Lane):
    """Rounds of: copy the AOF, count on, let a daemon come or go, and in the middle of that put the copy back."""

    def round(self, number, tmp):
        guest = self.daemons[1]
        copy = tmp / f"{self.name}-{number}"
        self.redis.copy_aof(copy)
        before = accepted(self.redis)
        rig.wait_until(lambda: accepted(self.redis) > before + 20, 30, .02, what="more is counted")
        known = accepted(self.redis)
        if guest.running():
            guest.signal(15)
        else:
            guest.spawn()
        time.sleep(self.random.random())
        self.redis.kill9()
        self.redis.restore_aof(copy)
        self.redis.start()
        rig.wait_until(lambda: accepted(self.redis) > known + 20, 40, .05, what="it is counted again, and more")
        if number % 2:
            rig.wait_until(lambda: not guest.running(), what="it goes")
        rig.wait_until(self.is_quiet, what="nobody takes partitions from the other any more")

    def is_quiet(self):
        """No claim is made for a while: each partition has one owner who knows."""
        def epochs():
            return [self.redis.hgetall(f"plateaud:{{main/{p}}}:meta").get("epoch") for p in range(4)]

        before = epochs()
        time.sleep(1.2)
        return epochs() == before

    def work(self):
        self.redis = rig.Redis(appendonly=True, fsync="no").start()
        self.daemons = [loops.FaultDaemon(self.conf(workers="2")) for _ in range(2)]
        for daemon in self.daemons:
            daemon.failpoint = "load.done@1:wait+250000"  # the rebalance is there, and has not been heard of
        self.daemons[0].spawn()
        rig.wait_until(lambda: accepted(self.redis) > 20, what="it counts")
        for number in range(ROUNDS):
            self.round(number, self.tmp)
            self.ends["rollback"] += 1
        for daemon in self.daemons:
            daemon.kill9()
        self.killed.set()
        self.feed.done.wait()
        self.daemons[0].failpoint = None
        self.daemons[0].set_conf(self.conf(idle_timeout="1s"))
        self.daemons[0].spawn()
        check_alike(self.redis, self.product)


def test_rolled_back_in_a_rebalance(kafka, tmp_path):
    product = loops.make_product(kafka, SEED, 10_000, "back")
    feed = loops.Feed(kafka, product, 90)
    lanes = [RollbackLane(number, kafka, product, feed, SEED, 0, True, ()) for number in range(LANES)]
    try:
        feed.start()
        for lane in lanes:
            lane.tmp = tmp_path
            lane.start()
        for lane in lanes:
            lane.killed.wait()
        feed.hurry.set()
        for lane in lanes:
            lane.join()
        loops.report(lanes)
        assert loops.totals(lanes)[0]["rollback"] == LANES * ROUNDS >= 20
    finally:
        for lane in lanes:
            lane.close()
