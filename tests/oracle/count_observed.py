"""Usage of observed areas and features of one life, from sets of days: what the cells of kinds 16 to 36 must hold.

The events of the life are taken once more for every question; nothing is moved or taken back, only the last state is
shown. `actions` are the life's actions in order.
"""
from count_cell import DAY, US, bucket, day, monday, week

BACK = 31  # days before the newest that are remembered


class Days:
    """Which days were noted: the newest and what is not older than BACK days before it."""

    def __init__(self):
        self.days = set()

    def too_old(self, a_day):
        return bool(self.days) and a_day < max(self.days) - BACK

    def has_week(self, a_monday):
        return any(monday(d) == a_monday for d in self.days)

    def note(self, a_day):
        if self.too_old(a_day):
            return
        self.days.add(a_day)
        self.days = {d for d in self.days if d >= max(self.days) - BACK}

    def newest(self, within):
        return [d for d in sorted(self.days, reverse=True) if d >= max(self.days) - within]


def count_observed(rules, actions, cells):
    for area in rules.areas:
        if not rules.observed(area):
            continue
        events = [action for action in actions if action.action in rules.read_by(area)]
        if events:
            count_activity(area, events, cells)
            count_value(area, events, cells)
            count_features(rules, area, events, cells)
    for metric in rules.metrics:
        if metric.role == "derive":
            count_flow(metric, actions, cells)


def count_activity(area, events, cells):
    active = Days()
    for event in events:
        the_day = day(event.time)
        if not active.too_old(the_day) and not active.has_week(monday(the_day)):
            cells.add("active_week", area.id, 0, monday(the_day), 1)
        active.note(the_day)
    cells.add("active", area.id, 0, max(active.days), 1)
    cells.add("new", area.id, 0, day(events[0].time), 1)


def count_value(area, events, cells):
    born = events[0].time
    got = [event.time for event in events if event.action in area.value]
    if not got:
        return
    if born <= got[0] < born + (area.activation or 7 * DAY):
        cells.add("new", area.id, 1, day(born), 1)
    cells.add("to_value", area.id, 0, week(born), 1, detail=bucket(max(0, got[0] - born)))
    retained = {0} | {(time - got[0]) // (7 * DAY) for time in got[1:]}
    for k in retained:
        if 0 <= k <= 12:
            cells.add("retained", area.id, k, week(got[0]), 1)
    days = Days()
    for time in got:
        the_day, the_week = day(time), week(time)
        if days.too_old(the_day):
            continue
        first_of_week = not days.has_week(the_week)
        cells.add("value_week", area.id, 3, the_week, first_of_week, 1)
        if first_of_week:
            arm = 0 if not days.days else 1 if days.has_week(the_week - 7) else 2
            cells.add("value_week", area.id, arm, the_week, 1)
        days.note(the_day)
    for at, the_day in enumerate(days.newest(27)):
        cells.add("value_days", area.id, at + 1, the_day, 1)


def count_flow(metric, actions, cells):
    if metric.type not in ("conversion", "count", "sum"):
        return
    for action in actions:
        if action.action in metric.actions and (metric.type != "sum" or action.value is not None):
            cells.add("flow", metric.id, 0, week(action.time), 1, action.value if metric.type == "sum" else US)


class Way:
    """How far a unit has come with a feature."""

    def __init__(self, feature):
        self.feature = feature
        self.eligible = None   # last eligible day, of a feature with events of its own for it
        self.aware = None      # first aware day
        self.uses = []         # days of its uses, in order

    def take(self, event):
        the_day = day(event.time)
        use = event.action in self.feature.use
        aware = use or event.action in self.feature.aware
        if aware or event.action in self.feature.eligible:
            self.eligible = the_day if self.eligible is None else max(self.eligible, the_day)
        if aware and self.aware is None:
            self.aware = the_day
        if use:
            self.uses.append(the_day)

    def again(self):
        """(last use day, last use day in an earlier week): as they came."""
        last = again = None
        for d in self.uses:
            if last is None or monday(d) == monday(last):
                last = d if last is None else max(last, d)
            elif monday(d) > monday(last):
                last, again = d, last
            else:
                again = d if again is None else max(again, d)
        return last, again

    def within(self, n):
        """Was there use in two weeks, of which one is that of the first use, within n days from when it became aware?"""
        young = [d for d in self.uses if self.aware <= d < self.aware + n]
        return self.uses[0] in young and any(monday(d) != monday(self.uses[0]) for d in young)


def count_features(rules, area, events, cells):
    last_active = max(day(event.time) for event in events)
    last_days = []
    for feature in rules.features:
        if feature.area != area.id:
            continue
        way = Way(feature)
        for event in events:
            way.take(event)
        count_way(way, last_active, cells)
        if way.uses:
            last_days.append(way.again()[0])
    for at, the_day in enumerate(sorted(last_days, reverse=True)[:16]):
        cells.add("breadth", area.id, at + 1, the_day, 1)


def count_way(way, last_active, cells):
    name = way.feature.id
    own = bool(way.feature.eligible)
    if own and way.eligible is not None:
        cells.add("audience", name, 0, way.eligible, 1)
    if way.aware is None:
        return
    cells.add("known", name, 2 if way.uses else 1, way.eligible if own else last_active, 1)
    cells.add("cohort", name, 0, way.aware, 1)
    if not way.uses:
        return
    again = way.again()[1]
    took = min(90, max(0, way.uses[0] - way.aware))
    cells.add("used", name, 0 if again is None else 1, way.uses[0], 1, detail=took)
    if again is not None:
        cells.add("again", name, 0, again, 1)
    for arm, n in ((1, 28), (2, 14)):
        if way.within(n):
            cells.add("cohort", name, arm, way.aware, 1)
