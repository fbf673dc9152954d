"""Figures of features, value and what is taken, made a second time from sums, by the definitions of design 4 and statistics.md 2.8.

Sums are those of `plateauctl replay --json`: {(kind, subject, arm, detail, day): (n, sum)}. Binomials and t by scipy,
nothing incremental: every look is made from all weeks anew.
"""
import collections
import math

import numpy as np
from scipy import stats

from count_cell import BOUNDS, DAY, US, monday

WEEKS = 12   # shown one by one
COHORTS = 14


class Sums:
    def __init__(self, cells, tick):
        self.cells = cells
        self.tick = tick
        self.day = (tick - 1) // DAY  # D

    def total(self, kind, subject, arm, first, last, what=0):
        return sum(value[what] for (k, s, a, _, day), value in self.cells.items()
                   if k == kind and s == subject and a == arm and first <= day <= last)

    def recent(self, kind, subject, arm, back=27, until=0):
        """Over the days D - back .. D - until."""
        return self.total(kind, subject, arm, self.day - back, self.day - until)

    def details(self, kind, subject, arms, first, last):
        out = collections.Counter()
        for (k, s, a, detail, day), value in self.cells.items():
            if k == kind and s == subject and a in arms and first <= day <= last:
                out[detail] += value[0]
        return out

    def first(self, kind, subject):
        return min((day for (k, s, a, _, day) in self.cells if k == kind and s == subject and a == 0), default=None)

    def complete_monday(self, back=0):
        """Monday of the last week that is over, or of one before."""
        return monday(self.tick // DAY) - 7 * (back + 1)


def share(n, of):
    return n / of if of > 0 else None


def quantile(counts, percent):
    """The smallest value with at least so many per cent at or below it."""
    below, n = 0, sum(counts.values())
    for value in sorted(counts):
        below += counts[value]
        if 100 * below >= percent * n and counts[value] > 0:
            return value
    return None


def middle(bucket):
    """In seconds."""
    if bucket is None:
        return None
    if bucket == 0:
        return .5
    if bucket == len(BOUNDS):
        return 400 * DAY / US
    lower, upper = BOUNDS[bucket - 1], BOUNDS[bucket]
    return 2 * lower * upper / (lower + upper) / US


# --- features ---

def counts_of(sums, feature):
    name = feature["id"]
    own = bool(feature["eligible"])
    used = sum(sums.recent("used", name, arm) for arm in (0, 1))
    out = {
        "eligible": sums.recent("audience", name, 0) if own else sums.recent("active", feature["area"], 0),
        "aware": sums.recent("known", name, 1) + sums.recent("known", name, 2),
        "adopted": sums.recent("known", name, 2),
        "repeating": sums.recent("again", name, 0),
    }
    out["adopted_before"] = out["adopted"] - used
    out["tried_and_left"] = out["adopted_before"] - (out["repeating"] - sums.recent("used", name, 1))
    launched, new = feature["launched"], is_young(feature, sums.tick)
    out["declared_new"] = int(new)
    first, last, arm = (launched // DAY, sums.day - 14, 2) if new else (sums.day - 55, sums.day - 28, 1)
    out["newly_aware"] = sums.total("cohort", name, 0, first, last)
    out["newly_repeated"] = sums.total("cohort", name, arm, first, last)
    out["adopters"] = used
    return out


def p_values(counts, feature, bar):
    """discovery, trial, fit; None: there is nothing to test with."""
    out = {"fit": tail_above(counts["adopted_before"], counts["tried_and_left"])}
    if feature["aware"]:
        out["trial"] = stats.binom.cdf(counts["adopted"], counts["aware"], .5)
        if bar is not None:
            out["discovery"] = max(stats.binom.cdf(counts["aware"], counts["eligible"], .5),
                                   stats.binom.sf(counts["newly_repeated"] - 1, counts["newly_aware"], bar))
    return out


def tail_above(n, at_least):
    return stats.binom.sf(at_least - 1, n, .5)


def feature_figures(sums, feature, bar):
    counts = counts_of(sums, feature)
    out = dict(counts)
    if not feature["aware"]:
        del out["aware"]
    for name in ("aware", "adopted", "repeating"):
        if name in out:
            out[name + "_share"] = share(counts[name], counts["eligible"])
    out["newly_repeated_share"] = share(counts["newly_repeated"], counts["newly_aware"])
    took = sums.details("used", feature["id"], (0, 1), sums.day - 27, sums.day)
    out["days_to_adopt_median"], out["days_to_adopt_p90"] = quantile(took, 50), quantile(took, 90)
    out.update({f"{gap}_p": p for gap, p in p_values(counts, feature, bar).items()})
    return out


def holm(p_of, alpha):
    """Names whose hypothesis falls."""
    out = set()
    for at, name in enumerate(sorted(p_of, key=p_of.get)):
        if p_of[name] > alpha / (len(p_of) - at):
            break
        out.add(name)
    return out


def is_young(feature, tick):
    """Declared new, and not long ago."""
    return feature["launched"] is not None and tick < feature["launched"] + 56 * DAY


def young_from(feature, start):
    return max(start, feature["launched"] // DAY) + 21


def looks(sums, area, features):
    """Days of the looks at this area up to now: Mondays."""
    start = sums.first("new", area)
    if start is None or not features:
        return []
    first = [start + 28] + [young_from(f, start) for f in features if f["launched"] is not None]
    first = [first_monday(day) for day in first]
    first = min(first[:1] + [day for day in first[1:] if any(is_young(f, day * DAY) for f in features)])
    return list(range(first, sums.tick // DAY + 1, 7))


def first_monday(day):
    return monday(day + 6)


def is_tested(sums, feature, start):
    return sums.tick >= DAY * (young_from(feature, start) if is_young(feature, sums.tick) else start + 28)


def gaps_of(sums, features, bar, k):
    """gap -> features that have it, of a look at this tick that is the k-th, and those that have it still if an earlier
    look found it."""
    alpha = .05 / (k * (k + 1))
    start = sums.first("new", features[0]["area"])
    p_of = {feature["id"]: p_values(counts_of(sums, feature), feature, bar) for feature in features
            if is_tested(sums, feature, start)}
    found = {gap: holm({name: p[gap] for name, p in p_of.items() if gap in p}, alpha)
             for gap in ("discovery", "trial", "fit")}
    found["trial"] -= found["discovery"]
    still = {gap: {name for name, p in p_of.items() if p.get(gap, 1) <= .5} for gap in found}
    return found, still


def delivered_share(sums, features):
    top = bottom = 0
    for feature in features:
        counts = counts_of(sums, feature)
        if feature["aware"] and counts["eligible"] > 0:
            top += counts["repeating"] * counts["aware"] / counts["eligible"]
            bottom += counts["repeating"]
    return top / bottom if bottom else None


def delivery(found, at_share):
    if found["discovery"]:
        return "gap"
    if at_share is None:
        return "unknown"
    return "delivered" if at_share >= .6 else "not_delivered"


# --- value ---

def activated(sums, area, activation):
    """New units of the last 28 days whose time to activate is over, for everybody who was new on them."""
    last = (sums.tick - activation) // DAY - 1
    return sums.total("new", area, 0, last - 27, last), sums.total("new", area, 1, last - 27, last)


def time_to_value(sums, area):
    last = max(m for m in range(monday(sums.day), 0, -7) if (m + 7 + 28) * DAY <= sums.tick)
    first = last - 21
    times = sums.details("to_value", area, (0,), first, last)
    return {"to_value.new_users": sums.total("new", area, 0, first, last + 6), "to_value.users": sum(times.values()),
            "to_value.median_s": middle(quantile(times, 50)), "to_value.p90_s": middle(quantile(times, 90))}


def often(sums, area, days):
    out = {}
    active = sums.recent("active", area, 0, days - 1)
    for j in range(1, days + 1):
        n = sums.recent("value_days", area, j, days - 1)
        out[f"{days}d.value_days.{j}"] = n
        out[f"{days}d.value_days_share.{j}"] = share(n, active)
    return out


def value_events(sums, area, m):
    return sums.total("value_week", area, 3, m, m, 1)


def active_in(sums, area, m):
    return sums.total("active_week", area, 0, m, m)


def weeks(sums, area, date_of):
    out = {}
    for back in range(WEEKS):
        m = sums.complete_monday(back)
        with_value = [sums.total("value_week", area, arm, m, m) for arm in (3, 0, 1, 2)]
        before = sums.total("value_week", area, 3, m - 7, m - 7)
        row = {"active": active_in(sums, area, m), "value_events": value_events(sums, area, m), "users": with_value[0],
               "new": with_value[1], "recurring": with_value[2], "resurrected": with_value[3],
               "dormant": before - with_value[2],
               "value_per_active": share(value_events(sums, area, m), active_in(sums, area, m))}
        out.update({f"week.{date_of(m)}.{what}": figure for what, figure in row.items()})
    return out


def is_over(sums, m, k):
    """Week k of everybody in the cohort of week m."""
    return (m + 7 + 7 * (k + 1)) * DAY <= sums.tick


def cohorts(sums, area, date_of):
    out = {}
    for back in range(COHORTS):
        m = sums.complete_monday(back)
        over = sum(is_over(sums, m, k) for k in range(1, 13))
        out[f"cohort.{date_of(m)}.users"] = sums.total("retained", area, 0, m, m)
        out[f"cohort.{date_of(m)}.weeks_over"] = over
        for k in range(1, min(over + 1, 12) + 1):
            name = f"cohort.{date_of(m)}.week{k}" + ("_so_far" if k > over else "")
            out[name] = sums.total("retained", area, k, m, m)
    return out


def retention(sums, area):
    out = {}
    for k in range(1, 13):
        last = max(m for m in range(monday(sums.day), 0, -7) if is_over(sums, m, k))
        out[f"retention.{k}"] = share(sums.total("retained", area, k, last - 21, last),
                                      sums.total("retained", area, 0, last - 21, last))
    return out


def last_weeks(sums):
    return [sums.complete_monday(back) for back in range(4)]


def value_figures(sums, area, features, derive, date_of):
    """Of an area: {"id", "value": events, "activation"}."""
    name = area["id"]
    active = sum(active_in(sums, name, m) for m in last_weeks(sums))
    out = {"7d.active": sums.recent("active", name, 0, 6), "28d.active": sums.recent("active", name, 0)}
    used = [sums.recent("breadth", name, j) for j in range(1, 17)]
    out["features_per_user"] = share(sum(used), out["28d.active"])
    out["delivered_share"] = delivered_share(sums, features)
    out.update({f"features.{j}": n for j, n in enumerate(used, 1) if n})
    for metric in derive:
        taken = sum(sums.total("flow", metric, 0, m, m, 1) for m in last_weeks(sums))
        out[f"taken_per_active.{metric}"] = share(taken / US, active)
    if not area["value"]:
        return out
    out["new_users"], out["activated"] = activated(sums, name, area["activation"])
    out["activated_share"] = share(out["activated"], out["new_users"])
    out["value_per_active"] = share(sum(value_events(sums, name, m) for m in last_weeks(sums)), active)
    out.update(time_to_value(sums, name))
    for part in (often(sums, name, 7), often(sums, name, 28), retention(sums, name), weeks(sums, name, date_of),
                 cohorts(sums, name, date_of)):
        out.update(part)
    return out


# --- trends ---

def logit(n, of):
    if of <= 0:
        return math.nan
    if n in (0, of):
        n, of = n + .5, of + 1
    return math.log(n / (of - n))


def fit(y):
    """D and its widened standard error (statistics.md 2.8); weeks of which nothing is known are left out."""
    x = np.array([week for week, value in enumerate(y) if not math.isnan(value)], dtype=float)
    known = np.array([value for value in y if not math.isnan(value)])
    m = len(known)
    line = stats.linregress(x, known)
    rest = known - line.intercept - line.slope * x
    near = np.diff(x) == 1
    r1 = np.sum((rest[1:] * rest[:-1])[near]) / np.sum(rest ** 2)
    r = min(max(r1 + 1 / m, 0), .9)
    return 12 * line.slope, 12 * line.stderr * math.sqrt((1 + r) / (1 - r)), m


def trend(sums, start, week_of, alpha, lag=0, half=0.0, is_share=False):
    """The last look at a series; week_of(monday): (top, bottom). None before the first."""
    mature = sum((m + 7) * DAY + lag <= sums.tick for m in range(start, sums.day + 1, 7))
    k = (mature - 8) // 4
    if k < 1:
        return None
    pairs = [week_of(start + 7 * at) for at in range(8 + 4 * k)][-52:]
    y = [logit(top, bottom) if is_share else
         math.log((top or half) / bottom) if bottom > 0 and (top or half) > 0 else math.nan for top, bottom in pairs]
    drift, se, m = fit(y)
    width = stats.t.ppf(1 - alpha / (k * (k + 1)), m - 2) * se
    verdict = ("stable" if -.1 < drift - width and drift + width < .1 else "rising" if drift - width > 0 else
               "falling" if drift + width < 0 else "inconclusive")
    return {"trend": verdict, "drift": drift, "drift_se": se,
            "rate": sum(top for top, _ in pairs) / sum(bottom for _, bottom in pairs),
            "looked": ((start + 7 * (8 + 4 * k)) * DAY + lag) // 1000}


def start_of(sums, area, launch):
    """Monday of the area's first activity, or the first one at or after the last core launch."""
    return monday(sums.first("new", area)) if launch is None else first_monday(-(-launch // DAY))


def value_trends(sums, name, launch=None):
    start = start_of(sums, name, launch)
    events = trend(sums, start, lambda m: (value_events(sums, name, m), active_in(sums, name, m)), .025, half=.5)
    kept = trend(sums, start, lambda m: (sums.total("retained", name, 4, m, m), sums.total("retained", name, 0, m, m)),
                 .025, lag=35 * DAY, is_share=True)
    return events, kept


def both(events, kept):
    """V of its two series."""
    seen = {series["trend"] for series in (events, kept) if series}
    for verdict in ("falling", "rising"):
        if verdict in seen:
            return verdict
    return "unknown" if not seen else "stable" if seen == {"stable"} else "inconclusive"


def derive_trend(sums, name, metric, launch=None):
    start = start_of(sums, name, launch)
    return trend(sums, start, lambda m: (sums.total("flow", metric, 0, m, m, 1) / US, active_in(sums, name, m)), .05)
