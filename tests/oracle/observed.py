"""Features, value and takings from events: observed.py PLATEAUCTL

Logs of seeded products go through `plateauctl replay --json`; every figure of its lines `feature`, `value` and `area` is
computed again here from the events themselves, by definition (statistics.md 2.8, design 4): sets of users and days, no
cells, no panes. Users stay below `forget`, so a user is one unit.
"""
import collections
import datetime
import json
import math
import os
import random
import subprocess
import sys
import tempfile

from scipy import stats

DAY = 86400
MICRO = 10**6
FIRST = 1767571200 // DAY  # 2026-01-05, a Monday
BAR = .2
ACTIVATION = 3 * DAY * MICRO

CONF = """
[plateaud]
instance      = oracle
hash_key_file = %(folder)s/key
[kafka]
bootstrap.servers = 127.0.0.1:1
[source events]
topics = events
[redis]
url = redis://127.0.0.1:1/0
[area docs]
owner      = web
goal       = Goal
value      = Got Value
activation = 3d
value_bar  = 20%%
[metric price]
area     = docs
role     = derive
type     = sum
event    = Paid
property = price
[feature search]
area  = docs
aware = Search Seen
use   = Searched
[feature filters two]
area = docs
use  = Filtered
[feature share]
area     = docs
eligible = Opened
aware    = Share Seen
use      = Shared It
%(launched)s
"""

# eligible, aware, use
FEATURES = {
    "search": (None, {"Search Seen"}, "Searched"),
    "filters two": (None, set(), "Filtered"),
    "share": ({"Opened"}, {"Share Seen"}, "Shared It"),
}
KINDS = ("discovery", "trial", "fit")


def day(time):
    return time // (DAY * MICRO)


def monday(at):
    return at - (at - 4) % 7


def date(at):
    return datetime.datetime.fromtimestamp(at * DAY, datetime.timezone.utc).strftime("%Y-%m-%d")


class Product:
    """Users come all the time, live for a while, get less value and pay more as weeks go by."""

    def __init__(self, seed, weeks, users):
        self.random = random.Random(seed)
        self.events = []
        for user in range(users):
            self.live(user, weeks)
        self.events.sort(key=lambda event: event[0])

    def live(self, user, weeks):
        start = FIRST * DAY + self.random.random() * weeks * 7 * DAY * .8
        rate = self.random.choice([.15, .4, 1.])
        end = min(start + self.random.expovariate(1 / (60 * DAY)), (FIRST + 7 * weeks) * DAY)
        knows = self.random.random() < .3, self.random.random() < .4, self.random.random() < .6
        at = start
        while at < end:
            self.act(user, at, at - start, knows)
            at += self.random.expovariate(rate / DAY)

    def act(self, user, at, age, knows):
        week = (at - FIRST * DAY) / (7 * DAY)
        draw = self.random.random()
        table = [
            (.25 * math.exp(-.02 * week), "Got Value", True), (.35, "Opened", True), (.42, "Search Seen", knows[0]),
            (.55, "Searched", knows[0]), (.62, "Filtered", knows[1] and age < 20 * DAY), (.66, "Share Seen", True),
            (.72, "Shared It", knows[2]), (.78, "Paid", True), (.8, "Goal", True),
        ]
        for limit, name, does in table:
            if draw < limit and does:
                price = round(5 * math.exp(.03 * week) * self.random.uniform(.8, 1.2), 2) if name == "Paid" else None
                self.events.append((int(at * MICRO), user, name, price))
                return

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            for number, (time, user, name, price) in enumerate(self.events):
                moment = datetime.datetime.fromtimestamp(time // MICRO, datetime.timezone.utc)
                file.write(json.dumps({
                    "type": "track", "userId": "u%d" % user, "event": name, "messageId": "m%d" % number,
                    "timestamp": "%s.%06dZ" % (moment.strftime("%Y-%m-%dT%H:%M:%S"), time % MICRO),
                    "properties": {} if price is None else {"price": price},
                }) + "\n")


class Check:
    def __init__(self):
        self.total = self.wrong = 0

    def same(self, what, got, want):
        self.total += 1
        if want is None or got is None:
            right = want is None and got is None
        elif isinstance(want, str):
            right = got == want
        else:
            right = abs(float(got) - want) <= 1e-9 * max(1, abs(want))
        if not right:
            self.wrong += 1
            print("%s: got %s, want %s" % (what, got, want))


def fit(y, alpha):
    """Drift per 12 weeks, its widened standard error and the verdict: statistics.md 2.8."""
    known = [(week, value) for week, value in enumerate(y) if value is not None]
    weeks, values = [float(k[0]) for k in known], [k[1] for k in known]
    m, line = len(known), stats.linregress(weeks, values)
    rest = [v - line.intercept - line.slope * w for w, v in zip(weeks, values)]
    squares = sum(e * e for e in rest)
    near = sum(a * b for a, b, w, x in zip(rest, rest[1:], weeks, weeks[1:]) if x - w == 1)
    r = min(.9, max(0, near / squares + 1 / m))
    error = math.sqrt(squares / (m - 2) / sum((w - sum(weeks) / m)**2 for w in weeks)) * math.sqrt((1 + r) / (1 - r))
    drift, error = 12 * line.slope, 12 * error
    half = stats.t.ppf(1 - alpha, m - 2) * error
    verdict = ("stable" if -.1 < drift - half and drift + half < .1 else "rising" if drift - half > 0 else
               "falling" if drift + half < 0 else "inconclusive")
    return drift, error, verdict


def look(first, now, lag):
    """k and the Mondays of the last look at a weekly series that is mature `lag` weeks after a week's end."""
    mature = (now - first) // 7 - lag
    if mature < 12:
        return 0, []
    k = (mature - 12) // 4 + 1
    return k, [first + 7 * week for week in range(12 + 4 * (k - 1))][-52:]


class Truth:
    def __init__(self, events, tick):
        self.tick, self.last = tick, day(tick - 1)
        self.now = monday(day(tick))
        self.window = range(self.last - 27, self.last + 1)
        self.of = collections.defaultdict(list)
        for time, user, name, price in events:
            if time < tick:
                self.of[user].append((time, name, price))
        self.value = {user: [e[0] for e in list_ if e[1] == "Got Value"] for user, list_ in self.of.items()}
        self.value_weeks = {user: {monday(day(t)) for t in times} for user, times in self.value.items()}
        self.active_weeks = {user: {monday(day(e[0])) for e in list_} for user, list_ in self.of.items()}
        self.first = min(min(weeks) for weeks in self.active_weeks.values())

    def feature(self, name, launched):
        """Counts as the fields name them, and days to adopt."""
        eligible, aware, use = FEATURES[name]
        young = launched is not None and self.tick < (launched + 56) * DAY * MICRO
        cohort = range(launched, self.last - 13) if young else range(self.last - 55, self.last - 27)
        count, days = collections.Counter(declared_new=int(young)), []
        for list_ in self.of.values():
            mine = [(day(t), n) for t, n, _ in list_]
            able = [d for d, n in mine if eligible is None or n in eligible or n in aware or n == use]
            known = [d for d, n in mine if n in aware or n == use]
            uses = [d for d, n in mine if n == use]
            here = bool(able) and able[-1] in self.window
            again = [d for d in uses if monday(d) < monday(uses[-1])]
            count["eligible"] += here
            count["aware"] += here and bool(known)
            count["adopted"] += here and bool(uses)
            count["repeating"] += bool(again) and again[-1] in self.window
            if uses and uses[0] in self.window:
                count["adopters"] += 1
                count["young_again"] += bool(again)
                days.append(min(90, uses[0] - known[0]))
            if known and known[0] in cohort:
                soon = {monday(d) for d in uses if d < known[0] + (14 if young else 28)}
                count["newly_aware"] += 1
                count["newly_repeated"] += len(soon) > 1
        count["adopted_before"] = count["adopted"] - count["adopters"]
        count["tried_and_left"] = count["adopted_before"] - (count["repeating"] - count["young_again"])
        return count, sorted(days)

    def breadth(self):
        users = collections.Counter()
        for list_ in self.of.values():
            last = [max((day(t) for t, n, _ in list_ if n == use), default=None) for _, _, use in FEATURES.values()]
            for j in range(1, sum(d in self.window for d in last) + 1):
                users[j] += 1
        return users

    def total(self, week, name):
        return sum(1 if price is None else round(price * MICRO) / MICRO for list_ in self.of.values()
                   for t, n, price in list_ if n == name and monday(day(t)) == week)

    def active(self, week):
        return sum(week in weeks for weeks in self.active_weeks.values())

    def cohort(self, week):
        return [times for times in self.value.values() if times and monday(day(times[0])) == week]

    def kept(self, week, k):
        return sum(any((t - times[0]) // (7 * DAY * MICRO) == k for t in times[1:]) for times in self.cohort(week))


def rank(values, percent):
    return values[-(-len(values) * percent // 100) - 1]


def check_feature(check, truth, name, got, launched):
    count, days = truth.feature(name, launched)
    aware = bool(FEATURES[name][1])
    for field in ("eligible", "adopted", "repeating", "adopters", "adopted_before", "tried_and_left", "newly_aware",
                  "newly_repeated", "declared_new"):
        check.same(name + " " + field, got.get(field), count[field])
    check.same(name + " aware", got.get("aware"), count["aware"] if aware else None)
    check.same(name + " median", got.get("days_to_adopt_median"), rank(days, 50) if days else None)
    check.same(name + " p90", got.get("days_to_adopt_p90"), rank(days, 90) if days else None)
    p = {"fit": stats.binom.sf(count["tried_and_left"] - 1, count["adopted_before"], .5)}
    if aware:
        p["trial"] = stats.binom.cdf(count["adopted"], count["aware"], .5)
        p["discovery"] = max(stats.binom.cdf(count["aware"], count["eligible"], .5),
                             stats.binom.sf(count["newly_repeated"] - 1, count["newly_aware"], BAR))
    for kind in KINDS:
        check.same(name + " p " + kind, got.get(kind + "_p"), p.get(kind))
    return count, p


def check_gaps(check, area, p, looks_from):
    """Holm over the features of each kind, where the last look is the tick itself."""
    k = 1 + (monday(looks_from["tick"]) - looks_from["first"]) // 7
    alpha = .05 / (k * (k + 1))
    found = {}
    for kind in KINDS:
        tested = sorted((one[kind], name) for name, one in p.items() if kind in one)
        largest, found[kind] = 0, set()
        for at, (value, name) in enumerate(tested):
            largest = max(largest, value * (len(tested) - at))
            if largest <= alpha:
                found[kind].add(name)
    got = {kind: set(filter(None, area["gap_" + kind].split(","))) for kind in KINDS}
    found["trial"] -= got["discovery"]
    check.same("looks", area["adoption_looks"], k)
    for kind in KINDS:  # what an earlier look found stands while its own p is at most 1/2
        still = {name for name, one in p.items() if one.get(kind, 1) <= .5}
        check.same("gaps " + kind, ",".join(sorted(got[kind] & (found[kind] | still))),
                   ",".join(sorted(got[kind] | found[kind])))
    return got


def check_days(check, truth, value):
    ready = day(truth.tick - ACTIVATION) - 1
    new = [(list_[0][0], truth.value[user]) for user, list_ in truth.of.items()
           if ready - 27 <= day(list_[0][0]) <= ready]
    check.same("new users", value["new_users"], len(new))
    check.same("activated", value["activated"], sum(bool(v) and v[0] < t + ACTIVATION for t, v in new))
    for span in (7, 28):
        often = [len({day(t) for t in times if truth.last - span < day(t) <= truth.last})
                 for times in truth.value.values()]
        check.same("%d active" % span, value["%dd.active" % span],
                   sum(day(list_[-1][0]) > truth.last - span for list_ in truth.of.values()))
        for j in range(1, span + 1):
            check.same("%d days of %d" % (j, span), value["%dd.value_days.%d" % (span, j)], sum(n >= j for n in often))
    weeks = [truth.now - 28 - 7 * (back + 1) for back in range(4)]
    new = [(list_[0][0], truth.value[user]) for user, list_ in truth.of.items() if monday(day(list_[0][0])) in weeks]
    times = sorted((v[0] - t) / MICRO for t, v in new if v)
    check.same("time to value: new", value["to_value.new_users"], len(new))
    check.same("time to value: users", value["to_value.users"], len(times))
    for field, percent in (("median_s", 50), ("p90_s", 90)):
        got, want = value.get("to_value." + field), rank(times, percent) if times else None
        if got is not None and want is not None and abs(float(got) - want) <= max(.0101 * want, .51):
            got = want  # the middle of its bucket
        check.same("time to value: " + field, got, want)


def check_weeks(check, truth, value):
    events = active = taken = 0
    for back in range(12):
        week = truth.now - 7 * (back + 1)
        have = {user for user, weeks in truth.value_weeks.items() if week in weeks}
        before = {user for user, weeks in truth.value_weeks.items() if week - 7 in weeks}
        fresh = {user for user in have if min(truth.value_weeks[user]) == week}
        want = {"active": truth.active(week), "value_events": truth.total(week, "Got Value"), "users": len(have),
                "new": len(fresh), "recurring": len(have & before), "resurrected": len(have - before - fresh),
                "dormant": len(before - have)}
        for field, number in want.items():
            check.same("%s %s" % (date(week), field), value["week.%s.%s" % (date(week), field)], number)
        if back < 4:
            events, active = events + want["value_events"], active + want["active"]
            taken += truth.total(week, "Paid")
    check.same("value per active", value["value_per_active"], events / active)
    check.same("taken per active", value["taken_per_active.price"], taken / active)


def check_cohorts(check, truth, value):
    for back in range(14):
        week = truth.now - 7 * (back + 1)
        over = min(12, max(0, back - 1))
        check.same("cohort", value["cohort.%s.users" % date(week)], len(truth.cohort(week)))
        check.same("cohort over", value["cohort.%s.weeks_over" % date(week)], over)
        for k in range(1, over + 1):
            check.same("cohort %s week %d" % (date(week), k), value["cohort.%s.week%d" % (date(week), k)],
                       truth.kept(week, k))
    for k in range(1, 13):
        weeks = [truth.now - 7 * (k + 2 + back) for back in range(4)]
        of = sum(len(truth.cohort(week)) for week in weeks)
        check.same("retention %d" % k, value.get("retention.%d" % k),
                   sum(truth.kept(week, k) for week in weeks) / of if of else None)


def check_trend(check, area, name, y, alpha, k):
    prefix, behind = name
    if k == 0:
        check.same(prefix, area["%s_trend%s" % name], "unknown")
        return
    drift, error, verdict = fit(y, alpha / (k * (k + 1)))
    check.same(prefix + " drift", area["%s_drift%s" % name], drift)
    check.same(prefix + " error", area["%s_drift_se%s" % name], error)
    check.same(prefix + " trend", area["%s_trend%s" % name], verdict)


def check_trends(check, truth, area):
    k, weeks = look(truth.first, truth.now, 0)
    active = [truth.active(week) for week in weeks]
    check_trend(check, area, ("value_events", ""),
                [math.log((truth.total(w, "Got Value") or .5) / a) for w, a in zip(weeks, active)], .025, k)
    check_trend(check, area, ("derive", ".price"),
                [math.log(truth.total(w, "Paid") / a) for w, a in zip(weeks, active)], .05, k)
    k, weeks = look(truth.first, truth.now, 5)
    y = []
    for week in weeks:
        n, kept = len(truth.cohort(week)), truth.kept(week, 4)
        share = (kept + .5) / (n + 1) if kept in (0, n) else kept / n
        y.append(math.log(share / (1 - share)) if n else None)
    check_trend(check, area, ("retention", ""), y, .025, k)


def run(tool, seed, weeks, users, launch, folder):
    product, check = Product(seed, weeks, users), Check()
    launched = FIRST + launch if launch is not None else None
    product.write(os.path.join(folder, "events.jsonl"))
    with open(os.path.join(folder, "conf"), "w", encoding="utf-8") as file:
        file.write(CONF % {"folder": folder, "launched": "launched = " + date(launched) if launched else ""})
    out = subprocess.run([tool, "replay", "-c", os.path.join(folder, "conf"), "--json",
                          os.path.join(folder, "events.jsonl")], check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in out.splitlines()]
    area, value = (next(one for one in lines if one["type"] == kind) for kind in ("area", "value"))
    features = {one["feature"]: one for one in lines if one["type"] == "feature"}
    truth = Truth(product.events, int(value["judged_ms"]) * 1000)
    counts, p = {}, {}
    for name, got in features.items():
        counts[name], p[name] = check_feature(check, truth, name, got, launched if name == "share" else None)
    weighed = [(c["repeating"], c["aware"] / c["eligible"]) for n, c in counts.items() if FEATURES[n][1]]
    check.same("delivered share", value["delivered_share"], sum(r * s for r, s in weighed) / sum(r for r, _ in weighed))
    for j, users_of in truth.breadth().items():
        check.same("breadth %d" % j, value["features.%d" % j], users_of)
    found = {}
    if area["adoption_looked"] == value["judged"]:
        start = day(product.events[0][0])
        soonest = min(start + 28, max(start, launched) + 21 if launched is not None else start + 28)
        found = check_gaps(check, area, p, {"tick": day(truth.tick), "first": monday(soonest + 6)})
    check_days(check, truth, value)
    check_weeks(check, truth, value)
    check_cohorts(check, truth, value)
    check_trends(check, truth, area)
    return check, found


def main(tool):
    total = wrong = 0
    kinds = set()
    for seed, weeks, users, launch in ((1, 18, 500, None), (2, 33, 600, None), (3, 70, 500, None), (4, 14, 500, 2),
                                       (5, 20, 400, 90)):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "key"), "wb") as file:
                file.write(bytes(range(32)))
            os.chmod(file.name, 0o600)
            check, found = run(tool, seed, weeks, users, launch, folder)
        total, wrong = total + check.total, wrong + check.wrong
        kinds |= {kind for kind, names in found.items() if names}
    assert {"discovery", "fit"} <= kinds, kinds  # the logs hold what the tests are about
    print("%d figures, %d differ" % (total, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
