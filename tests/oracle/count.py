"""What a shard must count, written a second time from design 3, 4, 6.1 and the header texts of core/count.

Naive on purpose: every accepted event is kept for ever; a tick's sums are made from scratch, from all events placed below
it. No state, no tails, no retraction. Times are integers in microseconds; nothing here is a float but declared shares.
This module has the order of events, lives of units and ticks; count_measured and count_observed what a life contributes.
"""
from count_cell import DAY, HOUR, KINDS, NEVER, US, Cells
from count_event import Action, Exposure, Placed
from count_measured import count_experiments, count_funnels
from count_observed import count_observed

UNIT_RATE = 256
READS_VALUE = ("sum", "mean")  # their properties have a bound


def floor(value, width):
    return value // width * width


class Shard:
    """Takes records in a given order; says what becomes of each; can be asked for sums of any tick."""

    def __init__(self, rules, n_inputs):
        self.rules, self.n = rules, n_inputs
        self.stream = [None] * n_inputs
        self.first = [None] * n_inputs
        self.frontier = None
        self.complete = None
        self.identities = {}  # (unit, input) -> [(identity, stamp)]
        self.events = []      # Placed, accepted and matched
        self.ends, self.started, self.states = {}, {}, {}
        self.boundaries, self.shares, self.declared = {}, {}, {}
        self.controls = []    # places of control records
        self.known = {}       # experiment -> [variants] in the order of registration
        self.bites = 0        # places that the frontier decided
        self.last = ({}, {}, None)  # published last

    # --- order (design 3) ---

    def advance_frontier(self):
        if all(s is None for s in self.stream):
            return
        have = [s for s in self.stream if s is not None]
        slowest = min(have) if len(have) == self.n else -NEVER
        f = max(slowest, max(have) - self.rules.hold) - self.rules.lateness
        if self.frontier is None or f > self.frontier:
            self.frontier = f

    def place_of(self, k, time):
        """(place, did the frontier decide it)"""
        own = time if self.stream[k] is None else max(time, self.stream[k] - self.rules.lateness)
        if self.frontier is not None and self.frontier > own:
            return self.frontier, True
        return own, False

    def refuse(self, k, event):
        """By the rules, then by the input's own log."""
        if isinstance(event, Exposure):
            if self.rules.area_of(event.experiment) is None:
                return "unknown_area"
        else:
            if event.action not in self.rules.actions:
                return None
            for metric in self.rules.metrics:
                if (metric.type in READS_VALUE and event.action in metric.actions and event.value is not None
                        and abs(event.value) > metric.bound):
                    return "out_of_range"
        before = self.stream[k]
        after = event.time if before is None else max(before, event.time)
        width = max(self.rules.lateness, US)
        in_slot = 0
        for identity, stamp in self.identities.get((event.unit, k), []):
            if identity == event.identity and before - stamp <= self.rules.dedup:
                return "duplicate"
            in_slot += floor(stamp, width) == floor(after, width)
        return "unit_rate" if in_slot >= UNIT_RATE else None

    def event(self, k, event):
        reason = self.refuse(k, event)
        if reason:
            return reason
        place, bitten = self.place_of(k, event.time)
        matched = isinstance(event, Exposure) or event.action in self.rules.actions
        if self.first[k] is None:
            self.first[k] = event.time
        self.stream[k] = event.time if self.stream[k] is None else max(self.stream[k], event.time)
        self.advance_frontier()
        if not matched:
            return None
        self.bites += bitten
        self.identities.setdefault((event.unit, k), []).append((event.identity, self.stream[k]))
        if isinstance(event, Exposure):
            reason = self.register(event, place)
            if reason:
                return reason
            subject = 0
        else:
            subject = self.rules.actions.index(event.action)
        self.events.append(Placed(place, int(isinstance(event, Action)), subject, k, event.identity,
                                  len(self.events), event))
        return None

    def register(self, event, place):
        if event.experiment not in self.known:
            if len(self.known) >= self.rules.experiments:
                return "experiments_full"
            self.known[event.experiment] = []
        if place >= self.ends.get(event.experiment, NEVER):
            return "after_end"
        variants = self.known[event.experiment]
        if event.variant not in variants:
            if len(variants) >= 16:
                return "variants_full"
            variants.append(event.variant)
        return None

    def control(self, record):
        place = record.time
        if self.frontier is not None and self.frontier > place:
            place = self.frontier
            self.bites += 1
        self.controls.append(place)
        name = record.experiment
        if self.rules.area_of(name) is None:
            return place, "accepted"
        if name not in self.known:
            if len(self.known) >= self.rules.experiments:
                return place, "experiments_full"
            self.known[name] = []
        taken = self.states.setdefault(name, set())
        if record.state != "started":
            if record.state in taken:
                return place, "control_repeated"
            taken.add(record.state)
            self.ends[name] = min(self.ends.get(name, NEVER), place)
            return place, "accepted"
        if "started" in taken and (not record.shares or record.shares == self.shares.get(name)):
            return place, "control_repeated"
        if record.shares:
            boundaries = self.boundaries.setdefault(name, [])
            if len(boundaries) == 8:
                return place, "control_full"
            boundaries.append(max([place] + boundaries[-1:]))
            self.declared.setdefault(name, []).append(dict(record.shares))
            self.shares[name] = record.shares
        taken.add("started")
        self.started[name] = min(self.started.get(name, NEVER), place)
        return place, "accepted"

    # --- sums (design 4) ---

    def lives(self):
        """Every unit's events in order, cut where it was away for longer than `forget`; void exposures left out."""
        by_unit = {}
        for placed in self.events:
            event = placed.event
            if isinstance(event, Exposure) and placed.place >= self.ends.get(event.experiment, NEVER):
                continue
            by_unit.setdefault(event.unit, []).append(placed)
        lives = []
        for events in by_unit.values():
            events.sort(key=lambda p: (p.place, p.kind, p.subject, p.input, p.identity, p.seq))
            life = []
            for placed in events:
                if life and placed.place - life[-1].place > self.rules.forget:
                    lives.append(life)
                    life = []
                life.append(placed)
            lives.append(life)
        return lives

    def segment(self, experiment, place):
        boundaries = self.boundaries.get(experiment, [])
        return max(sum(b <= place for b in boundaries) - 1, 0)

    def contribution(self, life):
        cells = Cells()
        count_experiments(self, life, cells)
        count_funnels(self.rules, life, cells)
        count_observed(self.rules, [p.event for p in life if isinstance(p.event, Action)], cells)
        return cells

    def sums(self, lives, tick):
        """Cells of all events placed below tick (None: of all), of whatever age."""
        n = tuple(len(life.events) if tick is None else life.below(tick) for life in lives)
        cells = self.made.get(n)
        if cells is None:
            cells = self.made[n] = Cells()
            for life, k in zip(lives, n):
                cells.merge(life.prefix(self, k))
        return cells

    def begin(self):
        """Lives as of now; what was made of earlier ones is of no use any more."""
        self.made = {}
        return [Life(life) for life in self.lives()]

    def live(self):
        return self.sums(self.begin(), None).kept(self.complete)

    def experiments(self, tick):
        """name -> (smallest time, joined late, variants by place of first exposure) of exposures placed below tick."""
        seen = {}
        for placed in self.events:
            event = placed.event
            if isinstance(event, Exposure) and placed.place < min(tick, self.ends.get(event.experiment, NEVER)):
                time, variants = seen.get(event.experiment, (NEVER, {}))
                variants[event.variant] = min(variants.get(event.variant, NEVER), placed.place)
                seen[event.experiment] = (min(time, event.time), variants)
        first = min(t for t in self.first if t is not None) if seen else 0
        out = {}
        for name, (time, variants) in seen.items():
            joined_late = not self.started.get(name, NEVER) < tick and time - first <= DAY
            order = [v for _, v in sorted((p, v) for v, p in variants.items())]
            out[name] = (time, int(joined_late), order, self.shares_below(name, tick, order))
        return out

    def shares_below(self, name, tick, variants):
        """Of each segment that began below tick, the declared shares; one of zeros when none was declared."""
        n = sum(boundary < tick for boundary in self.boundaries.get(name, []))
        return [[shares.get(v, 0) for v in variants] for shares in (self.declared[name][:n] if n else [{}])]

    def dues(self, cells):
        """The first ticks at or after the end of a metric's window over a day that holds units, or over a week that
        holds times."""
        windows = {metric.id: metric.window for metric in self.rules.metrics}
        for (kind, name, _, detail, pane), value in cells.items():
            if value[0] and kind in ("exposed", "time"):
                area = self.rules.area_of(name).id
                mine = [metric.window for metric in self.rules.metrics if metric.area == area] if kind == "exposed" \
                    else [windows[detail.split("@")[0]]]
                yield from (-(-(KINDS[kind].end(pane) + window) // HOUR) * HOUR for window in mine)

    def next_tick(self, tick, cells):
        """The next one at which anything may be new: events and control records that are placed below it, panes that
        are not kept any more, windows that end."""
        moments = [placed.place for placed in self.events] + self.controls
        moments = [floor(moment, HOUR) + HOUR for moment in moments]
        moments += [-(-KINDS[key[0]].gone(key[4]) // HOUR) * HOUR for key in cells]
        return min([moment for moment in moments + list(self.dues(cells)) if moment > tick], default=NEVER)

    def publish_to(self, frontier):
        """All ticks up to the frontier, in order: those whose sums differ from the last published, or that are due."""
        if frontier is None or frontier < 0:
            return []
        last_tick = floor(frontier, HOUR)
        places = [p.place for p in self.events]
        if self.complete is None:
            self.complete = min([floor(place, HOUR) - HOUR for place in places] + [last_tick])
        lives = self.begin()
        out = []
        tick = self.complete
        while True:
            tick = self.next_tick(tick, self.sums(lives, tick))
            if tick > last_tick:
                break
            cells = self.sums(lives, tick).kept(tick)
            now = (cells, self.experiments(tick), max((p.place // DAY for p in self.events if p.place < tick), default=None))
            if now != self.last or tick in self.dues(cells):
                out.append((tick, *now[:2]))
                self.last = now
        self.complete = last_tick
        return out


class Life:
    """One life and what each of its prefixes contributes."""

    def __init__(self, events):
        self.events = events
        self.prefixes = {}

    def below(self, tick):
        n = 0
        while n < len(self.events) and self.events[n].place < tick:
            n += 1
        return n

    def prefix(self, shard, n):
        if n not in self.prefixes:
            self.prefixes[n] = shard.contribution(self.events[:n])
        return self.prefixes[n]


def render(title, tick, cells, experiments):
    """The same lines as tests/support/shard_tool prints, cells in any order."""
    lines = [f"{title} {tick}"]
    for name in sorted(experiments):
        time, joined_late, variants, shares = experiments[name]
        shown = "".join(" | " + ",".join("%.17g" % share for share in row) for row in shares)
        lines.append(" ".join(["X", name, str(time), str(joined_late), *variants]) + shown)
    for (kind, subject, arm, metric, pane), (n, s, q) in cells.items():
        lines.append(f"C {KINDS[kind].number} {subject} {arm} {metric} {pane} {n} {s} {q}")
    return lines
