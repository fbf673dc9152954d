#!/usr/bin/env python3
"""Some seeds of the simulator against tests/oracle/count.py: what was published and what is stored in the end.

usage: oracle.py SIM_COMMIT [--seeds N] [--from SEED]
"""
import argparse
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "oracle"))
import count  # noqa: E402
from count_event import Action, Area, Control, Exposure, Feature, Funnel, Metric, Rules  # noqa: E402


class Seed:
    def __init__(self, line):
        self.number, self.n_topics, self.n_partitions, self.reloads = line
        self.rules = None
        self.logs = {}
        self.control = []
        self.blocks = []

    def log(self, partition, topic):
        return self.logs.setdefault((int(partition), int(topic)), [])

    def take(self, kind, *rest):
        if kind == "rules":
            lateness, hold, dedup, forget = map(int, rest)
            self.rules = Rules(lateness=lateness, hold=hold, dedup=dedup, forget=forget)
            self.rules.areas = [Area("cart", "c_", (), 0, "kbuy", None)]
        elif kind == "actions":
            self.rules.read(*rest)
        elif kind == "metric":
            name, what, window, cap, bound, *actions = rest
            self.rules.metrics.append(Metric(name, what, "cart", "delivery", 0, int(window), 0, int(cap), int(bound),
                                             tuple(actions), (), None))
        elif kind == "funnel":
            name, window, *steps = rest
            steps = [(step.split(":")[0], int(step.split(":")[1])) for step in steps]
            self.rules.funnels.append(Funnel(name, "cart", int(window), steps))
        elif kind == "feature":
            name, *events = rest
            lists = [tuple(e.split("=")[1] for e in events if e.split("=")[0] == of) for of in ("use", "aware", "eligible")]
            self.rules.features.append(Feature(name, "cart", *lists))
        elif kind == "c":
            time, state, experiment, *shares = rest
            shares = tuple((s.split("=")[0], float(s.split("=")[1])) for s in shares)
            self.control.append(Control(int(time), state, experiment, shares))
        elif kind == "e":
            partition, topic, unit, time, identity, experiment, variant = rest
            self.log(partition, topic).append(Exposure(unit, int(time), int(identity), experiment, variant))
        elif kind == "a":
            partition, topic, unit, time, identity, action, value = rest
            value = None if value == "-" else int(value)
            self.log(partition, topic).append(Action(unit, int(time), int(identity), action, value))
        elif kind in ("T", "L"):
            self.blocks.append((kind, int(rest[0]), int(rest[1]), set()))
        elif kind == "C":
            self.blocks[-1][3].add(" ".join(rest))

    def shard(self, partition):
        """All records in the order of alignment; control first, then the lower input."""
        shard = count.Shard(self.rules, int(self.n_topics))
        queues = [list(self.control)] + [list(self.log(partition, k)) for k in range(int(self.n_topics))]
        while any(queues):
            k = min((queue[0].time, k) for k, queue in enumerate(queues) if queue)[1]
            record = queues[k].pop(0)
            if k == 0:
                shard.control(record)
            else:
                shard.event(k - 1, record)
        return shard

    def check(self):
        for partition in range(int(self.n_partitions)):
            shard = self.shard(partition)
            if shard.bites:
                return f"shard {partition}: the frontier decided a place"
            lives = shard.begin()
            for kind, p, tick, cells in self.blocks:
                if p != partition:
                    continue
                expected = shard.sums(lives, tick if kind == "T" else None).kept(tick)
                expected = {line[2:] for line in count.render("T", 0, expected, {})[1:]}
                if expected != cells:
                    return f"shard {p} {kind} {tick}: missing {expected - cells}, wrong {cells - expected}"
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--from", type=int, default=1, dest="first")
    args = parser.parse_args()
    done = subprocess.run([args.tool, "--seeds", str(args.seeds), "--from", str(args.first), "--dump"],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{args.tool} failed ({done.returncode}): {done.stderr}{done.stdout[-500:]}")
    seeds = []
    for line in done.stdout.splitlines():
        words = line.split()
        if words[0] == "seed":
            seeds.append(Seed(words[1:]))
        elif seeds:
            seeds[-1].take(*words)
    checked = blocks = 0
    for seed in seeds:
        if seed.reloads == "1":
            continue
        wrong = seed.check()
        if wrong:
            sys.exit(f"seed {seed.number}: {wrong}")
        checked += 1
        blocks += len(seed.blocks)
    print(f"{checked} seeds, {blocks} publications and stored states: 0 differences")
    if checked < args.seeds / 2 or blocks < 3 * checked:
        sys.exit("the seeds show too little")


if __name__ == "__main__":
    main()
