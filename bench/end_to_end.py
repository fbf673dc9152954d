#!/usr/bin/env python3
"""The daemon on real Kafka and Redis, beside a raw drain of the same topic in the same run. See README.md.

    bench/end_to_end.py [--events N] [--repeat N] [--units N] [--seconds S] [--only NAME,...] [--rate N]

Names: workloads, backfill, delay, memory, replay, kill. CPU is user + system time of one process, from its start until
every record's offset is committed in Redis. Each figure is a median over --repeat rounds, with the smallest and the
largest beside it; the drain is measured again in every round.
"""

import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "integration"))

import rig  # noqa: E402
import traffic  # noqa: E402
from traffic import PARTITIONS, Mix  # noqa: E402

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """User and system time of a process with all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def spread(values, unit=""):
    """Median (smallest-largest)."""
    return f"{statistics.median(values):.3g} ({min(values):.3g}-{max(values):.3g}){unit}"


def say(*cells):
    print("  ".join(f"{cell:<34}" if at == 0 else f"{cell:<24}" for at, cell in enumerate(cells)).rstrip(), flush=True)


class Bench:
    def __init__(self, options, kafka, directory):
        self.options, self.kafka, self.dir = options, kafka, directory
        self.number = 0

    # --- topics ---

    def topic(self, name, mix, topics=1, stamped=True):
        """Make topics and fill them; (their names, the file of lines)."""
        names = [f"{name}-{at}" for at in range(topics)]
        self.kafka.create(*(f"{topic}:{PARTITIONS}" for topic in names))
        path = traffic.write_lines(self.dir / name, mix, names, stamped)
        self.kafka.produce_file(path)
        return names, path

    # --- one process at work ---

    def drain(self, topics, records, plain=False):
        """(CPU in us per record, records per s) of throwing everything away."""
        self.number += 1
        done = subprocess.run(
            [rig.program("kafka_probe"), "-b", self.kafka.bootstrap, "--group", f"drain-{self.number}", "--topics",
             ",".join(topics), "--plain" if plain else "--drain"], capture_output=True, text=True, check=True)
        line = next(line for line in done.stdout.splitlines() if line.startswith("drained")).split()
        assert int(line[1]) == records, done.stdout
        return int(line[4]) / records, records / int(line[3]) * 1e6

    def daemon(self, redis, topics, workers=1, sections=None, **keys):
        self.number += 1
        keys = {"idle_timeout": "10m", "workers": str(workers), "group": f"bench-{self.number}",
                "control": "bench-control", **keys}
        return rig.Daemon(rig.make_conf(self.kafka, redis, topics=topics, sections=sections or traffic.SECTIONS, **keys))

    def catch_up(self, redis, topics, workers=1, sections=None, **keys):
        """A new daemon reads the topics from the beginning; what that took, as a dict."""
        records = sum(self.wanted[topic] for topic in topics)
        with self.daemon(redis, topics, workers, sections, **keys) as daemon:
            redis_before, start = cpu_s(redis.pid), time.monotonic()
            daemon.spawn()
            rig.wait_until(lambda: committed(redis, topics) >= records, 600, .02, what="all offsets are committed")
            wall = time.monotonic() - start
            took = {"us": cpu_s(daemon.pid) * 1e6 / records, "rate": records / wall, "rss": rss_bytes(daemon.pid),
                    "redis_us": (cpu_s(redis.pid) - redis_before) * 1e6 / records}
            took["metrics"] = {name: daemon.metric(f"plateaud_{name}") for name in (
                "commits_total", "commit_bytes_total", "cells", "units", "events_unmatched_total")}
            check_log(daemon)
            return took

    # --- what is measured ---

    def workload(self, title, topics, runs):
        """Drains and daemons in turn, as often as asked; runs are (label, keyword arguments of catch_up)."""
        records = sum(self.wanted[topic] for topic in topics)
        drains, plains, found = [], [], {label: [] for label, _ in runs}
        for _ in range(self.options.repeat):
            plains.append(self.drain(topics, records, plain=True)[0])
            drains.append(self.drain(topics, records))
            for label, keys in runs:
                with rig.Redis(appendonly=True, fsync="everysec") as redis:
                    found[label].append(self.catch_up(redis.start(), topics, **keys))
        drain_us = [us for us, _ in drains]
        say(f"{title}: librdkafka alone", spread(plains, " us"))
        say(f"{title}: drain", spread(drain_us, " us"), "1", spread([rate / 1e3 for _, rate in drains], " k/s"))
        for label, took in found.items():
            ratios = [one["us"] / us for one, us in zip(took, drain_us)]
            say(f"{title}: {label}", spread([one["us"] for one in took], " us"), spread(ratios, " x"),
                spread([one["rate"] / 1e3 for one in took], " k/s"),
                f"Redis {spread([one['redis_us'] for one in took], ' us')}",
                f"{statistics.median(one['metrics']['commit_bytes_total'] for one in took) / records:.0f} B/event")
        return found, drain_us

    def workloads(self):
        n = self.options.events
        one, two = ("1 worker", {}), ("2 workers", {"workers": 2})
        say("workload", "CPU per event", "beside the drain", "rate", "", "committed")
        self.rates = self.workload("every event matches", self.filled("all", Mix(n)), [one, two])[0]
        self.workload("one in ten matches", self.filled("tenth", Mix(n, exposures=1, steps=5, rounds=60)), [one])
        self.workload("all on ten units", self.filled("ten", Mix(n, users=16)), [one])
        self.workload("two topics", self.filled("two", Mix(n), topics=2), [one])

    def backfill(self):
        """The same events, but over 60 days: what the hourly ticks cost."""
        n = self.options.events
        flat = self.workload("6 hours", self.filled("hours", Mix(n)), [("1 worker", {})])[0]["1 worker"]
        long = self.workload("60 days", self.filled("days", Mix(n, hours=1440)), [("1 worker", {})])[0]["1 worker"]
        ticks = (1440 - 6) * PARTITIONS
        extra_us = (statistics.median(one["us"] for one in long) - statistics.median(one["us"] for one in flat)) * n
        cells = statistics.median(one["metrics"]["cells"] for one in long)
        say("a tick of a shard", f"{extra_us / ticks:.0f} us", f"{cells / PARTITIONS:.0f} cells in the end",
            f"{extra_us / ticks / (cells / PARTITIONS) * 1e3 * 2:.0f} ns per cell, half of them on average")

    def replay(self):
        """plateauctl replay of the same lines without Kafka and Redis."""
        n = self.options.events
        path = self.dir / "replay.jsonl"
        with open(path, "w") as out:
            out.writelines(value + "\n" for _, _, value in Mix(n).values())
        conf = self.dir / "replay.conf"
        conf.write_text(rig.make_conf(self.kafka, sections=traffic.SECTIONS, topics=["none"]))
        us = []
        for _ in range(self.options.repeat):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([rig.BUILD / "src" / "plateauctl", "replay", "-c", conf, path], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            us.append((after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1e6 / n)
        path.unlink()
        say("replay of a file", spread(us, " us"))

    def memory(self):
        """Growth of the daemon from a tenth of the units to all of them: an exposure and an action each, little fetched ahead
        and nearly all of it settled."""
        many = self.options.units
        topics = self.filled("few", UnitMix(0, many // 10))
        with rig.Redis(appendonly=True, fsync="everysec") as redis, self.daemon(
                redis.start(), topics, dedup="1s", lateness="1s", kafka_queue="1MB") as daemon:
            daemon.spawn()
            points = [self.settled(redis, daemon, topics)]
            self.kafka.produce_file(traffic.write_lines(self.dir / "more", UnitMix(many // 10, many), topics))
            self.wanted[topics[0]] += 2 * (many - many // 10)
            points.append(self.settled(redis, daemon, topics))
            (few, few_rss, few_redis), (all_units, all_rss, all_redis) = points
            grown = all_units - few
            say("memory per unit", f"{(all_rss - few_rss) / grown:.0f} B",
                f"Redis {(all_redis - few_redis) / grown:.0f} B", f"{few:.0f} -> {all_units:.0f} units",
                f"RSS {few_rss / 1e6:.0f} -> {all_rss / 1e6:.0f} MB")

    def settled(self, redis, daemon, topics):
        wait_caught_up(redis, topics, self.wanted)
        time.sleep(2)
        used = dict(line.split(":") for line in redis.call("INFO", "memory").split() if ":" in line)["used_memory"]
        return daemon.metric("plateaud_units"), rss_bytes(daemon.pid), int(used)

    def kill(self):
        """kill -9 at the end of the log, more records, a new start: caught up again when?"""
        topics = self.filled("kill", Mix(self.options.events // 2))
        with rig.Redis(appendonly=True, fsync="everysec") as redis, self.daemon(redis.start(), topics) as daemon:
            daemon.spawn()
            wait_caught_up(redis, topics, self.wanted)
            for _ in range(self.options.repeat):
                daemon.kill9()
                more = Mix(10_000, hours=1, seed=7)
                self.kafka.produce_file(traffic.write_lines(self.dir / "more", more, topics))
                self.wanted[topics[0]] += more.records
                logged, start = daemon.log().count("event=assigned"), time.monotonic()
                daemon.spawn()
                rig.wait_until(lambda: daemon.log().count("event=assigned") >= logged + PARTITIONS, 60, .005)
                assigned = time.monotonic()
                wait_caught_up(redis, topics, self.wanted)
                say("kill -9", f"{assigned - start:.2f} s to reassign", f"{time.monotonic() - assigned:.2f} s to catch up",
                    f"{daemon.metric('plateaud_units'):.0f} units")

    def delay(self):
        """Written to the producer -> its offset committed in Redis, for every record, at half of the peak rate."""
        half = self.options.rate or self.half_of_peak()
        mix = Mix(int(half * self.options.seconds), hours=1)
        topic = "delay-0"
        self.kafka.create(f"{topic}:{PARTITIONS}")
        self.wanted[topic] = mix.records
        path = traffic.write_lines(self.dir / "delay", mix, [topic], stamped=False)
        with rig.Redis(appendonly=True, fsync="everysec") as redis, self.daemon(redis.start(), [topic]) as daemon:
            daemon.start()
            sent, seen = pace_and_watch(self.kafka, redis, topic, path, half)
            check_log(daemon)
        delays = sorted(delays_of(sent, seen))
        say("produced -> committed in Redis", f"p50 {delays[len(delays) // 2] * 1e3:.0f} ms",
            f"p99 {delays[len(delays) * 99 // 100] * 1e3:.0f} ms", f"max {delays[-1] * 1e3:.0f} ms",
            f"at {half / 1e3:.0f} k/s")

    def half_of_peak(self):
        topics = self.filled("peak", Mix(self.options.events))
        with rig.Redis(appendonly=True, fsync="everysec") as redis:
            return self.catch_up(redis.start(), topics)["rate"] / 2

    wanted = {}

    def filled(self, name, mix, topics=1):
        names, path = self.topic(name, mix, topics)
        path.unlink()
        for topic in names:
            self.wanted[topic] = mix.records // len(names)
        return names


class UnitMix(Mix):
    """Units from first to last: each an exposure to the one experiment and an action."""

    def __init__(self, first, last):
        super().__init__(2 * (last - first), hours=(last - first) / 1e6)
        self.first, self.last = first, last

    def values(self):
        plain = Mix.values(Mix(self.records, users=PARTITIONS, experiments=1, exposures=0, steps=1, rounds=1))
        half = self.records // 2
        for i, (_, at_ms, value) in enumerate(plain):
            user = self.first + i % half
            at_ms += int(self.first * .02)
            value = value.replace(f'"user-{i % PARTITIONS:08d}"', f'"user-{user:08d}"').replace(
                "ajs-next-0001", f"ajs-next-{self.first % 9973:04x}")
            if i < half:
                name = value.index('"event":"') + 9
                value = value[:name] + "Experiment Viewed" + value[value.index('"', name):]
                begin = value.index('"properties":{') + 14
                variant = "B" if user & 8 else "control"
                value = value[:begin] + f'"experiment_id":"cart_0","variation_id":"{variant}"' + value[
                    value.index("}", begin):]
            yield user, at_ms, value


# ---- Redis, as a reader sees it -------------------------------------------------------------------------------------


def offsets(redis, topic):
    """The committed offset of each partition."""
    return [int(redis.call("HGET", f"plateaud:{{main/{p}}}:meta", f"offset:{topic}") or 0) for p in range(PARTITIONS)]


def committed(redis, topics):
    return sum(sum(offsets(redis, topic)) for topic in topics)


def wait_caught_up(redis, topics, wanted):
    records = sum(wanted[topic] for topic in topics)
    rig.wait_until(lambda: committed(redis, topics) >= records, 600, .01, what="all offsets are committed")


def check_log(daemon):
    log = daemon.log()
    assert "shard_halted" not in log, log[-2000:]


def pace_and_watch(kafka, redis, topic, path, rate):
    """Feed the lines at a rate, a slice each 5 ms. Returns [(time, lines written so far)] and [(time, offsets)]."""
    lines = path.read_bytes().splitlines(keepends=True)
    sent, seen, stop = [], [], threading.Event()
    watching = redis.connect()

    def watch():
        while not stop.is_set():
            seen.append((time.monotonic(), [int(watching.call(
                "HGET", f"plateaud:{{main/{p}}}:meta", f"offset:{topic}") or 0) for p in range(PARTITIONS)]))
            if sum(seen[-1][1]) >= len(lines):
                return
            time.sleep(.004)

    watcher = threading.Thread(target=watch)
    watcher.start()
    feeder = subprocess.Popen([rig.program("produce"), "-b", kafka.bootstrap], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL)
    start, done = time.monotonic(), 0
    while done < len(lines):
        due = min(len(lines), int((time.monotonic() - start) * rate))
        if due > done:
            sent.append((time.monotonic(), due))
            feeder.stdin.write(b"".join(lines[done:due]))
            feeder.stdin.flush()
            done = due
        time.sleep(.005)
    feeder.stdin.close()
    feeder.wait()
    watcher.join(60)
    stop.set()
    return sent, seen


def delays_of(sent, seen):
    """Seconds from writing each record (the start of the write of its slice) to the first look that saw its offset."""
    looks, line = [0] * PARTITIONS, 0
    for written, end in sent:
        for i in range(line, end):
            p, offset = i % PARTITIONS, i // PARTITIONS
            while looks[p] < len(seen) and seen[looks[p]][1][p] <= offset:
                looks[p] += 1
            assert looks[p] < len(seen), "a record was never committed"
            yield seen[looks[p]][0] - written
        line = end


def main():
    names = ("workloads", "backfill", "delay", "memory", "replay", "kill")
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--units", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=0, help="for delay, instead of half of the peak")
    parser.add_argument("--only", default=",".join(names))
    options = parser.parse_args()
    options.events = options.events // (2 * PARTITIONS) * 2 * PARTITIONS
    wanted = options.only.split(",")
    assert set(wanted) <= set(names), f"names are {', '.join(names)}"
    with tempfile.TemporaryDirectory(prefix="plateaud-bench-") as directory, rig.Kafka() as kafka:
        kafka.start()
        kafka.create("bench-control:1")
        bench = Bench(options, kafka, pathlib.Path(directory))
        for name in wanted:
            getattr(bench, name)()


if __name__ == "__main__":
    main()
