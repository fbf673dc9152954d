"""The product of test_events.py, smaller, behind Sentinels and on a cluster: sums, funnels and counts equal the oracle's,
also when slots move, masters die, and a replica that lost the last writes takes over."""

import os
import subprocess

import pytest

import rig
import world
from test_events import check, wait_in_the_middle

EVENTS = int(os.environ.get("PLATEAUD_EVENTS", "10000"))


@pytest.fixture(scope="module")
def product(kafka):
    """Produced whole before anybody reads, as in test_events.py."""
    made = world.World(seed=7, events=EVENTS, units=EVENTS // 15, topics=("places-web", "places-app"),
                       control="places-control")
    made.produce(kafka)
    made.outcome = made.expected()
    return made


@pytest.fixture(scope="module")
def whole_cluster():
    nodes = rig.Cluster()
    try:
        yield nodes.start()
    finally:
        nodes.close()


@pytest.fixture
def cluster(whole_cluster):
    """The cluster, empty; dead nodes are back and every master has a replica."""
    for node in whole_cluster.nodes:
        if not node.running():
            node.start()
    whole_cluster.wait_whole()
    whole_cluster.empty()
    return whole_cluster


@pytest.fixture
def replicated():
    servers = rig.Replicated()
    try:
        yield servers.start()
    finally:
        servers.close()


@pytest.fixture
def conf(kafka, product, names):
    group = names("group")

    def make(redis, **keys):
        keys = {"idle_timeout": "2s", "workers": "2", "group": group, "control": product.control_topic, **keys}
        return rig.make_conf(kafka, redis, sections=[("redis", {"timeout": "1s"}), *product.sections()], **keys)

    return make


# So slow that accidents happen in the middle.
SLOW = {"commit_records": "50", "commit_bytes": "150KB"}


def check_alike(redis, product):
    """Besides the sums: each experiment entered once, and no alert was told twice."""
    check(redis, product, 60)
    entered = [row["experiment"] for _, row in redis.stream("plateaud:{main}:results") if row["kind"] == "result"]
    assert sorted(entered) == [f"cart_{number}" for number in range(6)]
    alerts = [row["id"] for _, row in redis.stream("plateaud:{main}:alerts")]
    assert len(alerts) == len(set(alerts))


def judged_us(redis):
    return int(redis.hgetall("plateaud:{main}:meta").get("judged_to_us", "-1"))


def wait_judged_on(redis, hours=48):
    """Until some more ticks are judged; each of them deletes sums that it replaced."""
    goal = max(judged_us(redis), world.START) + hours * world.count.HOUR
    rig.wait_until(lambda: judged_us(redis) >= goal, 60, .02, what="ticks are judged")


# ---- cluster ----


def test_cluster_while_slots_move(cluster, product, conf, daemons):
    """The slots of a shard and of the results go to another node and come back; then a replica takes over from a master
    that lives on."""
    daemon = daemons(conf(cluster, **SLOW), wait=False)
    wait_in_the_middle(cluster, product)
    for key in ("plateaud:{main/3}:meta", "plateaud:{main}:meta"):
        source = cluster.owner(key)
        cluster.move(key, next(node for node in cluster.masters() if node is not source))
        assert cluster.owner(key) is not source
        wait_judged_on(cluster, 2)
        cluster.move(key, source)
    replica = cluster.masters()[cluster.owner("plateaud:{main}:meta")][0]
    assert replica.call("CLUSTER", "FAILOVER") == "OK"
    rig.wait_until(lambda: cluster.owner("plateaud:{main}:meta") is replica, what="the replica has taken over")
    check_alike(cluster, product)
    assert daemon.metric("plateaud_redis_redirects_total") > 0
    assert daemon.metric("plateaud_redis_changes_total") > 0
    assert daemon.metric("plateaud_judged_gaps_total") == 0
    assert daemon.term() == 0
    assert "_halted" not in daemon.log()


def run_ctl(daemon, *args):
    return subprocess.run([rig.program("plateauctl"), *args, "-c", str(daemon.conf_path)], capture_output=True, text=True,
                          timeout=30)


def test_cluster_failover(cluster, product, conf, daemons):
    """The master of the results and of some shards dies and its replica takes over, while one of two daemons dies too. In
    the end people ask what became of it."""
    daemon = daemons(conf(cluster, **SLOW), wait=False)
    other = daemons(conf(cluster, **SLOW), wait=False)
    wait_in_the_middle(cluster, product)
    master = cluster.owner("plateaud:{main}:meta")
    master.kill9()
    other.kill9()
    rig.wait_until(lambda: cluster.owner("plateaud:{main}:meta") is not master, what="the replica has taken over")
    check_alike(cluster, product)
    assert daemon.running() and "_halted" not in daemon.log()
    for command in (["status"], ["explain", "checkout"], ["test-alert", "checkout"], ["alerts"]):
        done = run_ctl(daemon, *command)
        assert done.returncode == 0, (command, done)


@pytest.mark.parametrize("lost", ["main", "main/0"])
def test_cluster_replica_that_lost_the_tail(cluster, product, conf, daemons, lost):
    """A replica that has been away takes over from a dead master: what that had on its slots since is gone, while other
    nodes keep theirs."""
    key = f"plateaud:{{{lost}}}:meta"
    daemon = daemons(conf(cluster, **SLOW), wait=False)
    wait_judged_on(cluster, 12)
    master = cluster.owner(key)
    replica = cluster.masters()[master][0]
    replica.kill9()
    kept = max(int(cluster.hgetall(f"plateaud:{{main/{p}}}:meta").get("complete_to", 0)) for p in range(8))
    rig.wait_until(lambda: judged_us(cluster) > kept, 60, .02, what="more is judged than the replica has of any shard")
    master.kill9()
    replica.start()
    rig.wait_until(lambda: replica.call("CLUSTER", "FAILOVER", "TAKEOVER") == "OK")
    rig.wait_until(lambda: cluster.owner(key) is replica, what="the replica has taken over")
    check_alike(cluster, product)
    assert daemon.running() and "_halted" not in daemon.log()
    if lost == "main":
        assert daemon.metric("plateaud_judged_gaps_total") >= 1, "nothing was lost: the test has not tested it"


def test_plain_url_of_a_node(cluster, product, conf, daemons):
    """It says what to write instead."""
    daemon = daemons(conf(cluster.nodes[0]), wait=False)
    rig.wait_until(lambda: "write url = redis+cluster://" in daemon.log(), what="it is said")
    assert daemon.get("/-/ready")[0] == 503


# ---- Sentinel ----


@pytest.mark.parametrize("how", ["is told to go", "dies"])
def test_sentinel(replicated, product, conf, daemons, how):
    """The master is demoted by hand, or dies when its replica is behind."""
    daemon = daemons(conf(replicated, **SLOW), wait=False)
    wait_in_the_middle(replicated, product)
    master = replicated.master()
    replica = next(server for server in replicated.servers if server is not master)
    if how == "dies":
        replica.kill9()
        wait_judged_on(replicated)
        replica.start()
        replica.freeze()
        master.kill9()
        replica.thaw()
    else:
        assert replicated.sentinel.call("SENTINEL", "FAILOVER", "mymaster") == "OK"
    rig.wait_until(lambda: replicated.master() is replica, what="the replica is master")
    check_alike(replicated, product)
    assert daemon.running() and "_halted" not in daemon.log()
    assert daemon.metric("plateaud_redis_changes_total") > 0
    assert daemon.metric("plateaud_judged_gaps_total") == 0
    assert run_ctl(daemon, "status").returncode == 0
    if how == "dies":
        lost = daemons(conf(replicated).replace("/mymaster/0", "/other/0"), wait=False)
        rig.wait_until(lambda: "the Sentinel knows no master other" in lost.log(), what="it is said")


# ---- one server ----


def test_results_that_went_back_too_far(redis, product, conf, daemons):
    """Control records that the results need are deleted: it says so, and goes on when an operator has looked."""
    daemon = daemons(conf(redis))
    check_alike(redis, product)
    redis.call("HSET", "plateaud:{main/0}:judged", "control", judged_us(redis))
    daemon.hup()
    rig.wait_until(lambda: daemon.metric("plateaud_evaluator_halted") == 1, what="it halts")
    assert "import them again" in daemon.log()
    redis.call("HDEL", "plateaud:{main/0}:judged", "control")
    daemon.hup()
    rig.wait_until(lambda: daemon.metric("plateaud_evaluator") == 1, what="it judges again")
    check_alike(redis, product)


def test_gap_longer_than_what_may_wait(redis, product, conf, daemons):
    """The results went back further than shards run ahead of the judge: it lets them pass. As after a failover, by hand:
    a shard says that all but its last figures are deleted."""
    daemon = daemons(conf(redis, **SLOW), wait=False)
    wait_judged_on(redis, 1)
    daemon.kill9()
    gap_to = product.outcome[1] - 2 * world.DAY
    assert gap_to - judged_us(redis) > 64 * world.count.HOUR
    redis.call("HSET", "plateaud:{main/1}:judged", "sums", gap_to)
    daemon.set_conf(conf(redis))
    daemon.start()
    check_alike(redis, product)
    assert daemon.metric("plateaud_judged_gaps_total") == 1
    assert "event=evaluator_waits partitions=8" in daemon.log()
    assert daemon.metric("plateaud_shards_behind") == 0
