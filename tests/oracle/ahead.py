"""What a shard must do with clocks that run ahead, written a second time from the header text of core/count/held.h, beside
count.py: which events of an input whose clocks nobody bounds are taken, and when. Naive as that."""
from count import READS_VALUE, Shard
from count_cell import DAY
from count_event import Exposure

RECORDS = 32


class HeldShard(Shard):
    """Shard, with inputs whose clocks nobody bounds. Every record has one event; `at` is its place in the log."""

    def __init__(self, rules, n_inputs):
        super().__init__(rules, n_inputs)
        self.unbounded = set()
        self.held = [[] for _ in range(n_inputs)]  # [(at, event)]
        self.releasing = [None] * n_inputs         # (where the log is, what stays held, what is to be looked at)
        self.told = []                             # [(input, at, reason)] of held events that were refused since
        self.released_events = self.refused = 0

    def against_rules(self, event):
        if isinstance(event, Exposure):
            return "unknown_area" if self.rules.area_of(event.experiment) is None else None
        for metric in self.rules.metrics:
            if (metric.type in READS_VALUE and event.action in metric.actions and event.value is not None
                    and abs(event.value) > metric.bound):
                return "out_of_range"
        return None

    def is_ahead(self, k, time):
        return self.stream[k] is None or time > self.stream[k] + DAY

    def arrive(self, k, at, event):
        """What becomes of the event now; see `told` for what becomes of earlier ones."""
        if k not in self.unbounded:
            return self.event(k, event)
        reason = self.against_rules(event)
        if reason:
            return reason
        if self.is_ahead(k, event.time):
            self.held[k].append((at, event))
            if len(self.held[k]) >= RECORDS:
                self.release(k)
            return None
        if event.time >= self.stream[k] - DAY:
            self.told += [(k, before, "clock_ahead") for before, _ in self.held[k]]
            self.refused += len(self.held[k])
            self.held[k] = []
        return self.event(k, event)

    def release(self, k):
        self.releasing[k] = (min(event.time for _, event in self.held[k]), [], self.held[k])
        self.held[k] = []

    def released(self, k):
        """(place in the log, event) of the held event that comes next in this input, or None: not before it is over."""
        if self.releasing[k] is None:
            return None
        base, kept, rest = self.releasing[k]
        here = base if self.stream[k] is None else max(base, self.stream[k])
        while rest and rest[0][1].time > here + DAY:
            kept.append(rest.pop(0))
        if rest:
            return rest[0]
        self.releasing[k], self.held[k] = None, kept
        return None

    def take_released(self, k):
        at, event = self.releasing[k][2].pop(0)
        self.released_events += 1
        reason = self.event(k, event)
        if reason:
            self.told.append((k, at, reason))

    def turn(self, k, time):
        """The time by which a record takes its turn among the inputs."""
        if k not in self.unbounded or not self.is_ahead(k, time):
            return time
        return -(1 << 63) if self.stream[k] is None else self.stream[k]
