"""Holds the count room against ahead.py: seeded logs in which some producers' clocks run ahead, and silences after which
the whole log does, of inputs whose clocks nobody bounds, through the program shard_tool.

    check_ahead.py TOOL [--logs N] [--seed N] [--one SEED]

Decisions, places, published ticks and live cells must be equal line by line, at any interleaving and through saves.
"""
import argparse
import random
import sys

import check_count
from ahead import HeldShard
from check_count import Run
from count_cell import DAY, HOUR, US
from count_log import Shape, make_event
from count_rules import MINUTE, make_rules


def make_logs(rng, rules):
    """As in check_count: (clock at which it was written, record). Long enough for rows of 32."""
    n_inputs = rng.choice([1, 1, 2])
    shape = Shape(rng, rules, False)
    shape.scale = rng.choice([2 * US, MINUTE, HOUR, 9 * HOUR])
    shape.many = shape.burst = False
    skew = rng.choice([0, 0, .03, .3, .6])
    clock = 19700 * DAY + rng.randrange(2 * DAY)
    logs = [[] for _ in range(n_inputs + 1)]
    for _ in range(rng.randrange(60, 300)):
        clock += rng.randrange(2 * shape.scale)
        if rng.random() < .01:
            clock += rng.randrange(4 * DAY)
        k = rng.randrange(1, n_inputs + 1)
        event = make_event(rng, rules, clock, shape)
        if rng.random() < skew:
            event = event._replace(time=event.time + rng.choice([DAY, DAY + US, 2 * DAY, 365 * DAY, 365 * DAY, 366 * DAY]))
        elif rng.random() < .03:
            event = event._replace(time=event.time - rng.choice([DAY - US, DAY, DAY + US, 30 * DAY]))
        logs[k].append((clock, event))
    return logs


class AheadRun(Run):
    def __init__(self, rng, rules, logs, unbounded, spread, raises):
        self.unbounded = unbounded
        check_count.Shard = self.make_shard
        check_count.rules_text = lambda *args: [*RULES_TEXT(*args), *(f"unbounded {k + 1}" for k in sorted(unbounded))]
        super().__init__(rng, rules, logs, spread, raises)

    def make_shard(self, rules, n_inputs):
        shard = HeldShard(rules, n_inputs)
        shard.unbounded = self.unbounded
        return shard

    def finish(self, raises):
        self.text.append("run 100000")  # what is being released when the log ends
        self.take(100000)
        super().finish(raises)

    def take(self, n):
        for _ in range(n):
            heads = []
            for k, queue in enumerate(self.queues):
                released = self.shard.released(k - 1) if k else None
                if released:
                    heads.append((released[1].time, k))
                elif queue:
                    heads.append((self.shard.turn(k - 1, queue[0].time), k))
            if not heads:
                return
            k = min(heads)[1]
            if self.shard.released(k - 1):
                self.shard.take_released(k - 1)
                self.tell()
                continue
            at, self.taken[k] = self.taken[k], self.taken[k] + 1
            reason = self.shard.arrive(k - 1, at, self.queues[k].pop(0))
            if reason:
                self.expected.append(f"r {k} {at} {reason}")
            self.tell()

    def tell(self):
        self.expected += [f"r {input + 1} {before} {why}" for input, before, why in self.shard.told]
        self.shard.told = []


RULES_TEXT = check_count.rules_text


def make_runs(seed):
    rng = random.Random(seed)
    rules = make_rules(rng, False)
    logs = make_logs(rng, rules)
    inputs = range(len(logs) - 1)
    unbounded = set(inputs) if rng.random() < .8 else {0}
    raises = [0, rng.choice([0, 30 * HOUR, 100 * HOUR])]
    return [AheadRun(rng, rules, logs, unbounded, rng.choice([rules.hold // 4, 3 * rules.hold]), raises) for _ in range(2)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--logs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", type=int)
    args = parser.parse_args()
    seeds = [args.one] if args.one is not None else list(range(args.seed, args.seed + args.logs))
    released = refused = ticks = lawful = 0
    for first in range(0, len(seeds), 50):
        batch = [(seed, make_runs(seed)) for seed in seeds[first:first + 50]]
        runs = [(seed, run) for seed, some in batch for run in some]
        for (seed, run), got in zip(runs, check_count.feed(args.tool, [run for _, run in runs])):
            wrong = check_count.difference(run, got)
            if wrong:
                if args.one is not None:
                    print("\n".join(run.text))
                sys.exit(f"log {seed}: {wrong}")
            released, refused = released + run.shard.released_events, refused + run.shard.refused
            ticks += len(run.published)
        for seed, some in batch:
            applies, holds = check_count.law(some)
            lawful += applies
            if applies and not holds:
                sys.exit(f"log {seed}: interleavings publish different sums")
    print(f"{len(seeds)} logs, {ticks} published ticks, {released} held events taken, {refused} refused, {lawful} logs with "
          "comparable interleavings: 0 differences")
    if args.one is None and (released < 10 * len(seeds) or refused < len(seeds) or lawful < len(seeds) // 8):
        sys.exit("the logs have become too tame to show anything")


if __name__ == "__main__":
    main()
