"""Reference model of the programme (statistics.md 2.3 to 2.6, 2.8, design 10), written from the text and sharing no code
with plateaud. One Area holds what is known of an area, with what stands beside its detectors (hollow growth, holdout
quarters); a Programme couples areas by e-d-BH. Times are in seconds. An entry may have several arms (their returns come
from methods.py) and value.
"""
import bisect
import math
import statistics

import numpy as np

import methods

BAR = 1.96
FLAT_BETS = (.15, .35, .65, .95)
YIELD_BETS = (.08, .2, .4, .7)
YEAR = 365 * 86400


def cdf(u):
    return .5 * math.erfc(-u / math.sqrt(2))


def pdf(u):
    return math.exp(-.5 * u * u) / math.sqrt(2 * math.pi)


def credited(d, s):
    """X of the own bar: unbiased for the gain of a team that ships when an estimate of error sqrt2 s clears 1.96 s."""
    u = d / s - BAR
    return d * cdf(u) - s * pdf(u)


def common(d, s, s_ref):
    """X of one bar for all experiments, None where the experiment is too noisy for it."""
    decided = math.sqrt(2) * s_ref
    if s > .9 * decided:
        return None
    sigma = math.sqrt(decided * decided - s * s)
    u = (d - BAR * s_ref) / sigma
    return d * cdf(u) - s * s / sigma * pdf(u)


def lowest():
    """b of s = 1: the minimum of X, where its derivative Phi(z-K) + K phi(z-K) vanishes ... found by ternary search."""
    low, high = -2., 3.
    for _ in range(200):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        if credited(a, 1.) < credited(b, 1.):
            high = b
        else:
            low = a
    return -credited(.5 * (low + high), 1.)


FLOOR = lowest()


def cap_of(delta, s, largest):
    return max(5 * delta, BAR * s + 2 * s, .5 * largest)


def bets(m, shares, step, clamp):
    return [min(clamp, max(1., old) * (1 + share * step)) for old, share in zip(m, shares)]


def change(ring):
    """S of FLATTENING and of RISING: sums over splits of the anytime-valid t e-value."""
    m = len(ring)
    if m < 10:
        return 0., 0.
    x = np.array(ring) - np.mean(ring)
    nu = np.arange(6, m - 3)
    total, squares = np.cumsum(x), np.cumsum(x * x)
    before, after = total[nu - 1] / nu, (total[-1] - total[nu - 1]) / (m - nu)
    sse = squares[-1] - nu * before ** 2 - (m - nu) * after ** 2
    z2 = nu * (m - nu) / m
    df = m - 2
    r = 2 / (2 + z2)
    ratio = (after - before) ** 2 * z2 / sse
    e = np.exp(np.minimum(700, .5 * np.log(r) + .5 * (df + 1) * (np.log1p(ratio) - np.log1p(r * ratio))))
    return float(e[after < before].sum()), float(e[after > before].sum())


class Entry:
    """One result: d and s, of several arms [(d, s), ...] with the variance of their control's mean; value (v, s_v, c)."""

    def __init__(self, d, s, early=False, shipped=True, cost=1., arms=None, shared=0., value=None):
        if arms:
            d, s = max(arm[0] for arm in arms), math.sqrt(sum(arm[1] ** 2 for arm in arms) / len(arms))
        self.d, self.s, self.early, self.shipped, self.cost, self.several = d, s, early, shipped, cost, bool(arms)
        self.value = None if arms else value
        self.x = methods.arms(*map(list, zip(*arms)), shared) if arms else credited(d, s)
        self.floor = .13 * len(arms) * s if arms else FLOOR * s


class Area:
    def __init__(self, delta, areas, eta=None):
        self.delta, self.areas, self.eta = delta, areas, eta
        self.biggest_ever = 0.
        self.epoch = None
        self.state = 'INCONCLUSIVE'
        self.restart()

    def restart(self):
        self.n = 0
        self.flat, self.paying = [0.] * 4, [0.] * 4
        self.e_flat = self.e_yield = self.down = self.up = 0.
        self.level = 60.
        self.entries, self.times, self.ring = [], [], []
        self.biggest = self.biggest_cap = 0.
        self.s_ref = None
        self.once_yielding = False
        self.hollow = methods.Hollow(math.nan if self.eta is None else self.eta)
        self.values = []
        self.history = []  # (time, credited, cost) of entries
        self.quarter, self.e_holdout = None, 0.

    def launch(self, time):
        if self.epoch is None or time > self.epoch:
            self.epoch = time
            self.restart()

    def point(self, entry):
        if entry.several:
            return None
        if entry.early:
            return BAR * self.s_ref + 2 * entry.s if entry.shipped else 0.
        return common(entry.d, entry.s, self.s_ref)

    def beside(self, time, entry, cap):
        """What the quarters and hollow growth keep of an entry; the cap is known before it."""
        self.history.append((time, 0. if entry.early else entry.x, entry.cost))
        if entry.value is None:
            return
        v, s_v, c = entry.value
        self.values.append(0. if entry.early else methods.value_gain(entry.d, entry.s, v, c))
        self.hollow.take(entry.d, entry.s, v, s_v, c, cap, entry.early, entry.shipped)

    def take_quarter(self, start, end, lift, se):
        if self.epoch is not None and start < self.epoch or self.quarter and start < self.quarter[1]:
            return
        inside = [row for row in self.history if start < row[0] <= end]
        self.quarter = (start, end, len(inside), sum(row[1] for row in inside), lift)
        if self.delta is not None:
            e = methods.holdout(lift, se, sum(row[2] for row in inside), self.delta)
            self.e_holdout = min(10 * self.level, max(1., self.e_holdout) * e)

    def lean(self):
        if self.delta is None or self.n < 2:
            return math.nan
        return methods.pool([e.x for e in self.entries], [e.s for e in self.entries], .05)[1] - self.delta

    def enter(self, time, entry):
        if self.epoch is not None and time < self.epoch:
            return False
        s, early, shipped, x = entry.s, entry.early, entry.shipped, entry.x
        delta = None if self.delta is None else self.delta * entry.cost
        self.n += 1
        self.level = max(60., float(bisect.bisect_right(self.times, time) - bisect.bisect_right(self.times, time - YEAR)))
        bisect.insort(self.times, time)
        cap = cap_of(delta or 0., s, self.biggest)
        self.beside(time, entry, cap)
        if delta is not None:
            self.biggest_cap = max(self.biggest_cap, cap)
            for_flat = (cap if shipped else 0.) if early else x
            step = (delta - min(for_flat, cap)) / (cap - delta)
            self.flat = bets(self.flat, FLAT_BETS, step, 10 * self.level * self.areas)
            step = ((0. if early else x) - delta) / (delta + entry.floor)
            self.paying = bets(self.paying, YIELD_BETS, step, 100.)
            self.e_flat, self.e_yield = sum(self.flat) / 4, sum(self.paying) / 4
        if not early:
            self.biggest = max(self.biggest, x)
            self.biggest_ever = max(self.biggest_ever, x)
        self.entries.append(entry)
        self.follow_change()
        if self.n >= 8 and self.e_yield >= 10:
            self.once_yielding = True
        return True

    def follow_change(self):
        if self.n < 10:
            return
        new = self.entries[-1:]
        if self.n == 10:
            self.s_ref = statistics.median(entry.s for entry in self.entries)
            new = self.entries
        self.ring += [point for point in map(self.point, new) if point is not None]
        del self.ring[:-200]
        self.down, self.up = change(self.ring)

    def step(self, fired):
        old = self.state
        if fired or old == 'FLAT' and self.n > 0 and not (self.e_yield >= 10 and self.e_flat < 2):
            new = 'FLAT'
        elif self.n < 8:
            new = 'INCONCLUSIVE'
        elif self.down >= 1000 or old == 'FLATTENING' and self.down >= 20:
            new = 'FLATTENING'
        elif self.up >= 1000 or old == 'RISING' and self.up >= 20:
            new = 'RISING'
        elif self.e_yield >= 10:
            new = 'YIELDING'
        else:
            new = 'INCONCLUSIVE'
        self.state = new
        return new != old

    def jackpot_ok(self):
        return self.delta is not None and self.n > 0 and 3 / self.n * self.biggest_ever < self.delta

    def proved_range(self):
        """Products without restart over 24 deltas from .01 to 10 times the median standard error."""
        if not self.entries:
            return None, None
        middle = statistics.median(entry.s for entry in self.entries)
        lower = upper = None
        for k in range(24):
            delta = .01 * middle * 1000 ** (k / 23)
            low, high = [1.] * 4, [1.] * 4
            biggest = 0.
            for entry in self.entries:
                x, cap = entry.x, cap_of(delta, entry.s, biggest)
                for_flat = (cap if entry.shipped else 0.) if entry.early else x
                step = (delta - min(for_flat, cap)) / (cap - delta)
                high = [m * (1 + share * step) for m, share in zip(high, FLAT_BETS)]
                step = ((0. if entry.early else x) - delta) / (delta + entry.floor)
                low = [m * (1 + share * step) for m, share in zip(low, YIELD_BETS)]
                if not entry.early:
                    biggest = max(biggest, x)
            if sum(high) / 4 >= 20 and upper is None:
                upper = delta
            if sum(low) / 4 >= 20:
                lower = delta
        return lower, upper


class Programme:
    """deltas: one smallest return per area, None where it is unset; etas: value per delivery, likewise."""

    def __init__(self, deltas, etas=None):
        judged = sum(delta is not None for delta in deltas)
        self.areas = [Area(delta, judged, eta) for delta, eta in zip(deltas, etas or [None] * len(deltas))]

    def fired(self):
        """e-d-BH over E/A: the k largest, k = max{k: r_(k) >= m/k}."""
        judged = sorted((a for a in self.areas if a.delta is not None), key=lambda a: -a.e_flat / a.level)
        k = 0
        for place, area in enumerate(judged, 1):
            if area.e_flat / area.level >= len(judged) / place:
                k = place
        return judged[:k]

    def step(self):
        fired = self.fired()
        return [index for index, area in enumerate(self.areas) if area.step(area in fired)]

    def enter(self, index, time, *entry, **more):
        """Indexes of the areas whose state this entry changed."""
        return self.step() if self.areas[index].enter(time, Entry(*entry, **more)) else []

    def quarter(self, index, *quarter):
        """Changes no state."""
        self.areas[index].take_quarter(*quarter)

    def launch(self, index, time):
        self.areas[index].launch(time)
        return self.step()
