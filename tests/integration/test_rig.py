"""The rig itself: what the other tests lean on."""

import os
import signal

import pytest

import rig


def test_redis_survives_kill_and_rollback(redis, tmp_path):
    redis.call("HSET", "h", "a", "1", "b", "two words")
    redis.call("XADD", "s", "1-1", "k", "v")
    assert redis.hgetall("h") == {"a": "1", "b": "two words"}
    assert redis.stream("s") == [("1-1", {"k": "v"})]
    assert redis.call("GET", "nothing") is None
    with pytest.raises(rig.RespError, match="WRONGTYPE"):
        redis.call("INCR", "h")
    redis.copy_aof(tmp_path / "before")
    redis.call("SET", "later", b"\x00\xff")
    redis.kill9()
    redis.start()
    assert redis.call("GET", "later", raw=True) == b"\x00\xff"
    redis.stop()
    redis.restore_aof(tmp_path / "before")
    redis.start()
    assert redis.call("GET", "later") is None
    assert redis.keys() == ["h", "s"]


def test_redis_tells_a_subscriber(redis):
    subscriber = redis.connect()
    assert subscriber.call("SUBSCRIBE", "c") == ["subscribe", "c", 1]
    assert redis.call("PUBLISH", "c", "hello") == 1
    assert subscriber.read() == ["message", "c", "hello"]
    subscriber.close()


def test_processes_end_with_their_fixture():
    with rig.Redis() as server:
        server.start()
        pid, place = server.pid, server.dir
        assert place.exists()
        server.freeze()
        server.thaw()
        assert server.call("PING") == "PONG"
    assert not place.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_that_dies_says_why():
    with rig.Redis(port="none") as server, pytest.raises(RuntimeError, match="redis exited with 1"):
        server.start()


def test_conf_text(redis):
    class Broker:
        bootstrap = "127.0.0.1:1"

    text = rig.make_conf(Broker, redis, [("area a", {"goal": "G"}), ("plateaud", {"lateness": "0"})], instance="x")
    assert "[plateaud]\nhttp = 127.0.0.1:" in text
    assert "instance = x\nlateness = 0\n" in text
    assert "[kafka]\nbootstrap.servers = 127.0.0.1:1\n" in text
    assert f"[redis]\nurl = redis://127.0.0.1:{redis.port}/0\n" in text
    assert "[source events]\ntopics = product.events\n[area a]\ngoal = G\n" in text
    daemon = rig.Daemon(text)
    assert daemon.http.startswith("127.0.0.1:")
    daemon.close()


def test_metrics_text():
    text = '# HELP a b\n# TYPE a counter\na{x="1",y="q r"} 3\na{x="2",y="q r"} 4\nb 1.5e3\n'
    assert rig.parse_metrics(text) == {'a{x="1",y="q r"}': 3.0, 'a{x="2",y="q r"}': 4.0, "b": 1500.0}


def test_kafka_keeps_its_data_over_a_kill(own_kafka):
    own_kafka.create("t:2,cleanup.policy=delete")
    assert own_kafka.produce([("t", 0, "k", 1000, "v"), ("t", 1, None, None, None)]) == 2
    own_kafka.kill9()
    own_kafka.start()
    assert own_kafka.produce([("t", -1, "k", None, "")]) == 1
    own_kafka.signal(signal.SIGTERM)
    assert own_kafka.wait() is not None
