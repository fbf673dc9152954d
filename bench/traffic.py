"""Lines for the benchmarks: a product's events as Segment sends them, about 300 bytes each, for tests/support/produce.

Line i goes to partition i % PARTITIONS, so the offset of every record is known beforehand: i // PARTITIONS.
"""

import random
import time

PARTITIONS = 8
START_S = 1_700_006_400 // 86400 * 86400  # a midnight
STEPS = ("Product Viewed", "Cart Opened", "Checkout Started", "Order Completed")
NOISE = ("Page Viewed", "Banner Closed", "Search Done", "Video Played")
SECTIONS = [
    ("area shop", {"owner": "growth", "experiments": "*", "goal": "orders", "funnel": " > ".join(STEPS),
                   "smallest_return": "1%", "landmark": "7d"}),
    ("metric orders", {"area": "shop", "type": "conversion", "event": STEPS[3], "window": "2d"}),
    ("metric revenue", {"area": "shop", "type": "sum", "event": STEPS[3], "property": "revenue", "window": "2d",
                        "cap": "500"}),
]


class Mix:
    """What a topic holds. Of `rounds` records, `exposures` are exposures, `steps` funnel steps, the rest noise."""

    def __init__(self, records, users=200_000, experiments=10, exposures=1, steps=5, rounds=6, hours=6, seed=1):
        self.records, self.users, self.experiments = records, users, experiments
        self.exposures, self.steps, self.rounds, self.hours, self.seed = exposures, steps, rounds, hours, seed

    def body(self, chance, user):
        draw = int(chance.random() * self.rounds)
        if draw < self.exposures:
            number = int(chance.random() * self.experiments)
            variant = "B" if (user * 2654435761 >> number + 7) & 1 else "control"
            return "Experiment Viewed", f'"experiment_id":"cart_{number}","variation_id":"{variant}"'
        names = STEPS if draw < self.exposures + self.steps else NOISE
        name = names[int(chance.random() * 4)]
        return name, f'"revenue":{int(chance.random() * 20000) / 100},"currency":"EUR","coupon":null'

    def values(self):
        """(user, time in ms, JSON) of every record, in the order of their times."""
        chance = random.Random(self.seed)
        step_ms = self.hours * 3_600_000 / self.records
        spread = max(1, self.users // PARTITIONS)
        second, text = -1, ""
        for i in range(self.records):
            at_ms = START_S * 1000 + int(i * step_ms)
            if at_ms // 1000 != second:
                second = at_ms // 1000
                text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            user = int(chance.random() * spread) * PARTITIONS + i % PARTITIONS
            name, properties = self.body(chance, user)
            yield user, at_ms, (
                f'{{"type":"track","event":"{name}","userId":"user-{user:08d}",'
                f'"messageId":"ajs-next-{self.seed:04x}-4222-8333-{i:012x}","timestamp":"{text}.{at_ms % 1000:03d}Z",'
                f'"properties":{{{properties}}},"context":{{"page":{{"path":"/checkout/done"}},"locale":"de-DE",'
                f'"ip":"203.0.113.9"}}}}')


def write_lines(path, mix, topics, stamped=True):
    """Topics take the records in turn, PARTITIONS at a time. Not stamped: the record's time is when it is produced."""
    with open(path, "w") as out:
        for i, (user, at_ms, value) in enumerate(mix.values()):
            topic = topics[i // PARTITIONS % len(topics)]
            out.write(f"{topic}\t{i % PARTITIONS}\tu{user}\t{at_ms if stamped else ''}\t{value}\n")
    return path
