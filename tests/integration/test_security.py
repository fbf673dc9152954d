"""Who may talk to whom, and what nobody gets to see: TLS and SASL to Kafka, TLS and users of Redis, HTTP against strangers,
unit ids and secrets.

One broker of the newest Kafka serves all; SCRAM works with librdkafka before 2.6.1 on an older Kafka only, so that one
has a second."""

import base64
import json
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.parse
from datetime import datetime, timedelta, timezone

import pytest

import rig
import tls
from test_ctl import AREA, DATA, N_RESULTS, Ctl
from test_ctl import conf as ctl_conf
from test_daemon import orders, record, stamp, stored, wait_log

START = datetime(2026, 3, 2, tzinfo=timezone.utc)
ACL = rig.ROOT / "conf" / "redis-acl.conf"
SECRETS = {"scram": "Scram-Pa55-word", "wrong": "Wrong-Pa55-word", "key": "Key-Pa55-word", "redis": "Redis-Pa55-word"}
GOAL = ("area checkout", {"goal": "Order Completed"})



class Files:
    """Certificates, and each secret in a file of its own."""

    def __init__(self, directory):
        self.ca = tls.Authority(directory)
        self.stranger = tls.Authority(directory, "stranger")
        self.client = self.ca.issue("client")
        self.expired = self.ca.issue("expired", days=-1)
        self.foreign = self.stranger.issue("foreign")
        self.locked = self.ca.encrypt("client", SECRETS["key"])
        self.dir = pathlib.Path(directory)
        for name, secret in SECRETS.items():
            (self.dir / f"{name}.password").write_text(secret + "\n")

    def password(self, name):
        return str(self.dir / f"{name}.password")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def broker(files):
    with tls.SecureKafka(files.ca, users={"plateaud": SECRETS["scram"]}) as kafka:
        yield kafka.start()


@pytest.fixture(scope="module")
def old_broker(files):
    with tls.SecureKafka(files.ca, tls.OLD_KAFKA, {"plateaud": SECRETS["scram"]}) as kafka:
        yield kafka.start()


def tls_door(broker, files, **more):
    """[kafka] of a client with its certificate."""
    cert, key = files.client
    return {"bootstrap.servers": f"localhost:{broker.tls_port}", "security.protocol": "ssl", "ssl.ca.location": files.ca.pem,
            "ssl.certificate.location": cert, "ssl.key.location": key, **more}


def login_door(broker, files, **more):
    """[kafka] of a client with a password."""
    return {"bootstrap.servers": f"localhost:{broker.login_port}", "security.protocol": "sasl_ssl",
            "ssl.ca.location": files.ca.pem, "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "plateaud",
            "sasl.password.file": files.password("scram"), **more}


def conf(kafka, redis, topic, door=None, redis_keys=None, **more):
    text = rig.make_conf(kafka, redis, topics=(topic,), log_level="debug",
                         sections=[GOAL, *([("kafka", door)] if door else []), *([("redis", redis_keys)] if redis_keys else [])],
                         **more)
    return "\n".join(line for line in text.splitlines() if not line.endswith(" = None")) + "\n"  # a key taken away


def shown(daemon, *more):
    """Everything that a daemon lets out."""
    printed = subprocess.run([*daemon.argv(), "-T"], capture_output=True, text=True)
    pages = [daemon.get(page)[1] for page in ("/metrics", "/-/ready", "/-/healthy")] if daemon.running() else []
    return "\n".join([daemon.log(), printed.stdout, printed.stderr, *pages, *more])


def keeps_secrets(text):
    for name, secret in SECRETS.items():
        assert secret not in text and tls.STORE_PASSWORD not in text, name


def is_waiting(daemon, *words):
    """It says why it is not ready, lives, can be asked, and stops when told."""
    for word in words:
        wait_log(daemon, word)
    assert daemon.get("/-/healthy") == (200, "ok\n")
    status, body = daemon.get("/-/ready")
    assert status == 503 and "not ready" in body
    keeps_secrets(shown(daemon))
    assert daemon.term() == 0


# ---- Kafka --------------------------------------------------------------------------------------------------------


def test_kafka_with_certificates(broker, files, redis, names, daemons, tmp_path):
    """Both sides show a certificate; the key of ours is under a password. plateauctl goes the same way."""
    topic, control = names("mutual"), names("mutual-control")
    broker.create(f"{topic}:2,message.timestamp.type=LogAppendTime", f"{control}:1")
    broker.produce(orders(topic, 0, 100))
    door = tls_door(broker, files, **{"ssl.key.location": files.locked, "ssl.key.password.file": files.password("key")})
    text = conf(broker, redis, topic, door, control=control)
    daemon = daemons(text)
    rig.wait_until(lambda: stored(redis, "accepted") == 100)
    ctl = Ctl(tmp_path, text)
    checked = ctl.run("check")
    assert checked.returncode == 0 and re.search(rf"ok\s+{topic}\s+2 partitions", checked.stdout), checked.stdout
    tapped = ctl.ok("tap", "--last", 10, "--limit", 5)
    result = tmp_path / "history.jsonl"
    result.write_text(json.dumps({"type": "result", "id": "r1", "experiment": "e1", "area": "checkout", "time": stamp(START),
                                  "effect": 0.01, "se": 0.01}) + "\n")
    imported = ctl.run("import", result)
    assert imported.returncode == 0, imported.stderr
    rig.wait_until(lambda: redis.hgetall("plateaud:{main}:area:checkout").get("results_ever") == "1")
    keeps_secrets(shown(daemon, checked.stdout, tapped, imported.stderr))


@pytest.mark.parametrize("case", ["unknown CA", "wrong name", "expired", "foreign", "no certificate", "plain to TLS",
                                  "TLS to plain"])
def test_kafka_refusals(broker, files, redis, names, daemons, tmp_path, case):
    """Each mistake has a line of its own in the log."""
    nothing = {"ssl.certificate.location": None, "ssl.key.location": None}
    door, word = {
        "unknown CA": (tls_door(broker, files, **{"ssl.ca.location": files.stranger.pem}),
                       "unable to get local issuer certificate"),
        "wrong name": (tls_door(broker, files, **{"bootstrap.servers": f"127.0.0.1:{broker.tls_port}"}),
                       "IP address mismatch"),
        "expired": (tls_door(broker, files, **dict(zip(("ssl.certificate.location", "ssl.key.location"), files.expired))),
                    "certificate unknown"),  # Kafka tells no more: what plateaud sees itself must do
        "foreign": (tls_door(broker, files, **dict(zip(("ssl.certificate.location", "ssl.key.location"), files.foreign))),
                    "certificate"),
        "no certificate": (tls_door(broker, files, **nothing), "certificate required"),
        "plain to TLS": ({"bootstrap.servers": f"localhost:{broker.tls_port}"}, "connecting to a SSL listener?"),
        "TLS to plain": (tls_door(broker, files, **{"bootstrap.servers": broker.bootstrap}), "SSL handshake failed"),
    }[case]
    text = conf(broker, redis, names("nobody"), door)
    daemon = daemons(text, wait=False)
    if case == "wrong name":  # the others are told in the same way, and it takes ten seconds
        checked = Ctl(tmp_path, text).run("check")
        assert checked.returncode == 1 and f"certificate refused: {word}" in checked.stdout, checked.stdout
    wait_log(daemon, word)
    line = next(line for line in daemon.log().splitlines() if word in line and "event=kafka_problem" in line)
    assert "localhost" in line or "127.0.0.1" in line
    assert daemon.metric("plateaud_kafka_problems_total") > 0
    expired = f"ssl.certificate.location = {files.expired[0]}: has expired"
    assert (expired in daemon.log()) == (case == "expired")
    is_waiting(daemon)


def test_kafka_key_with_a_wrong_password(broker, files, redis, names, daemons):
    door = tls_door(broker, files, **{"ssl.key.location": files.locked, "ssl.key.password.file": files.password("wrong")})
    daemon = daemons(conf(broker, redis, names("nobody"), door), wait=False)
    assert daemon.wait() == 1
    assert "event=start_failed" in daemon.log() and "ssl.key.location failed" in daemon.log()
    keeps_secrets(shown(daemon))


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_kafka_with_a_password(old_broker, files, redis, names, daemons, mechanism):
    topic = names("scram")
    old_broker.create(f"{topic}:2")
    old_broker.produce(orders(topic, 0, 100))
    daemon = daemons(conf(old_broker, redis, topic, login_door(old_broker, files, **{"sasl.mechanism": mechanism})))
    rig.wait_until(lambda: stored(redis, "accepted") == 100)
    keeps_secrets(shown(daemon))


def test_kafka_with_a_wrong_password(old_broker, files, redis, names, daemons):
    door = login_door(old_broker, files, **{"sasl.password.file": files.password("wrong")})
    daemon = daemons(conf(old_broker, redis, names("nobody"), door), wait=False)
    is_waiting(daemon, "_AUTHENTICATION", "invalid credentials with SASL mechanism SCRAM-SHA-512")


def test_scram_of_an_old_library_is_warned_of(broker, files, redis, names, daemons):
    """Kafka 4 refuses what librdkafka before 2.6.1 sends, with a right password too: told before it happens."""
    topic = names("scram")
    broker.create(f"{topic}:2")
    broker.produce(orders(topic, 0, 10))
    text = conf(broker, redis, topic, login_door(broker, files))
    daemon = daemons(text, wait=False)
    rig.wait_until(lambda: daemon.get("/metrics")[0] == 200)
    version = re.search(r'plateaud_build_info\{.*kafka="([^"]+)"', daemon.get("/metrics")[1]).group(1)
    warned = 'event=config_warning what="[kafka] sasl.mechanism = SCRAM-SHA-512'
    if tuple(int(part) for part in re.findall(r"\d+", version)[:3]) >= (2, 6, 1):
        rig.wait_until(lambda: stored(redis, "accepted") == 10)
        assert warned not in daemon.log()
        return
    assert warned in daemon.log() and "2.6.1" in daemon.log()
    checked = subprocess.run([*daemon.argv(), "-t"], capture_output=True, text=True)
    assert checked.returncode == 0 and "Kafka 4 refuses it" in checked.stderr
    is_waiting(daemon, "_AUTHENTICATION")


# ---- credentials of systemd ---------------------------------------------------------------------------------------


class UnitDaemon(rig.Daemon):
    """As a unit with LoadCredential= is started."""

    def env(self):
        return {"PATH": "/usr/bin:/bin", "CREDENTIALS_DIRECTORY": str(self.dir / "credentials")}


def test_credentials(old_broker, files, redis, names):
    """The lines that the unit suggests, with secrets that only CREDENTIALS_DIRECTORY leads to."""
    unit = (rig.ROOT / "systemd" / "plateaud.service").read_text()
    topic = names("credentials")
    old_broker.create(f"{topic}:2")
    old_broker.produce(orders(topic, 0, 100))
    redis.call("ACL", "SETUSER", "plateaud", "on", ">" + SECRETS["redis"], "~*", "&*", "+@all")
    redis.call("ACL", "SETUSER", "default", "resetpass", ">admin")
    redis._client.call("AUTH", "admin")
    door = login_door(old_broker, files, **{"sasl.password.file": "credential:kafka-password"})
    text = conf(old_broker, redis, topic, door, {"user": "plateaud", "password_file": "credential:redis-password"},
                hash_key_file="credential:hash-key")
    for name in ("hash-key", "redis-password", "kafka-password"):
        assert f"#LoadCredential={name}:/etc/plateaud/credentials/{name}\n" in unit and f"= credential:{name}" in text
        assert f"credential:{name}" in unit
    with UnitDaemon(text) as daemon:
        directory = daemon.dir / "credentials"
        directory.mkdir(mode=0o500)
        directory.chmod(0o700)
        (directory / "hash-key").write_text("00112233445566778899aabbccddeeff\n")
        (directory / "redis-password").write_text(SECRETS["redis"])
        (directory / "kafka-password").write_text(SECRETS["scram"] + "\n")
        daemon.start()
        rig.wait_until(lambda: stored(redis, "accepted") == 100)
        assert "there is no hash_key_file" not in daemon.log()
        keeps_secrets(shown(daemon))
        assert daemon.term() == 0
    with rig.Daemon(text) as daemon:  # by hand, outside of the unit
        assert daemon.spawn().wait() == 2
        assert "LoadCredential=" in daemon.log()


# ---- Redis: TLS ---------------------------------------------------------------------------------------------------


class TlsRedis(rig.Redis):
    """A server with a port for TLS, and a plain one for the test."""

    def __init__(self, files, name, alternatives="DNS:localhost", days=2, issuer=None, auth="no"):
        cert, key = (issuer or files.ca).issue(name, alternatives, days)
        self.tls_port = rig.free_port()
        super().__init__(**{"tls-port": self.tls_port, "tls-cert-file": cert, "tls-key-file": key,
                            "tls-ca-cert-file": files.ca.pem, "tls-auth-clients": auth})

    def keys_of(self, files, host="localhost", **more):
        return {"url": f"rediss://{host}:{self.tls_port}/0", "ca_file": files.ca.pem, **more}


def test_redis_with_certificates(broker, files, names, daemons, tmp_path):
    """Both sides show a certificate; the daemon and plateauctl."""
    topic = names("redis-tls")
    broker.create(f"{topic}:2")
    broker.produce(orders(topic, 0, 100))
    with TlsRedis(files, "both", auth="yes").start() as redis:
        cert, key = files.client
        text = conf(broker, redis, topic, redis_keys=redis.keys_of(files, cert_file=cert, key_file=key))
        daemons(text)
        rig.wait_until(lambda: stored(redis, "accepted") == 100)
        checked = Ctl(tmp_path, text).run("check")
        assert re.search(r"ok\s+redis\s+rediss://localhost", checked.stdout), checked.stdout


@pytest.mark.parametrize("case", ["self-signed", "wrong name", "no certificate", "expired", "plain to TLS",
                                  "TLS to plain"])
def test_redis_refusals(broker, files, names, daemons, tmp_path, case):
    made = {"self-signed": {"issuer": files.stranger}, "no certificate": {"auth": "yes"}, "expired": {"auth": "yes"}}.get(case, {})
    with TlsRedis(files, "server", **made).start() as redis:
        keys, word = {
            "self-signed": (redis.keys_of(files), "certificate refused: unable to get local issuer certificate"),
            "wrong name": (redis.keys_of(files, "127.0.0.1"), "certificate refused: IP address mismatch"),
            "no certificate": (redis.keys_of(files), "cert"),  # an alert, or a closed connection, and then a hint
            "expired": (redis.keys_of(files, **dict(zip(("cert_file", "key_file"), files.expired))),
                        f"cert_file {files.expired[0]} has expired"),
            "plain to TLS": ({"url": f"redis://localhost:{redis.tls_port}/0"}, "event=redis_down"),
            "TLS to plain": ({**redis.keys_of(files), "url": f"rediss://localhost:{redis.port}/0"}, "event=redis_down"),
        }[case]
        text = conf(broker, redis, names("nobody"), redis_keys=keys)
        daemon = daemons(text, wait=False)
        told = Ctl(tmp_path, text).run("status")
        assert told.returncode == 2 and "Redis" in told.stderr and (word in told.stderr or "event" in word), told.stderr
        assert case != "no certificate" or re.search("certificate required|want cert_file and key_file", told.stderr)
        wait_log(daemon, word)
        assert daemon.metric("plateaud_redis_up") == 0
        is_waiting(daemon, "event=redis_down")
        assert redis.keys() == []


def test_redis_certificate_that_expired_and_was_renewed(broker, files, names, daemons):
    """Refused as long as it is expired; a new one needs nothing from us."""
    topic = names("renewed")
    broker.create(f"{topic}:2")
    broker.produce(orders(topic, 0, 100))
    with TlsRedis(files, "late", days=-1).start() as redis:
        daemon = daemons(conf(broker, redis, topic, redis_keys=redis.keys_of(files)), wait=False)
        wait_log(daemon, "certificate refused: certificate has expired")
        assert daemon.get("/-/ready")[0] == 503 and daemon.get("/-/healthy")[0] == 200
        cert, key = files.ca.issue("renewed", "DNS:localhost")
        redis.call("CONFIG", "SET", "tls-cert-file", cert, "tls-key-file", key)
        rig.wait_until(lambda: stored(redis, "accepted") == 100)


# ---- Redis: users -------------------------------------------------------------------------------------------------


class AclRedis(rig.Redis):
    """A server with the users that are shipped, each with a password of its own."""

    users = {"plateaud": "writer-Pa55", "plateaud-reader": "reader-Pa55", "plateaud-forward": "forward-Pa55"}

    def argv(self):
        return ["redis-server", str(ACL), *super().argv()[1:]]

    def keys_of(self, user, directory, password=None):
        """[redis] of a user, with its password in a file."""
        path = directory / f"{user}.password"
        path.write_text((password or self.users[user]) + "\n")
        return {"user": user, "password_file": str(path)}

    def start(self, timeout=60.0):
        super().start(timeout)
        for user, password in self.users.items():
            self.call("ACL", "SETUSER", user, ">" + password)
        return self

    def denied(self):
        """What was refused so far: (user, object)."""
        flat = [dict(zip(entry[::2], entry[1::2])) for entry in self.call("ACL", "LOG")]
        self.call("ACL", "LOG", "RESET")
        return [(entry["username"], entry["object"]) for entry in flat]


@pytest.fixture
def acl_redis():
    with AclRedis() as server:
        yield server.start()


def product(topic):
    """Events of an experiment and a funnel, for all commands that the daemon has for Redis."""
    rows = []
    for number in range(120):
        time_of = START + timedelta(minutes=number)
        unit = f"u{number}"
        variant = "B" if number % 2 else "control"
        rows += [record(topic, number % 2, unit, "Experiment Viewed", time_of, f"v{number}", experiment_id="checkout_1",
                        variation_id=variant),
                 record(topic, number % 2, unit, "Product Viewed", time_of + timedelta(seconds=1), f"p{number}"),
                 record(topic, number % 2, unit, "Order Completed", time_of + timedelta(seconds=2), f"o{number}")]
    return [*rows, (topic, 0, "k", int(START.timestamp() * 1000), "{"),
            *orders(topic, 10_000_000, 10_000_100)]  # four months later: all of the above is settled and judged


def test_redis_users_do_their_work(broker, acl_redis, names, daemons, tmp_path):
    """A whole job as the writer, with a crash in the middle; results as the reader; alerts as the forwarder. Redis itself
    says that nothing was asked for that is not allowed."""
    redis, topic, control = acl_redis, names("acl"), names("acl-control")
    broker.create(f"{topic}:2", f"{control}:1")
    broker.produce(product(topic))

    def text(user):
        sections = "\n".join(f"{key} = {value}" for key, value in redis.keys_of(user, tmp_path).items())
        area = "[area checkout]\ngoal = Order Completed\nexperiments = checkout_*\nfunnel = Product Viewed > Order Completed\n"
        return ctl_conf(broker, redis, control, topics=(topic,)).replace("[redis]", f"[redis]\n{sections}") + area

    def ctl(user):
        directory = tmp_path / user
        directory.mkdir(exist_ok=True)
        return Ctl(directory, text(user))

    writer, reader, forward = (ctl(user) for user in AclRedis.users)
    daemon = daemons(writer.path.read_text())
    rig.wait_until(lambda: stored(redis, "accepted") == 460)
    daemon.kill9()
    history = [json.loads(line) for line in writer.ok("import", "--dry-run", DATA / f"{AREA}.jsonl.gz").splitlines()]
    broker.produce([(control, 0, None, None, json.dumps(row)) for row in history])
    daemon.start()
    rig.wait_until(lambda: redis.hgetall(f"plateaud:{{main}}:area:{AREA}").get("results_ever") == str(N_RESULTS), 60)
    rig.wait_until(lambda: redis.stream("plateaud:{main}:alerts"))
    rig.wait_until(lambda: redis.keys("plateaud:{main}:experiment:checkout_1:*") and redis.keys("plateaud:{main}:funnel:*"))
    rig.wait_until(lambda: redis.stream("plateaud:{main}:rejects"))

    out = tmp_path / "alerts"
    running = forward.start("forward", "--group", "g", "--from-start", "--exec", f"cat >> {out}")
    rig.wait_until(lambda: out.exists() and out.read_text())
    assert writer.run("test-alert", AREA).returncode == 0
    rig.wait_until(lambda: "[TEST]" in out.read_text())
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 0
    for one in (reader, writer):
        assert one.run("status").returncode == 1  # an alert fires
        assert "shift to core value work" in one.ok("explain", AREA)
        for command in ("map", "tradeoff", "balance"):
            assert one.ok(command, AREA)
        assert "[TEST]" in one.ok("alerts")
        assert one.run("check").returncode == 0
    assert daemon.term() == 0
    assert redis.denied() == []

    # Whoever only reads cannot pretend an alert, nor take one from the scripts.
    done = reader.run("test-alert", AREA)
    assert done.returncode == 2 and "NOPERM" in done.stderr
    before = len(redis.stream("plateaud:{main}:alerts"))
    done = reader.run("forward", "--group", "g", "--exec", "true")
    assert done.returncode == 2 and "NOPERM" in done.stderr
    assert forward.run("status").returncode == 2
    assert {user for user, _ in redis.denied()} == {"plateaud-reader", "plateaud-forward"}
    assert len(redis.stream("plateaud:{main}:alerts")) == before


def attempt(client, *command):
    try:
        return client.call(*command)
    except rig.RespError as error:
        return error


FORBIDDEN = [("FLUSHALL",), ("FLUSHDB",), ("CONFIG", "GET", "*"), ("CONFIG", "SET", "dir", "/tmp"), ("KEYS", "*"), ("SCAN", "0"),
             ("SHUTDOWN",), ("MODULE", "LIST"), ("REPLICAOF", "NO", "ONE"), ("ACL", "LIST"),
             ("ACL", "SETUSER", "plateaud", "+@all"), ("CLIENT", "KILL", "TYPE", "normal"), ("CLIENT", "LIST"), ("MONITOR",),
             ("SAVE",), ("GET", "other"), ("SET", "other", "1"), ("HGETALL", "other"), ("HSET", "other", "f", "1"),
             ("HGETALL", "plateaud:{other}:meta"), ("PUBLISH", "other", "x"), ("SUBSCRIBE", "other"), ("PSUBSCRIBE", "*"),
             ("FUNCTION", "LIST"), ("SCRIPT", "FLUSH"), ("EVAL", "return redis.call('GET', KEYS[1])", "1", "other")]
SCRIPTS = ["return redis.call('FLUSHALL')", "return redis.call('CONFIG', 'GET', '*')", "return redis.call('GET', 'other')",
           "return redis.call('KEYS', '*')", "return redis.call('PUBLISH', 'other', 'x')"]


@pytest.mark.parametrize("user", sorted(AclRedis.users))
def test_redis_users_can_do_no_more(acl_redis, user):
    acl_redis.call("SET", "other", "1")
    client = acl_redis.connect()
    assert client.call("AUTH", user, AclRedis.users[user]) == "OK"
    for command in FORBIDDEN:
        assert str(attempt(client, *command)).startswith("NOPERM"), command
    for script in SCRIPTS:  # a script has no more rights than its caller
        answer = attempt(client, "EVAL", script, "0")
        assert isinstance(answer, rig.RespError), script
    if user != "plateaud":
        for command in (("HSET", "plateaud:{main}:meta", "f", "1"), ("DEL", "plateaud:{main}:meta"),
                        ("XADD", "plateaud:{main}:alerts", "*", "f", "1"), ("PUBLISH", "plateaud:main:alerts", "x"),
                        ("HGETALL", "plateaud:{main/0}:u:0"), ("HSET", "plateaud:{main/0}:meta", "f", "1")):
            assert str(attempt(client, *command)).startswith("NOPERM"), command
    client.close()
    assert acl_redis.keys() == ["other"] and acl_redis.call("GET", "other") == "1"


def test_redis_password_changes_without_a_restart(broker, acl_redis, names, daemons, tmp_path):
    """In either order: the file before the user, and the user before the file."""
    redis, topic = acl_redis, names("rotation")
    broker.create(f"{topic}:2")
    broker.produce(orders(topic, 0, 100))
    daemon = daemons(conf(broker, redis, topic, redis_keys=redis.keys_of("plateaud", tmp_path)))
    rig.wait_until(lambda: stored(redis, "accepted") == 100)

    redis.call("ACL", "SETUSER", "plateaud", ">second-Pa55")
    redis.keys_of("plateaud", tmp_path, "second-Pa55")
    redis.call("ACL", "SETUSER", "plateaud", "<writer-Pa55")
    redis.call("CLIENT", "KILL", "USER", "plateaud")
    broker.produce(orders(topic, 100, 200))
    rig.wait_until(lambda: stored(redis, "accepted") == 200)

    redis.call("ACL", "SETUSER", "plateaud", "<second-Pa55", ">third-Pa55")
    redis.call("CLIENT", "KILL", "USER", "plateaud")
    broker.produce(orders(topic, 200, 300))
    wait_log(daemon, "WRONGPASS: wrong user or password, or the user is off")
    assert daemon.get("/-/healthy")[0] == 200 and daemon.get("/-/ready")[0] == 503
    redis.keys_of("plateaud", tmp_path, "third-Pa55")
    rig.wait_until(lambda: stored(redis, "accepted") == 300)
    text = shown(daemon)
    assert not re.search("(writer|second|third)-Pa55", text)
    assert daemon.term() == 0


# ---- HTTP ---------------------------------------------------------------------------------------------------------


def ask(daemon, request, end=True):
    """The status of a raw request, 0 when the connection was closed without one."""
    host, port = daemon.http.split(":")
    with socket.create_connection((host, int(port)), 30) as client:
        client.sendall(request)
        if end:
            client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return (int(answer.split()[1]), answer) if answer else (0, answer)


@pytest.fixture
def lonely(daemons):
    """A daemon without servers: HTTP needs none."""
    text = rig.make_conf(sections=[GOAL, ("redis", {"url": f"redis://127.0.0.1:{rig.free_port()}/0"}),
                                   ("kafka", {"bootstrap.servers": f"127.0.0.1:{rig.free_port()}"})])
    daemon = daemons(text, wait=False)
    rig.wait_until(lambda: daemon.get("/-/healthy")[0] == 200)
    return daemon


def test_http_strangers(lonely):
    """A page of another site that the browser resolves to us (DNS rebinding) gets nothing; nor does odd HTTP."""
    port = lonely.http.split(":")[1]
    for host in ("localhost", f"localhost:{port}", "127.0.0.1", lonely.http, f"[::1]:{port}", "LOCALHOST"):
        status, answer = ask(lonely, f"GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert status == 200 and b"plateaud_build_info" in answer, host
        assert b"Access-Control" not in answer and b"nosniff" in answer
    for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
                 "0.0.0.0", "169.254.169.254"):
        status, answer = ask(lonely, f"GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert status == 421 and b"plateaud_" not in answer, host
    for method, want in (("POST", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 405), ("TRACE", 405), ("CONNECT", 405),
                         ("BREW", 501)):
        assert ask(lonely, f"{method} /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())[0] == want, method
    for request, want in (
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 8192 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 9000, 431),
        (b"GET /metrics HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ):
        assert ask(lonely, request, end=False)[0] == want, request[:60]
    assert lonely.get("/-/healthy")[0] == 200 and lonely.running()


def test_http_slow_clients_do_not_stay(lonely):
    """As many as are served at once, each sending a byte now and then: all are closed, and then others are served."""
    host, port = lonely.http.split(":")
    slow = [socket.create_connection((host, int(port)), 30) for _ in range(64)]
    for client in slow:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ")
    waiting = socket.create_connection((host, int(port)), 60)
    waiting.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
    waiting.settimeout(0.2)
    answer = None
    while answer is None:
        for client in slow:
            try:
                client.send(b"x")
            except OSError:
                pass  # closed already
        try:
            answer = waiting.recv(4096)
        except socket.timeout:
            pass
    assert answer.startswith(b"HTTP/1.1 200 ")
    waiting.close()
    for client in slow:  # none was answered, all are closed
        try:
            assert client.recv(1) == b""
        except ConnectionResetError:
            pass
        client.close()
    assert lonely.get("/metrics")[0] == 200


# ---- privacy ------------------------------------------------------------------------------------------------------

NAME = "Beeblebrox"
UNITS = [f"Zaphod.{NAME}-4711", f"zaphod.{NAME.lower()}@heartofgold.example", f"{NAME}-ünïcödé-日本", f"+49 30 {NAME}",
         f"{NAME}\\u0022; DROP", f"urn:user:{NAME}:9", f"{NAME}%s%n%x", f"{NAME}\r\n* 1"]


def traces(name):
    """The ways in which a name could have got out: as it is, hex, Base64 at each alignment, UTF-16."""
    found = {name.lower().encode(), name.encode().hex().encode(), name.lower().encode().hex().encode(),
             name.lower().encode("utf-16-le"), urllib.parse.quote(name[::-1].lower()).encode()}
    for text in (name, name.lower()):
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + text.encode())
            found.add(coded[4 if shift else 0:-4].lower())
    return {trace for trace in found if len(trace) >= 6}


def private_records(topic, control):
    """Good, rejected and malformed records, each with the name in it somewhere; and how many are good."""
    rows, good = [], 0
    ms = int(START.timestamp() * 1000)

    def row(value, partition=0, key=UNITS[0], where=topic):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=bool(len(rows) % 2))
        rows.append((where, partition, key.replace("\r\n", " "), ms, text))

    for number, unit in enumerate(UNITS):
        base = {"type": "track", "userId": unit, "anonymousId": unit + "-a", "timestamp": stamp(START),
                "context": {"traits": {"email": unit, "name": NAME}, "ip": NAME}, "sentAt": stamp(START)}
        for kind, event, properties in (
                ("v", "Experiment Viewed", {"experiment_id": "checkout_1", "variation_id": "B", "email": unit}),
                ("o", "Order Completed", {"revenue": 5, "user": {"id": unit, "emails": [unit]}})):
            row({**base, "event": event, "messageId": f"{kind}{number}", "properties": properties}, number % 2, unit)
            good += 1
        full = {**base, "event": "Order Completed", "messageId": f"x{number}", "properties": {"revenue": unit}}
        row({**full, "timestamp": unit})                     # no time
        row({**full, "timestamp": "2999-01-01T00:00:00Z"})   # the future
        row({**full, "userId": {"nested": unit}})            # no unit
        row({**full, "userId": unit * 40})                   # too long a unit
        row({**full, "event": unit * 40})                    # too long a name
        row({**full, "event": "Experiment Viewed", "properties": {"experiment_id": unit, "variation_id": unit + "\n"}})
        row({**full, "event": 7})
        row([unit])
        row(json.dumps(full)[:-9])                           # cut off
        row(json.dumps(unit))
        row(json.dumps(full).replace("Order", "\\ud800"))    # half a character
        row(unit.replace("\r\n", " "))                       # no JSON
        row({"type": "lifecycle", "experiment": unit, "state": unit, "time": unit}, where=control)
        row({"type": "result", "id": unit, "area": "checkout", "time": stamp(START), "effect": unit}, where=control)
        row(json.dumps({"type": "identify", "userId": unit})[:-1], where=control)
    rows.append((topic, 0, UNITS[1], ms, None))
    return rows, good


def search(haystack, needles):
    haystack = haystack.lower()
    return [needle for needle in needles if needle in haystack]


def test_unit_ids_appear_nowhere(broker, names, daemons, tmp_path):
    """Redis on disk and key by key, the log at its most talkative, metrics, and what plateauctl prints."""
    topic, control = names("private"), names("private-control")
    broker.create(f"{topic}:2", f"{control}:1")
    rows, good = private_records(topic, control)
    broker.produce(rows)
    with rig.Redis(appendonly=True, rdbcompression="no", rdbchecksum="no",
                   **{"aof-use-rdb-preamble": "no"}).start() as redis:
        text = conf(broker, redis, topic, {"debug": "consumer,cgrp,topic,fetch,msg"}, control=control).replace(
            "goal = Order Completed", "goal = Order Completed\nexperiments = checkout_*, *\nfunnel = Product Viewed > Order Completed")
        daemon = daemons(text)
        rig.wait_until(lambda: daemon.metric("plateaud_records_total") >= len(rows))
        rig.wait_until(lambda: stored(redis, "accepted") >= good)
        rig.wait_until(lambda: redis.hgetall("plateaud:{main}:experiment:checkout_1"))
        broker.produce(orders(topic, 100_000, 100_100))  # time goes on: all is settled, on disk as well
        rig.wait_until(lambda: stored(redis, "accepted") >= good + 100)
        reasons = {key for key, value in daemon.metrics().items() if key.startswith("plateaud_rejected_total") and value}
        assert len(reasons) >= 6, reasons
        ctl = Ctl(tmp_path, text)
        outputs = {"log": daemon.log(), "metrics": daemon.get("/metrics")[1], "ready": daemon.get("/-/ready")[1]}
        for command in (["status"], ["status", "--json"], ["explain", "checkout"], ["explain", "checkout", "--json"],
                        ["explain", "checkout", "--numbers"], ["map", "checkout"], ["map", "checkout", "--json"],
                        ["tradeoff", "checkout", "--json"], ["balance", "checkout"], ["digest"],
                        ["digest", "--json"], ["alerts"], ["check"]):
            done = ctl.run(*command)
            outputs["plateauctl " + " ".join(command)] = done.stdout + done.stderr
        records = sum(1 for row in rows if row[0] == topic) + 100
        for form in ([], ["--json"]):
            outputs["plateauctl tap" + "".join(form)] = ctl.ok("tap", "--last", records, "--limit", records, *form)
        outputs["plateauctl discover"] = ctl.ok("discover", "--topic", topic, "--seconds", 3)
        lines = tmp_path / "records.jsonl"
        lines.write_text("".join(f"{row[4]}\n" for row in rows if row[0] == topic and row[4] is not None))
        outputs["plateauctl discover FILE"] = ctl.ok("discover", lines)
        assert daemon.term() == 0
        outputs["log"] = daemon.log()
        redis.call("SAVE")
        needles = traces(NAME)
        found = {}
        for key in redis.keys():
            found[key] = search(key.encode() + redis.call("DUMP", key, raw=True), needles)
        disk = [path for path in redis.dir.rglob("*") if path.is_file() and path.suffix in (".rdb", ".aof", ".log")]
        assert {path.suffix for path in disk} == {".rdb", ".aof", ".log"}
        for path in disk:
            found[path.name] = search(path.read_bytes(), needles)
        for name, output in outputs.items():
            assert output or name == "plateauctl alerts", name
            found[name] = search(output.encode(), needles)
        assert {name: traced for name, traced in found.items() if traced} == {}
        # The search finds what is there.
        assert search((redis.dir / "dump.rdb").read_bytes(), [b"checkout_1"]) == [b"checkout_1"]
        assert search(NAME.encode().hex().encode() + base64.b64encode(UNITS[0].encode()), needles)
        assert all(set(entry) == {"reason", "topic", "partition", "offset"} for _, entry in redis.stream("plateaud:{main}:rejects"))
