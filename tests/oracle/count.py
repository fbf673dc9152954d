"""What a shard must count, written a second time from design 3, 4, 6.1 and the header texts of core/count.

Naive on purpose: every accepted event is kept for ever; a tick's sums are made from scratch, from all events placed below
it. No state, no tails, no retraction. Times are integers in microseconds; nothing here is a float but declared shares.
"""
from collections import namedtuple

US = 1_000_000
HOUR, DAY = 3600 * US, 86400 * US
EXPOSED, METRIC, MIXED, SEGMENT, FUNNEL, FUNNEL_HOUR = range(1, 7)
KEPT = {FUNNEL: (DAY, 400), FUNNEL_HOUR: (HOUR, 48)}
UNIT_RATE = 256
NEVER = 1 << 62

Metric = namedtuple("Metric", "id type area window cap bound actions")
Funnel = namedtuple("Funnel", "id area window steps")  # steps: [(action, max_gap)]
Exposure = namedtuple("Exposure", "unit time identity experiment variant")
Action = namedtuple("Action", "unit time identity action value")
Control = namedtuple("Control", "time state experiment shares")
Placed = namedtuple("Placed", "place kind subject input identity seq event")


class Rules:
    def __init__(self, **options):
        self.lateness = self.hold = self.dedup = self.forget = 0
        self.experiments = 1000
        self.areas, self.metrics, self.funnels, self.actions = [], [], [], []
        self.__dict__.update(options)

    def read(self, *names):
        for name in names:
            if name not in self.actions:
                self.actions.append(name)

    def area_of(self, experiment):
        for area, prefix in self.areas:
            if experiment.startswith(prefix):
                return area
        return None


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
        self.known = {}       # experiment -> [variants] in the order of registration
        self.bites = 0        # places that the frontier decided
        self.last = ({}, {})  # published last

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
                if (metric.type == "sum" and event.action in metric.actions and event.value is not None
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

    def total(self, metric, actions, t0):
        total = 0
        for action in actions:
            if action.action not in metric.actions or not t0 <= action.time < t0 + metric.window:
                continue
            if metric.type == "conversion":
                total = US
            elif metric.type == "count":
                total += US
            elif action.value is not None:
                total += action.value
        if metric.type != "conversion" and metric.cap > 0:
            total = min(total, metric.cap)
        return total

    def count_experiments(self, life, cells):
        first = {}
        for at, placed in enumerate(life):
            if isinstance(placed.event, Exposure):
                first.setdefault(placed.event.experiment, at)
        for name, at in first.items():
            variant, t0 = life[at].event.variant, life[at].event.time
            day = t0 // DAY
            if any(isinstance(p.event, Exposure) and p.event.experiment == name and p.event.variant != variant
                   for p in life[at:]):
                add(cells, (MIXED, name, "0", "0", day), 1)
                continue
            add(cells, (EXPOSED, name, variant, "0", day), 1)
            add(cells, (SEGMENT, name, variant, str(self.segment(name, life[at].place)), 0), 1)
            actions = [p.event for p in life[at:] if isinstance(p.event, Action)]
            for metric in self.rules.metrics:
                if metric.area == self.rules.area_of(name):
                    x = self.total(metric, actions, t0)
                    add(cells, (METRIC, name, variant, metric.id, day), 0, x, x * x)

    def attempts(self, funnel, actions):
        """[(entry, steps reached)] of one life."""
        done = []
        entry = last = None  # of the open attempt
        ended = -NEVER       # when the previous one did
        reached = 0
        for action in actions:
            if reached:
                gap = funnel.steps[reached][1]
                deadline = min(entry + funnel.window if funnel.window else NEVER, last + gap if gap else NEVER)
                if action.action == funnel.steps[reached][0] and last <= action.time < deadline:
                    reached, last = reached + 1, action.time
                    if reached == len(funnel.steps):
                        done.append((entry, reached))
                        reached, ended = 0, last
                    continue
                if action.action == funnel.steps[0][0] and action.time >= deadline:
                    done.append((entry, reached))
                    entry, last, reached = action.time, action.time, 1
                continue
            if action.action == funnel.steps[0][0] and action.time >= ended:
                entry, last, reached = action.time, action.time, 1
        if reached:
            done.append((entry, reached))
        return done

    def count_funnels(self, life, cells):
        actions = [p.event for p in life if isinstance(p.event, Action)]
        for funnel in self.rules.funnels:
            unique = set()
            for entry, reached in self.attempts(funnel, actions):
                for step in range(reached):
                    for kind, (width, _) in KEPT.items():
                        key = (kind, funnel.id, str(step), "0", entry // width)
                        add(cells, key, 1, key not in unique)
                        unique.add(key)

    def contribution(self, life):
        cells = {}
        self.count_experiments(life, cells)
        self.count_funnels(life, cells)
        return cells

    def kept(self, key, tick):
        if key[0] not in KEPT or tick is None:
            return True
        width, n = KEPT[key[0]]
        return (key[4] + 1) * width > tick - n * width

    def sums(self, lives, tick, cut):
        """Cells of all events placed below tick (None: of all)."""
        n = tuple(len(life.events) if tick is None else life.below(tick) for life in lives)
        cells = self.made.get(n)
        if cells is None:
            cells = self.made[n] = {}
            for life, k in zip(lives, n):
                for key, (c, s, q) in life.prefix(self, k).items():
                    add(cells, key, c, s, q)
        return {key: value for key, value in cells.items() if any(value) and self.kept(key, cut)}

    def begin(self):
        """Lives as of now; what was made of earlier ones is of no use any more."""
        self.made = {}
        return [Life(life) for life in self.lives()]

    def live(self):
        return self.sums(self.begin(), None, self.complete)

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

    def due(self, cells, tick):
        """Is this the first tick at or after the end of a metric's window over a day that holds units?"""
        for key, value in cells.items():
            if key[0] != EXPOSED or value[0] == 0:
                continue
            for metric in self.rules.metrics:
                if metric.area == self.rules.area_of(key[1]):
                    if -(-((key[4] + 1) * DAY + metric.window) // HOUR) * HOUR == tick:
                        return True
        return False

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
        for tick in range(self.complete + HOUR, last_tick + 1, HOUR):
            cells = self.sums(lives, tick, tick)
            now = (cells, self.experiments(tick))
            if now != self.last or self.due(cells, tick):
                out.append((tick, *now))
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


def add(cells, key, n, s=0, q=0):
    a, b, c = cells.get(key, (0, 0, 0))
    cells[key] = (a + n, b + int(s), c + q)


def render(title, tick, cells, experiments):
    """The same lines as tests/support/shard_tool prints, cells in any order."""
    lines = [f"{title} {tick}"]
    for name in sorted(experiments):
        time, joined_late, variants, shares = experiments[name]
        shown = "".join(" | " + ",".join("%.17g" % share for share in row) for row in shares)
        lines.append(" ".join(["X", name, str(time), str(joined_late), *variants]) + shown)
    for (kind, subject, arm, metric, pane), (n, s, q) in cells.items():
        lines.append(f"C {kind} {subject} {arm} {metric} {pane} {n} {s} {q}")
    return lines
