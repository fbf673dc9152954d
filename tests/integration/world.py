"""A seeded product: logs of two source topics and the control topic, and what must come out of them.

Units are spread over partitions by a hash of their id, the same for both topics. Logs have disorder within the lateness of
their own input and duplicates that are sent again within `dedup`. What must come out is said by tests/oracle/count.py,
which is written from the specification and shares nothing with the daemon.
"""

import collections
import json
import math
import random
import sys
import zlib
from datetime import datetime, timezone

import rig

sys.path.insert(0, str(rig.ROOT / "tests" / "oracle"))
import count  # noqa: E402
import count_event  # noqa: E402

US = 1_000_000
DAY = count.DAY
START = 1_700_006_400 * US // DAY * DAY  # a midnight
STEPS = ["Product Viewed", "Checkout Started", "Order Completed"]
NOISE = ["Page Viewed", "Banner Closed", "Search Done"]
MASK = (1 << 64) - 1


def hash64(seed, data):
    """util/hash.h: FNV-1a 64 with a final avalanche."""
    h = seed
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & MASK
    h ^= h >> 33
    h = h * 0xFF51AFD7ED558CCD & MASK
    h ^= h >> 33
    h = h * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 33


def hash_long(seed, data):
    """util/hash.h: eight bytes a step, the rest as hash64."""
    h = seed ^ len(data) * 0x9E3779B97F4A7C15 & MASK
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        h = (h ^ int.from_bytes(data[at:at + 8], "little")) * 0xFF51AFD7ED558CCD & MASK
        h ^= h >> 32
    return hash64(h, data[whole:])


def identity(topic, record_id, kind, name):
    """core/event.h: the identity by which duplicates are found and ties are broken."""
    h = ord(kind)
    for part in (topic, record_id, name):
        h = hash_long(h, part.encode())
    return h


def stamp(time_us):
    return datetime.fromtimestamp(time_us // US, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + ".%03dZ" % (
        time_us % US // 1000)


Record = collections.namedtuple("Record", "topic partition key time_us value event")


class World:
    def __init__(self, seed=1, units=4000, events=60_000, days=24, partitions=8, disorder=True, duplicates=.2,
                 topics=("web", "app"), control="control"):
        self.random = random.Random(seed)
        self.units, self.n_events, self.days, self.partitions = units, events, days, partitions
        self.disorder, self.duplicates = disorder, duplicates
        self.topics, self.control_topic = list(topics), control
        self.lateness = 60 * US
        self.logs = collections.defaultdict(list)  # (topic index, partition) -> [Record] in log order
        self.control = []                          # [(time_us, dict)] in log order
        self._numbers = 0
        self._make()

    # --- what the product does ---

    def _arms(self, unit):
        """Experiments of a unit: name, variant, second variant for the few that see both."""
        for number in range(6):
            chance = zlib.crc32(f"{unit}/{number}".encode())
            if chance % 4 < 3:
                variant = "B" if chance // 7 % 2 else "control"
                mixed = chance // 100 % 60 == 0
                yield number, f"cart_{number}", variant, ("control" if variant == "B" else "B") if mixed else None

    def _topic(self):
        """Seven of eight events go to the first topic: drained at the same speed, the second is over long before it."""
        return int(self.random.random() < .125)

    def _unit(self, unit):
        chance = self.random
        when = START + int(chance.random() * (self.days - 6) * DAY)
        k = self._topic()
        out = []
        for number, name, variant, other in self._arms(unit):
            begin = START + number * DAY // 2
            if when < begin:
                continue
            out.append((k, when + chance.randrange(3600) * US, name, variant))
            if other:
                out.append((1 - k, when + chance.randrange(DAY // US) * US, name, other))
        for _ in range(max(1, int(chance.expovariate(US / (US * (self.n_events / self.units - 4)))))):
            at = when + int(chance.random() * 5 * DAY)
            step = chance.random()
            name = STEPS[0] if step < .4 else STEPS[1] if step < .6 else STEPS[2] if step < .7 else chance.choice(NOISE)
            out.append((self._topic(), at, name, None))
        return out

    def _make(self):
        arrivals = collections.defaultdict(list)
        for number in range(self.units):
            unit = f"user-{number:06d}"
            partition = zlib.crc32(unit.encode()) % self.partitions
            for k, time_us, name, variant in self._unit(unit):
                self._event(arrivals, unit, partition, k, time_us // 1000 * 1000, name, variant)
        for (k, partition), entries in arrivals.items():
            entries.sort(key=lambda entry: entry[:2])
            self.logs[k, partition] = [entry[2] for entry in entries]
        for number in (1, 3):
            at = START + (10 + number) * DAY + 5 * US
            self.control.append((at, {"type": "lifecycle", "experiment": f"cart_{number}",
                                      "state": "shipped" if number == 1 else "stopped", "time": stamp(at)}))
        for number in range(3):
            at = START + number * DAY // 2 - US * 5
            self.control.append((at, {"type": "lifecycle", "experiment": f"cart_{number}", "state": "started",
                                      "variants": {"control": .5, "B": .5}, "time": stamp(at)}))
        self.control.sort(key=lambda pair: pair[0])

    def _event(self, arrivals, unit, partition, k, time_us, name, variant):
        self._numbers += 1
        record_id = f"m{self._numbers}"
        body = {"type": "track", "event": name, "userId": unit, "messageId": record_id, "timestamp": stamp(time_us)}
        if variant is not None:
            body["event"] = "Experiment Viewed"
            body["properties"] = {"experiment_id": name, "variation_id": variant}
            event = count_event.Exposure(unit, time_us, identity(self.topics[k], record_id, "e", name), name, variant)
        else:
            value = self.random.randrange(1, 20000)
            body["properties"] = {"revenue": value / 100}
            event = count_event.Action(unit, time_us, identity(self.topics[k], record_id, "a", name), name, value * 10_000)
        record = Record(k, partition, unit, time_us, json.dumps(body), event)
        late = self.random.randrange(self.lateness) if self.disorder else 0
        arrivals[k, partition].append((time_us + late, self._numbers, record))
        if self.random.random() < self.duplicates:
            again = self.random.randrange(5 * 60 * US)
            arrivals[k, partition].append((time_us + late + again, self._numbers, record))

    # --- to Kafka ---

    def rows(self):
        """Rows for the producer: topics in turn, each partition in its log's order."""
        by_time = []
        for (k, partition), log in self.logs.items():
            clock = 0
            for at, record in enumerate(log):
                clock = max(clock, record.time_us)
                by_time.append((clock, k, partition, at, record))
        by_time.sort(key=lambda row: row[:4])
        for _, k, partition, _, record in by_time:
            yield self.topics[k], partition, record.key, record.time_us // 1000, record.value

    def control_rows(self):
        for time_us, body in self.control:
            yield self.control_topic, 0, None, time_us // 1000, json.dumps(body)

    def create(self, kafka):
        kafka.create(*(f"{topic}:{self.partitions}" for topic in self.topics), f"{self.control_topic}:1")

    def produce(self, kafka):
        self.create(kafka)
        kafka.produce(self.control_rows())
        kafka.produce(self.rows())

    def sections(self):
        return [
            ("source events", {"topics": ", ".join(self.topics)}),
            ("area checkout", {"owner": "growth", "experiments": "cart_*", "goal": "orders",
                               "funnel": " > ".join(STEPS), "smallest_return": "1%", "landmark": "7d"}),
            ("metric orders", {"area": "checkout", "type": "conversion", "event": "Order Completed", "window": "2d"}),
            ("metric views", {"area": "checkout", "type": "count", "event": "Product Viewed", "window": "1d",
                              "cap": "5"}),
            ("metric revenue", {"area": "checkout", "type": "sum", "event": "Order Completed",
                                "property": "revenue", "window": "3d", "cap": "500"}),
        ]

    # --- what must come out ---

    def rules(self):
        rules = count_event.Rules(lateness=60 * US, hold=600 * US, dedup=600 * US, forget=90 * DAY)
        rules.areas = [count_event.Area("checkout", "cart_", (), 0, "orders", None)]
        rules.metrics = [
            metric_of("orders", "conversion", 2 * DAY, "Order Completed"),
            metric_of("views", "count", DAY, "Product Viewed", cap=5 * US),
            metric_of("revenue", "sum", 3 * DAY, "Order Completed", cap=500 * US, bound=math.inf),
        ]
        rules.funnels = [count_event.Funnel("checkout", "checkout", 0, [(step, 0) for step in STEPS])]
        return rules

    def shard(self, partition, rules):
        """The oracle's shard of one partition, after everything, taken in the order of times."""
        order = self.action_order
        rules.actions = list(order)
        shard = count.Shard(rules, len(self.topics))
        heads = [list(reversed(self.logs[k, partition])) for k in range(len(self.topics))]
        control = list(reversed(self.control))
        rejected = collections.Counter()
        while control or any(heads):
            k = min((k for k in range(len(heads)) if heads[k]), key=lambda k: (heads[k][-1].time_us, k), default=None)
            if control and (k is None or control[-1][0] <= heads[k][-1].time_us):
                time_us, body = control.pop()
                shares = body.get("variants")
                shard.control(count_event.Control(time_us, body["state"], body["experiment"],
                                            tuple(sorted(shares.items())) if shares else None))
                continue
            reason = shard.event(k, heads[k].pop().event)
            rejected[reason or "accepted"] += 1
        return shard, rejected

    action_order = ("Order Completed", "Product Viewed", "Checkout Started")

    def expected(self):
        """(cells of the whole product at the last tick, that tick, counts of what became of the events)"""
        shards, rejected = [], collections.Counter()
        for partition in range(self.partitions):
            shard, counts = self.shard(partition, self.rules())
            shards.append(shard)
            rejected += counts
        largest = max(max((p.place for p in shard.events), default=0) for shard in shards)
        largest = max([largest, *(max(s for s in shard.stream if s is not None) for shard in shards)])
        tick = largest // count.HOUR * count.HOUR + count.HOUR
        total = count.Cells()
        for shard in shards:
            total.merge(shard.sums(shard.begin(), tick).kept(tick))
        return total, tick, rejected


def metric_of(name, kind, window, action, cap=0, bound=0):
    return count_event.Metric(name, kind, "checkout", "delivery", 0, window, 0, cap, bound, (action,), (), None)


def window_sums(cells, metric, experiment, variant, first, last):
    """(n, sum, sum2) over exposure days."""
    n = sum(value[0] for key, value in cells.items()
            if key[:3] == ("exposed", experiment, variant) and first <= key[4] <= last)
    got = [value for key, value in cells.items()
           if key[:4] == ("metric", experiment, variant, metric) and first <= key[4] <= last]
    return n, sum(value[1] for value in got), sum(value[2] for value in got)
