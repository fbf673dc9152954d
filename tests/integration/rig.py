"""Real servers for the integration tests: Apache Kafka in one JVM, redis-server, plateaud itself.

Standard library only. Everything listens on 127.0.0.1 on a free port, lives in a private directory that is removed in
the end, and is ended by pid: by its fixture, by atexit, and by the kernel when the test process dies. Nothing is
shared between test sessions but the jars in the cache ($PLATEAUD_CACHE, default build/cache).

    kafka = Kafka().start()
    kafka.create("product.events:8", "plateaud.control:1")
    kafka.produce([("product.events", -1, "u1", None, '{"event": "Order Completed"}')])
    redis = Redis(appendonly=True).start()
    daemon = Daemon(make_conf(kafka, redis, sections=[("area checkout", {"goal": "Order Completed"})])).start()
    wait_until(lambda: daemon.metric("plateaud_records_total") == 1)
"""

import atexit
import binascii
import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PLATEAUD_BUILD", ROOT / "build")).resolve()
CACHE = pathlib.Path(os.environ.get("PLATEAUD_CACHE", ROOT / "build" / "cache")).resolve()
KAFKA_VERSION = "4.3.1"
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def die_with_parent():
    """(preexec_fn) Whoever is started so is killed when this process ends, however it does."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


# ---- small things -------------------------------------------------------------------------------------------------


def wait_until(predicate, timeout=30.0, interval=0.05, what=None):
    """Call predicate until it is true and return what it returned; TimeoutError otherwise. What it raises while time is
    left (a server that is not there yet) counts as false."""
    deadline = time.monotonic() + timeout
    error = None
    while True:
        try:
            value = predicate()
            if value:
                return value
            error = None
        except (OSError, RespError, AssertionError) as raised:
            error = raised
        if time.monotonic() >= deadline:
            name = what or getattr(predicate, "__name__", "condition")
            raise TimeoutError(f"{name}: not within {timeout} s" + (f" ({error})" if error else ""))
        time.sleep(interval)


def free_port():
    """A port that was free a moment ago. Whoever uses it must bear that another process was faster."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name):
    """The path of a program of the build."""
    for place in (BUILD / "src" / name, BUILD / "tests" / "support" / name):
        if place.exists():
            return str(place)
    raise FileNotFoundError(f"{name} is not in {BUILD}: build it first")


class Process:
    """A child with a private directory and a log file. Subclasses give argv() and is_ready()."""

    name = "process"
    _alive = set()

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"plateaud-{self.name}-"))
        self.log_path = self.dir / f"{self.name}.log"
        self.process = None
        Process._alive.add(self)

    def argv(self):
        raise NotImplementedError

    def env(self):
        return None

    def is_ready(self):
        return True

    def spawn(self, stdin=subprocess.DEVNULL):
        """Start it and return at once."""
        assert self.process is None or self.process.poll() is not None, f"{self.name} runs already"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.argv(), stdin=stdin, stdout=log, stderr=subprocess.STDOUT, cwd=self.dir, env=self.env(),
                start_new_session=True, preexec_fn=die_with_parent)
        return self

    def start(self, timeout=60.0):
        self.spawn()
        return self.wait_ready(timeout)

    def wait_ready(self, timeout=60.0):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} exited with {self.process.returncode}:\n{self.log()[-4000:]}")
            return self.is_ready()

        try:
            wait_until(ready, timeout, what=f"{self.name} is ready")
        except TimeoutError as late:
            raise TimeoutError(f"{late}\n{self.log()[-4000:]}") from late
        return self

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=30.0):
        return self.process.wait(timeout)

    def stop(self, timeout=30.0):
        """SIGTERM, and SIGKILL when that does not help. Returns the exit status."""
        if not self.running():
            return None if self.process is None else self.process.returncode
        self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise

    def kill9(self):
        if self.running():
            self.process.kill()
            self.process.wait()

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def close(self):
        """End it and remove its directory. Safe to call twice."""
        self.kill9()
        if self.process is not None and self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        Process._alive.discard(self)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


@atexit.register
def close_all():
    for process in list(Process._alive):
        process.close()


# ---- Kafka --------------------------------------------------------------------------------------------------------


def kafka_jars(version=KAFKA_VERSION):
    """The directory of the broker's jars, fetched by Maven the first time."""
    jars = CACHE / f"kafka-{version}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"kafka-{version}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (jars / "complete").exists():
            subprocess.run(
                ["mvn", "-q", "-B", "-f", str(pathlib.Path(__file__).with_name("kafka-pom.xml")),
                 f"-Dkafka.version={version}", "dependency:copy-dependencies", "-DincludeScope=runtime",
                 f"-DoutputDirectory={jars}"],
                check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            (jars / "complete").touch()
    return jars


class Kafka(Process):
    """One broker that is its own controller. stop/kill9 and start keep the data and the port. `formatting` are further
    options of the storage tool, such as users."""

    name = "kafka"

    def __init__(self, heap="384m", version=KAFKA_VERSION, formatting=(), **properties):
        super().__init__()
        self.heap = heap
        self.formatting = formatting
        self.properties = properties
        self.jars = kafka_jars(version)
        self.port, self.controller_port = free_port(), free_port()

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    def server_properties(self):
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{self.controller_port}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self.dir / "data",
            "num.network.threads": 2,
            "num.io.threads": 2,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "auto.create.topics.enable": "false",
            "log.retention.ms": -1,
            "log.retention.check.interval.ms": 1000,
            "log.initial.task.delay.ms": 500,
        }
        settings.update({key.replace("_", "."): value for key, value in self.properties.items()})
        return "".join(f"{key}={value}\n" for key, value in settings.items())

    def java(self, heap, *args):
        return ["java", "-Xms64m", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{self.jars}/*", *args]

    def spawn(self, stdin=subprocess.DEVNULL):
        conf = self.dir / "server.properties"
        if not conf.exists():
            conf.write_text(self.server_properties())
            tool = self.java("128m", "kafka.tools.StorageTool")
            cluster = subprocess.run([*tool, "random-uuid"], check=True, capture_output=True, text=True)
            subprocess.run([*tool, "format", "-t", cluster.stdout.split()[-1], "-c", str(conf), "--standalone",
                            *self.formatting], check=True, capture_output=True)
        return super().spawn(stdin)

    def argv(self):
        return self.java(self.heap, "kafka.Kafka", str(self.dir / "server.properties"))

    def is_ready(self):
        """Not only does the port answer: the broker takes requests."""
        return subprocess.run([program("kafka_probe"), "-b", self.bootstrap, "--facts", "--topics", "none"],
                              capture_output=True, text=True, timeout=30).stdout.startswith("facts")

    def create(self, *topics):
        """Make topics, "name:partitions[,config=value]...", that keep records of any age."""
        options = [option for topic in topics for option in ("--create", topic)]
        self._produce("", options)

    def delete(self, *topics):
        self._produce("", [option for topic in topics for option in ("--delete", topic)])

    def widen(self, topic, partitions):
        """Give a topic more partitions."""
        self._produce("", ["--widen", f"{topic}:{partitions}"])

    def forget(self, topic, partition, offset):
        """Delete the records below an offset, as retention does."""
        self._produce("", ["--forget", f"{topic}:{partition}:{offset}"])

    def produce(self, records, rate=None, options=()):
        """Produce (topic, partition or -1, key or None, timestamp_ms or None, value or None for a tombstone) tuples;
        returns when all are acknowledged."""
        lines = "".join(record_line(*record) for record in records)
        return self._produce(lines, [*(["--rate", str(rate)] if rate else []), *options])

    def produce_file(self, path, rate=None):
        """The same from a file of lines."""
        with open(path, "rb") as lines:
            return self._run_produce(["--rate", str(rate)] if rate else [], stdin=lines)

    def _produce(self, lines, options):
        with tempfile.TemporaryFile() as file:
            file.write(lines.encode())
            file.seek(0)
            return self._run_produce(options, stdin=file)

    def _run_produce(self, options, stdin):
        done = subprocess.run([program("produce"), "-b", self.bootstrap, *options], stdin=stdin, capture_output=True,
                              text=True)
        if done.returncode:
            raise RuntimeError(f"produce failed: {done.stderr}")
        return int(done.stdout.split()[-1])

    def feeder(self, rate=None):
        """A producer that stays open: write record_line(...) to its stdin, close it, wait for it."""
        return subprocess.Popen([program("produce"), "-b", self.bootstrap, *(["--rate", str(rate)] if rate else [])],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def record_line(topic, partition, key, timestamp_ms, value):
    fields = [topic, str(partition), key or "", "" if timestamp_ms is None else str(timestamp_ms)]
    return "\t".join(fields + ([] if value is None else [value])) + "\n"


# ---- Redis --------------------------------------------------------------------------------------------------------


class RespError(Exception):
    """An error reply, or a connection that ended."""


class Resp:
    """A client for one connection: redis.call("HGETALL", "x"). Replies are str, int, None, list; errors raise."""

    def __init__(self, port, timeout=10.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.reader = self.socket.makefile("rb")

    def close(self):
        self.reader.close()
        self.socket.close()

    @staticmethod
    def encode(args):
        parts = [b"*%d\r\n" % len(args)]
        for arg in args:
            data = arg if isinstance(arg, bytes) else str(arg).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        return b"".join(parts)

    def send(self, *args):
        self.socket.sendall(self.encode(args))

    def read(self, raw=False):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise RespError("connection closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RespError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self._bulk(int(rest), raw)
        if kind == b"*":
            return None if rest == b"-1" else [self.read(raw) for _ in range(int(rest))]
        raise RespError(f"not RESP: {line!r}")

    def _bulk(self, length, raw):
        if length < 0:
            return None
        data = self.reader.read(length + 2)
        if len(data) != length + 2:
            raise RespError("connection closed")
        return data[:-2] if raw else data[:-2].decode(errors="replace")

    def call(self, *args, raw=False):
        self.send(*args)
        return self.read(raw)


class Redis(Process):
    """redis-server. kill9 and start again keep what its AOF holds; without one, nothing is kept."""

    name = "redis"

    def __init__(self, appendonly=False, fsync="always", **settings):
        super().__init__()
        self.port = free_port()
        self.settings = {
            "bind": "127.0.0.1", "port": self.port, "dir": self.dir, "save": "", "daemonize": "no",
            "appendonly": "yes" if appendonly else "no", "appendfsync": fsync, "maxmemory-policy": "noeviction",
            "auto-aof-rewrite-percentage": 0, "timeout": 0, "repl-diskless-sync-delay": 0,
        }
        self.settings.update({key.replace("_", "-"): value for key, value in settings.items()})
        self._client = None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def argv(self):
        return ["redis-server", *(text for key, value in self.settings.items() for text in (f"--{key}", str(value)))]

    def is_ready(self):
        self._forget_client()
        return self.call("PING") == "PONG"

    def connect(self, timeout=10.0):
        """A connection of your own (to subscribe, to block)."""
        return Resp(self.port, timeout)

    def call(self, *args, raw=False):
        """One command on a connection that is kept, and made anew after an accident."""
        if self._client is None:
            self._client = Resp(self.port)
        try:
            return self._client.call(*args, raw=raw)
        except (OSError, RespError) as error:
            if not isinstance(error, RespError) or str(error) == "connection closed":
                self._forget_client()
            raise

    def hgetall(self, key):
        flat = self.call("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

    def keys(self, pattern="*"):
        return sorted(self.call("KEYS", pattern))

    def stream(self, key):
        """[(id, {field: value})] of a whole stream."""
        return [(entry, dict(zip(flat[::2], flat[1::2]))) for entry, flat in self.call("XRANGE", key, "-", "+")]

    def _forget_client(self):
        if self._client is not None:
            self._client.close()
            self._client = None

    def kill9(self):
        self._forget_client()
        super().kill9()

    def stop(self, timeout=30.0):
        self._forget_client()
        return super().stop(timeout)

    def copy_aof(self, to):
        """A copy of the append-only files as they are now; what a crash at this moment would leave behind."""
        shutil.copytree(self.dir / "appendonlydir", to)

    def restore_aof(self, source):
        """Put a copy back, while the server is down: Redis loses everything since."""
        assert not self.running()
        shutil.rmtree(self.dir / "appendonlydir", ignore_errors=True)
        shutil.copytree(source, self.dir / "appendonlydir")


class Sentinel(Process):
    """A Sentinel with a quorum of one that watches a master by the name "mymaster"."""

    name = "sentinel"

    def __init__(self, master):
        super().__init__()
        self.port = free_port()
        self.conf = self.dir / "sentinel.conf"
        self.conf.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.dir}\n"
            f"sentinel monitor mymaster 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 3000\n")

    def argv(self):
        return ["redis-server", str(self.conf), "--sentinel"]

    def call(self, *args):
        client = Resp(self.port)
        try:
            return client.call(*args)
        finally:
            client.close()

    def is_ready(self):
        return self.call("PING") == "PONG"

    def master_port(self):
        return int(self.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")[1])


class Replicated:
    """A master, a replica and a Sentinel, in a url that names a dead Sentinel first. Answers to hgetall, call and stream as
    the master of the moment does."""

    def __init__(self):
        self.servers = [Redis(appendonly=True)]
        self.servers.append(Redis(appendonly=True, replicaof=f"127.0.0.1 {self.servers[0].port}"))
        self.sentinel = Sentinel(self.servers[0])
        self.url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{self.sentinel.port}/mymaster/0"

    def start(self):
        for server in (*self.servers, self.sentinel):
            server.start()
        wait_until(lambda: "master_link_status:up" in self.servers[1].call("INFO", "replication"), what="replication")
        wait_until(lambda: len(self.sentinel.call("SENTINEL", "REPLICAS", "mymaster")) == 1, what="it knows the replica")
        return self

    def master(self):
        port = self.sentinel.master_port()
        return next(server for server in self.servers if server.port == port)

    def call(self, *args, raw=False):
        return self.master().call(*args, raw=raw)

    hgetall, stream = Redis.hgetall, Redis.stream

    def close(self):
        for process in (self.sentinel, *self.servers):
            process.close()


def key_slot(key):
    """The hash slot of a key: CRC16 (XMODEM) of its hash tag."""
    begin = key.find("{")
    end = key.find("}", begin + 1)
    return binascii.crc_hqx((key[begin + 1:end] if begin >= 0 and end > begin + 1 else key).encode(), 0) % 16384


class Cluster:
    """Three masters with a replica each. Kills and promotions may change the roles; what is asked goes to the master of
    the key."""

    def __init__(self):
        self.nodes = [Redis(appendonly=True, cluster_enabled="yes", cluster_port=free_port(), cluster_node_timeout=1000,
                            cluster_replica_validity_factor=0, cluster_config_file="nodes.conf") for _ in range(6)]

    @property
    def url(self):
        return "redis+cluster://%s" % ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])

    def start(self):
        for node in self.nodes:
            node.start()
        for number, master in enumerate(self.nodes[:3]):
            master.call("CLUSTER", "ADDSLOTSRANGE", number * 16384 // 3, (number + 1) * 16384 // 3 - 1)
            master.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes[1:]:
            node.call("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port, self.nodes[0].settings["cluster-port"])
        wait_until(lambda: all(self.info(node)["cluster_known_nodes"] == "6" for node in self.nodes), what="all met")
        for master, replica in zip(self.nodes, self.nodes[3:]):
            wait_until(lambda: replica.call("CLUSTER", "REPLICATE", master.call("CLUSTER", "MYID")) == "OK")
        self.wait_whole()
        return self

    @staticmethod
    def info(node):
        return dict(line.split(":", 1) for line in node.call("CLUSTER", "INFO").split() if ":" in line)

    def running(self):
        return [node for node in self.nodes if node.running()]

    def masters(self):
        """{node: its replicas}, as the nodes themselves say."""
        found = {}
        for node in self.running():
            role = node.call("ROLE")
            if role[0] == "master":
                found.setdefault(node.port, [])
            elif role[3] == "connected":
                found.setdefault(role[2], []).append(node)
        return {node: found[node.port] for node in self.nodes if node.port in found}

    def wait_whole(self):
        """Until all nodes agree that all is well and each master has its replica."""
        wait_until(lambda: all(self.info(node)["cluster_state"] == "ok" for node in self.nodes), what="cluster is ok")
        wait_until(lambda: sorted(map(len, self.masters().values())) == [1, 1, 1], what="every master has a replica")

    def owner(self, key):
        """The node that serves a key now."""
        slot = key_slot(key)
        for asked in self.running():
            for first, last, (_, port, *_), *_ in asked.call("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return next(node for node in self.nodes if node.port == port)
        raise RespError(f"nobody serves {key}")

    def call(self, *args, raw=False):
        """One command on the key that is its first argument."""
        return self.owner(args[1]).call(*args, raw=raw)

    hgetall, stream = Redis.hgetall, Redis.stream

    def move(self, key, target):
        """Move the slot of a key, with all that is in it, as redis-cli --cluster reshard does."""
        slot, source = key_slot(key), self.owner(key)
        ids = {node: node.call("CLUSTER", "MYID") for node in (source, target)}
        target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        while keys := source.call("CLUSTER", "GETKEYSINSLOT", slot, 20):
            source.call("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        for node in (target, source, *(node for node in self.masters() if node not in (source, target))):
            node.call("CLUSTER", "SETSLOT", slot, "NODE", ids[target])

    def empty(self):
        for node in self.masters():
            node.call("FLUSHALL")

    def close(self):
        for node in self.nodes:
            node.close()


# ---- plateaud -----------------------------------------------------------------------------------------------------


def make_conf(kafka=None, redis=None, sections=(), topics=("product.events",), **plateaud):
    """The text of a conf file. kafka and redis are servers of this rig; sections is a list of (header, {key: value}) in
    which a key with a list of values is written once for each; **plateaud are keys of [plateaud]."""
    top = {"http": f"127.0.0.1:{free_port()}", "idle_timeout": "2s", **plateaud}
    parts = [("plateaud", top)]
    if kafka is not None:
        parts.append(("kafka", {"bootstrap.servers": kafka.bootstrap, "session.timeout.ms": "6000",
                                "heartbeat.interval.ms": "500"}))
    if redis is not None:
        parts.append(("redis", {"url": redis.url}))
    if topics and not any(header.startswith("source") for header, _ in sections):
        parts.append(("source events", {"topics": ", ".join(topics)}))
    merged = {}
    for header, keys in [*parts, *sections]:
        merged.setdefault(header, {}).update(keys)
    lines = []
    for header, keys in merged.items():
        lines.append(f"[{header}]")
        for key, value in keys.items():
            lines += [f"{key} = {one}" for one in (value if isinstance(value, (list, tuple)) else [value])]
    return "\n".join(lines) + "\n"


class Daemon(Process):
    """plateaud -c FILE, with its log in a file. The HTTP address is read from the conf text."""

    name = "plateaud"

    def __init__(self, conf, args=()):
        super().__init__()
        self.conf_path = self.dir / "plateaud.conf"
        self.args = list(args)
        self.set_conf(conf)

    def set_conf(self, conf):
        self.conf_path.write_text(conf)
        keys = dict(line.split(" = ", 1) for line in conf.splitlines() if " = " in line)
        self.http = keys["http"]

    def argv(self):
        return [program("plateaud"), "-c", str(self.conf_path), *self.args]

    def get(self, path, timeout=5.0):
        """(status, body) of a page."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def is_ready(self):
        return self.get("/-/ready")[0] == 200

    def term(self, timeout=30.0):
        return self.stop(timeout)

    def hup(self):
        self.signal(signal.SIGHUP)

    def metrics(self):
        """{'name{label="value"}': number} as /metrics gives it."""
        return parse_metrics(self.get("/metrics")[1])

    def metric(self, name, **labels):
        """The sum of all series of a metric that carry these labels; 0 when there is none."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for series, value in self.metrics().items()
                   if series.split("{")[0] == name and all(label in series for label in wanted))


def parse_metrics(text):
    series = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            series[name] = float(value)
    return series
