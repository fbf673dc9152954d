#!/usr/bin/env python3
"""Random logs through a shard (tests/support/shard_tool) and through the oracle (count.py): the same, integer for integer.

Each log is taken in several interleavings that alignment allows (what is at hand of each input varies), with random batches,
with the state written and read back at random moments. Compared: what became of every record, every published tick, live
sums at random moments, the frontier. Law: where no place was decided by the frontier, all interleavings publish the same.

usage: check_count.py TOOL [--logs N] [--seed S] [--one LOG]
"""
import argparse
import random
import subprocess
import sys
import time

import count
from count import DAY, HOUR, US, Action, Control, Exposure, Funnel, Metric, Rules, Shard

MINUTE = 60 * US
ACTIONS = ["view", "cart", "buy", "ping", "quit"]
STATES = ["stopped", "shipped", "reverted"]


def make_rules(rng):
    rules = Rules(lateness=rng.choice([0, US, MINUTE, MINUTE, 10 * MINUTE]),
                  hold=rng.choice([5 * MINUTE, 10 * MINUTE, 2 * HOUR]),
                  dedup=rng.choice([0, MINUTE, 10 * MINUTE, HOUR]),
                  forget=rng.choice([2 * HOUR, 6 * HOUR, DAY, 90 * DAY, 90 * DAY]),
                  experiments=rng.choice([1000] * 9 + [2]))
    rules.areas = [("checkout", "c_"), ("search", "s_")]
    for n in range(rng.randrange(0, 5)):
        kind = rng.choice(["conversion", "count", "sum"])
        rules.metrics.append(Metric(f"m{n}", kind, rng.choice(["checkout", "checkout", "search"]),
                                    rng.choice([10 * MINUTE, HOUR, 6 * HOUR, 7 * HOUR + 1, DAY, 3 * DAY]),
                                    0 if kind == "conversion" else rng.choice([0, 0, 2 * US, 5 * US]),
                                    rng.choice([10 * US, 10**15]) if kind == "sum" else 0,
                                    rng.sample(ACTIONS[:4], rng.choice([1, 1, 2]))))
    for n in range(rng.randrange(0, 3)):
        steps = [(rng.choice(ACTIONS[:3]), rng.choice([0, 0, 5 * MINUTE, HOUR])) for _ in range(rng.choice([2, 2, 3, 4]))]
        if rng.random() < .6:
            steps = [(ACTIONS[s % 3], gap) for s, (_, gap) in enumerate(steps)]
        rules.funnels.append(Funnel(f"f{n}", "checkout", rng.choice([0, 20 * MINUTE, 2 * HOUR, DAY]), steps))
    for metric in rules.metrics:
        rules.read(*metric.actions)
    for funnel in rules.funnels:
        rules.read(*[action for action, _ in funnel.steps])
    return rules


def rules_text(rules, n_inputs):
    out = ["reset"]
    for name in ("lateness", "hold", "dedup", "forget", "experiments"):
        out.append(f"set {name} {getattr(rules, name)}")
    out += [f"area {name} {prefix}*" for name, prefix in rules.areas]
    for m in rules.metrics:
        out.append(f"metric {m.id} {m.type} {m.area} {m.window} {m.cap} {m.bound} price {','.join(m.actions)}")
    for f in rules.funnels:
        steps = ",".join(f"{action}:{gap}" for action, gap in f.steps)
        out.append(f"funnel {f.id} {f.area} {f.window} {steps}")
    return out + [f"shard {n_inputs}"]


class Shape:
    """What kind of log: how coarse its times are (exact boundaries and ties), and what it has much of."""

    def __init__(self, rng):
        self.grid = rng.choice([1, 1, US, US, 10 * MINUTE, HOUR, 6 * HOUR])
        self.names = ["c_one", "c_two", "s_three", "nowhere"][:rng.choice([1, 2, 4])]
        self.many = rng.random() < .03  # variants
        self.variants = [f"v{n}" for n in range(20)] if self.many else ["control", "B", "C"]
        self.exposures = .9 if self.many else .35
        self.controls = .4 if rng.random() < .04 else .04
        self.burst = rng.random() < .01
        self.scale = rng.choice([2 * US, MINUTE, 10 * MINUTE, HOUR])


def make_event(rng, rules, clock, shape):
    lag = rng.choice([0, 0, 0, 0, rng.randrange(rules.lateness + 1), rng.randrange(3 * rules.lateness + 1),
                      rng.randrange(3 * HOUR)])
    at = count.floor(clock - lag, shape.grid)
    unit = rng.randrange(1, rng.choice([3, 6]))
    identity = rng.getrandbits(63)
    if rng.random() < shape.exposures:
        wild = shape.many or rng.random() < .3
        variant = rng.choice(shape.variants) if wild else shape.variants[unit % 2]
        return Exposure(unit, at, identity, shape.names[0] if shape.many else rng.choice(shape.names), variant)
    value = rng.choice([None, US, 3 * US // 2, -US, 0, 20 * US])
    return Action(unit, at, identity, rng.choice(ACTIONS), value)


def make_control(rng, clock, shape):
    shares = rng.choice([(), (("control", .5), ("B", .5)), (("control", .25), ("B", .75))])
    state = rng.choice(STATES) if rng.random() < (.4 if shape.controls < .1 else .03) else "started"
    at = count.floor(clock - rng.choice([0, 0, rng.randrange(HOUR)]), shape.grid)
    return Control(at, state, rng.choice(shape.names), shares if state == "started" else ())


def make_logs(rng, rules):
    """For the control topic and each input, in order: (clock at which it was written, record)."""
    n_inputs = rng.choice([1, 1, 2, 2, 3])
    shape = Shape(rng)
    clock = 19700 * DAY + count.floor(rng.randrange(2 * DAY), shape.grid)
    logs = [[] for _ in range(n_inputs + 1)]
    for _ in range(rng.randrange(5, 80)):
        step = rng.choice([0, US, rng.randrange(shape.scale), rng.randrange(4 * shape.scale)])
        if rng.random() < .01:
            step = rng.randrange(rng.choice([4 * HOUR, 3 * DAY]))
        clock += step if shape.grid == 1 else count.floor(step, shape.grid) + rng.choice([0, 0, shape.grid])
        k = rng.randrange(1, n_inputs + 1)
        if rng.random() < shape.controls:
            logs[0].append((clock, make_control(rng, clock, shape)))
        elif logs[k] and rng.random() < .12:  # again, perhaps with another time
            again = rng.choice(logs[k][-6:])[1]
            logs[k].append((clock, again._replace(time=rng.choice([again.time, clock]))))
        else:
            logs[k].append((clock, make_event(rng, rules, clock, shape)))
    for _ in range(rng.randrange(250, 600) if shape.burst else 0):
        clock += rng.randrange(US // 4)
        logs[1].append((clock, Action(1, clock, rng.getrandbits(63), rng.choice(ACTIONS), US)))
    return logs


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
        self.published = []
        self.shown = 0
        clocks = sorted({clock for log in logs for clock, _ in log})
        stages = sorted(rng.sample(clocks, min(len(clocks), rng.randrange(0, 12))))
        for stage in stages:
            self.send(lambda _: stage + rng.randrange(spread + 1))
            self.some()
        self.send(lambda _: count.NEVER)
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
            self.published.append(sort_cells(count.render("T", tick, cells, experiments)))
        while self.shown < len(self.published) and n > 0:
            self.expected += self.published[self.shown]
            self.shown, n = self.shown + 1, n - 1
        return n > 0

    def expect_advance(self):
        self.expect_ticks(count.NEVER)
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
    rules = make_rules(rng)
    logs = make_logs(rng, rules)
    spread = rng.choice([rules.hold // 4, rules.hold // 4, 3 * rules.hold])
    raises = [0, rng.choice([0, HOUR, 30 * HOUR, 100 * HOUR, 100 * HOUR])]
    if rng.random() < .008:
        raises.append(402 * DAY)
    return [Run(rng, rules, logs, spread, raises) for _ in range(3)]


def difference(run, got):
    for at, (a, b) in enumerate(zip(run.expected + ["(end)"], got + ["(end)"])):
        if a != b:
            return f"line {at}: expected {a!r}, got {b!r}\n  after {got[max(0, at - 3):at]}"
    return None


def feed(tool, runs):
    text = "\n".join("\n".join(run.text + [f"echo end"]) for run in runs)
    done = subprocess.run([tool], input=text + "\n", capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{tool} failed ({done.returncode}): {done.stderr}")
    return [normalise(part) for part in done.stdout.split("# end\n")]


def law(runs):
    """Interleavings in which the frontier decided no place publish the same ticks."""
    free = [run.published for run in runs if run.bites == 0]
    capped = any("_full" in line for run in runs for line in run.expected)
    return len(free) > 1 and not capped, all(published == free[0] for published in free[1:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--logs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", type=int)
    args = parser.parse_args()
    seeds = [args.one] if args.one is not None else list(range(args.seed, args.seed + args.logs))
    start, checked, ticks, records, lawful = time.time(), 0, 0, 0, 0
    for first in range(0, len(seeds), 50):
        batch = [(seed, make_runs(seed)) for seed in seeds[first:first + 50]]
        runs = [(seed, run) for seed, some in batch for run in some]
        for (seed, run), got in zip(runs, feed(args.tool, [run for _, run in runs])):
            wrong = difference(run, got)
            if wrong:
                if args.one is not None:
                    print("\n".join(run.text))
                sys.exit(f"log {seed}: {wrong}")
            checked += 1
            ticks += len(run.published)
            records += sum(run.taken)
        for seed, some in batch:
            applies, holds = law(some)
            lawful += applies
            if applies and not holds:
                sys.exit(f"log {seed}: interleavings publish different sums")
    print(f"{len(seeds)} logs, {checked} interleavings, {records} events, {ticks} published ticks, "
          f"{lawful} logs with more than one comparable interleaving: 0 differences in {time.time() - start:.1f} s")
    if args.one is None and (ticks < len(seeds) or lawful < len(seeds) // 4):
        sys.exit("the logs have become too tame to show anything")


if __name__ == "__main__":
    main()
