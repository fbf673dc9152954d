#!/usr/bin/env python3
"""Random logs through a shard (tests/support/shard_tool) and through the oracle (count.py): the same, integer for integer.

Each log is taken in several interleavings that alignment allows (what is at hand of each input varies), with random batches,
with the state written and read back at random moments. Compared: what became of every record, every published tick, live
sums at random moments, the frontier. Law: where no place was decided by the frontier, all interleavings publish the same.

usage: check_count.py TOOL [--logs N] [--seed S] [--one LOG]     --runs is --logs; --one shows the log and what differs
"""
import argparse
import collections
import random
import subprocess
import sys
import time

import count
from count_cell import DAY, HOUR, KINDS, NEVER, US
from count_log import make_logs
from count_rules import make_rules, rules_text
from count import Shard
from count_event import Exposure

MINUTE = 60 * US
ENOUGH = 400  # logs in which everything must have been seen


def record_text(k, record):
    if k == 0:
        shares = ",".join(f"{name}={share}" for name, share in record.shares)
        return f"c {record.time} {record.state} {record.experiment} {shares}"
    if isinstance(record, Exposure):
        return f"e {k} {record.unit} {record.time} {record.identity} {record.experiment} {record.variant}"
    value = "-" if record.value is None else record.value
    return f"a {k} {record.unit} {record.time} {record.identity} {record.action} {value}"


class Run:
    """One log in one interleaving: the commands for the tool, and beside them what it must print."""

    def __init__(self, rng, rules, logs, spread, raises):
        self.rng, self.logs = rng, logs
        self.shard = Shard(rules, len(logs) - 1)
        self.queues = [[] for _ in logs]
        self.sent = [0] * len(logs)
        self.taken = [0] * len(logs)
        self.text = rules_text(rules, len(logs) - 1)
        self.expected = []
        self.published, self.made = [], []
        self.shown = 0
        clocks = sorted({clock for log in logs for clock, _ in log})
        stages = sorted(rng.sample(clocks, min(len(clocks), rng.randrange(0, 12))))
        for stage in stages:
            self.send(lambda _: stage + rng.randrange(spread + 1))
            self.some()
        self.send(lambda _: NEVER)
        while any(self.queues):
            self.some()
        self.finish(raises)

    def send(self, limit_of):
        for k, log in enumerate(self.logs):
            limit = limit_of(k)
            while self.sent[k] < len(log) and log[self.sent[k]][0] <= limit:
                record = log[self.sent[k]][1]
                self.text.append(record_text(k, record))
                self.queues[k].append(record)
                self.sent[k] += 1

    def some(self):
        rng = self.rng
        n = rng.choice([1, 3, 10, 1000])
        self.text.append(f"run {n}")
        self.take(n)
        if rng.random() < .5:
            self.advance()
        if rng.random() < .3:
            self.text.append("save")
        if rng.random() < .1:  # the caller has no room for more
            n = rng.randrange(3)
            self.text.append(f"some {n}")
            if self.expect_ticks(n):
                self.expect_frontier()
            self.text.append("save")
        if rng.random() < .05:
            self.advance()
            self.live()

    def take(self, n):
        """The head with the smallest time; control first, then the lower input. Every queue that is empty is at its end."""
        for _ in range(n):
            heads = [(queue[0].time, k) for k, queue in enumerate(self.queues) if queue]
            if not heads:
                return
            k = min(heads)[1]
            record = self.queues[k].pop(0)
            if k == 0:
                place, reason = self.shard.control(record)
                self.expected.append(f"c {place} {reason}")
                continue
            reason = self.shard.event(k - 1, record)
            if reason:
                self.expected.append(f"r {k} {self.taken[k]} {reason}")
            self.taken[k] += 1

    def expect_ticks(self, n):
        shard = self.shard
        for tick, cells, experiments in shard.publish_to(shard.frontier):
            self.made.append((tick, cells, experiments))
            self.published.append(sort_cells(count.render("T", tick, cells, experiments)))
        while self.shown < len(self.published) and n > 0:
            self.expected += self.published[self.shown]
            self.shown, n = self.shown + 1, n - 1
        return n > 0

    def expect_advance(self):
        self.expect_ticks(NEVER)
        self.expect_frontier()

    def expect_frontier(self):
        shard = self.shard
        frontier = -(1 << 63) if shard.frontier is None else shard.frontier
        complete = -(1 << 63) if shard.frontier is None or shard.frontier < 0 else count.floor(frontier, HOUR)
        self.expected.append(f"F {frontier} {complete}")

    def advance(self):
        self.text.append("advance")
        self.expect_advance()

    def raise_to(self, tick):
        self.text.append(f"raise {tick}")
        self.shard.frontier = max(tick, self.shard.frontier or 0)
        self.expect_advance()

    def live(self):
        self.text.append("live")
        cells = self.shard.live()
        self.expected += sort_cells(count.render("L", 0, cells, {}))

    def finish(self, raises):
        self.advance()
        self.live()
        self.bites = self.shard.bites  # a raise is no place of its own
        last = max([p.place for p in self.shard.events] + [c.time for _, c in self.logs[0]] + [19700 * DAY])
        first = count.floor(last, HOUR) + HOUR
        self.text.append("save")
        for by in raises:
            self.raise_to(first + by)
        self.live()


def sort_cells(lines):
    return [line for line in lines if line[0] != "C"] + sorted(line for line in lines if line[0] == "C")


def normalise(text):
    """Sort the cells of every block; of live sums only the cells are compared."""
    out, cells, live = [], [], False
    for line in text.splitlines():
        if line[0] == "C":
            cells.append(line)
            continue
        if live and line[0] == "X":
            continue
        out += sorted(cells)
        cells = []
        live = line[0] == "L"
        out.append("L 0" if live else line)
    return out + sorted(cells)


def make_runs(seed):
    rng = random.Random(seed)
    long = rng.random() < .4
    rules = make_rules(rng, long)
    logs = make_logs(rng, rules, long)
    spread = rng.choice([rules.hold // 4, rules.hold // 4, 3 * rules.hold])
    if long:
        raises = [0, rng.choice([0, HOUR, 8 * DAY, 35 * DAY, 110 * DAY])]
        raises += rng.choice([[]] * 20 + [[402 * DAY], [510 * DAY]])
    else:
        raises = [0, rng.choice([0, HOUR, 30 * HOUR, 100 * HOUR, 100 * HOUR])]
        raises += [402 * DAY] if rng.random() < .008 else []
    return [Run(rng, rules, logs, spread, raises) for _ in range(3)]


def difference(run, got):
    for at, (a, b) in enumerate(zip(run.expected + ["(end)"], got + ["(end)"])):
        if a != b:
            return f"line {at}: expected {a!r}, got {b!r}\n{block(run.expected, at)}\nbut it is\n{block(got, at)}"
    return None


def block(lines, at):
    """What begins with the title before this line, and the title after it; only the first lines."""
    first = max([n for n in range(at + 1) if n < len(lines) and lines[n][0] in "TLF"], default=0)
    shown = [line for line in lines[first:at + 6]]
    return "\n".join("  " + line for line in shown[:1] + shown[max(1, at - first - 2):])


def feed(tool, runs):
    text = "\n".join("\n".join(run.text + ["echo end"]) for run in runs)
    done = subprocess.run([tool], input=text + "\n", capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{tool} failed ({done.returncode}): {done.stderr}")
    return [normalise(part) for part in done.stdout.split("# end\n")]


def law(runs):
    """Interleavings in which the frontier decided no place publish the same ticks."""
    free = [run.published for run in runs if run.bites == 0]
    capped = any("_full" in line for run in runs for line in run.expected)
    return len(free) > 1 and not capped, all(published == free[0] for published in free[1:])


class Tally:
    """Of how much one can be sure: what was compared, and in how many interleavings each kind of cell stood, each arm of
    an area or feature, each type of metric."""

    MEASURED = ["metric " + name for name in ("conversion", "count", "sum", "mean", "retention", "funnel", "time_to")]
    ARMS = {"new": 2, "value_week": 4, "retained": 13, "value_days": 29, "breadth": 17, "known": 3, "used": 2, "cohort": 3}
    FROM_ONE = ("value_days", "breadth", "known")

    def __init__(self):
        self.logs = self.runs = self.ticks = self.records = self.lawful = 0
        self.seen = collections.Counter()

    def take(self, run):
        self.runs += 1
        self.ticks += len(run.published)
        self.records += sum(run.taken)
        types = {metric.id: metric.type for metric in run.shard.rules.metrics}
        self.seen.update({what for _, cells, _ in run.made for key in cells for what in self.names(key, types)})

    def names(self, key, types):
        kind, _, arm, detail, _ = key
        yield kind
        if kind == "metric":
            yield f"metric {types[detail]}"
        elif kind in self.ARMS:
            yield f"{kind} {arm}"

    def missing(self):
        arms = [f"{kind} {arm}" for kind, n in self.ARMS.items() for arm in range(kind in self.FROM_ONE, n)]
        return [what for what in [*KINDS, *self.MEASURED, *arms] if not self.seen[what]]

    def text(self):
        return (f"{self.logs} logs, {self.runs} interleavings, {self.records} events, {self.ticks} published ticks, "
                f"{self.lawful} logs with more than one comparable interleaving, {len(self.seen)} kinds and arms of cells")


def compare(args, seeds, tally):
    batch = [(seed, make_runs(seed)) for seed in seeds]
    runs = [(seed, run) for seed, some in batch for run in some]
    for (seed, run), got in zip(runs, feed(args.tool, [run for _, run in runs])):
        wrong = difference(run, got)
        if wrong:
            if args.one is not None:
                print("\n".join(run.text))
            sys.exit(f"log {seed}: {wrong}")
        tally.take(run)
    for seed, some in batch:
        applies, holds = law(some)
        tally.logs += 1
        tally.lawful += applies
        if applies and not holds:
            sys.exit(f"log {seed}: interleavings publish different sums")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--logs", "--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", type=int)
    args = parser.parse_args()
    seeds = [args.one] if args.one is not None else list(range(args.seed, args.seed + args.logs))
    start, tally = time.time(), Tally()
    for first in range(0, len(seeds), 50):
        compare(args, seeds[first:first + 50], tally)
    print(f"{tally.text()}: 0 differences in {time.time() - start:.1f} s")
    if args.one is None and (tally.ticks < len(seeds) or tally.lawful < len(seeds) // 4):
        sys.exit("the logs have become too tame to show anything")
    if len(seeds) >= ENOUGH and tally.missing():
        sys.exit(f"no log has {', '.join(tally.missing())}")


if __name__ == "__main__":
    main()
