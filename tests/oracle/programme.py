"""Reference model of the programme (statistics.md 2.3 to 2.6, design 10), written from the text and sharing no code with
plateaud. One Area holds what is known of an area; a Programme couples areas by e-d-BH. Times are in seconds.
"""
import bisect
import math
import statistics

import numpy as np

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


class Area:
    def __init__(self, delta, areas):
        self.delta, self.areas = delta, areas
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

    def launch(self, time):
        if self.epoch is None or time > self.epoch:
            self.epoch = time
            self.restart()

    def point(self, entry):
        d, s, early, shipped = entry
        if early:
            return BAR * self.s_ref + 2 * s if shipped else 0.
        return common(d, s, self.s_ref)

    def enter(self, time, d, s, early, shipped):
        if self.epoch is not None and time < self.epoch:
            return False
        x = credited(d, s)
        self.n += 1
        self.level = max(60., float(bisect.bisect_right(self.times, time) - bisect.bisect_right(self.times, time - YEAR)))
        bisect.insort(self.times, time)
        if self.delta is not None:
            cap = cap_of(self.delta, s, self.biggest)
            self.biggest_cap = max(self.biggest_cap, cap)
            for_flat = (cap if shipped else 0.) if early else x
            step = (self.delta - min(for_flat, cap)) / (cap - self.delta)
            self.flat = bets(self.flat, FLAT_BETS, step, 10 * self.level * self.areas)
            step = ((0. if early else x) - self.delta) / (self.delta + FLOOR * s)
            self.paying = bets(self.paying, YIELD_BETS, step, 100.)
            self.e_flat, self.e_yield = sum(self.flat) / 4, sum(self.paying) / 4
        if not early:
            self.biggest = max(self.biggest, x)
            self.biggest_ever = max(self.biggest_ever, x)
        self.entries.append((d, s, early, shipped))
        self.follow_change()
        if self.n >= 8 and self.e_yield >= 10:
            self.once_yielding = True
        return True

    def follow_change(self):
        if self.n < 10:
            return
        new = self.entries[-1:]
        if self.n == 10:
            self.s_ref = statistics.median(entry[1] for entry in self.entries)
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
        middle = statistics.median(entry[1] for entry in self.entries)
        lower = upper = None
        for k in range(24):
            delta = .01 * middle * 1000 ** (k / 23)
            low, high = [1.] * 4, [1.] * 4
            biggest = 0.
            for d, s, early, shipped in self.entries:
                x, cap = credited(d, s), cap_of(delta, s, biggest)
                for_flat = (cap if shipped else 0.) if early else x
                step = (delta - min(for_flat, cap)) / (cap - delta)
                high = [m * (1 + share * step) for m, share in zip(high, FLAT_BETS)]
                step = ((0. if early else x) - delta) / (delta + FLOOR * s)
                low = [m * (1 + share * step) for m, share in zip(low, YIELD_BETS)]
                if not early:
                    biggest = max(biggest, x)
            if sum(high) / 4 >= 20 and upper is None:
                upper = delta
            if sum(low) / 4 >= 20:
                lower = delta
        return lower, upper


class Programme:
    """deltas: one smallest return per area, None where it is unset."""

    def __init__(self, deltas):
        judged = sum(delta is not None for delta in deltas)
        self.areas = [Area(delta, judged) for delta in deltas]

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

    def enter(self, index, *entry):
        """Indexes of the areas whose state this entry changed."""
        return self.step() if self.areas[index].enter(*entry) else []

    def launch(self, index, time):
        self.areas[index].launch(time)
        return self.step()
