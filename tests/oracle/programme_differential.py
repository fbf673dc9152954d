"""The C programme against the reference model, path by path: programme_differential.py TOOL

Worlds of statistics.md 2.7 (true return 0, .5, 1 and 1.5 times the smallest return, at standard errors of 1 and 2.5 times
it), 200 paths of 240 entries each, with varying standard errors, irregular times and early entries; then instances of
several areas with core launches and areas without a smallest return. Every change of state must come at the same entry
with the same numbers (relative 1e-9), and the figures at the end must agree.
"""
import math
import subprocess
import sys

import numpy as np

import programme

PATHS, ENTRIES = 200, 240
WORLDS = {'zero': 0., 'half': .5, 'boundary': 1., 'paying': 1.5}
RATIOS = (1., 2.5)
COUPLED = 40
TOLERANCE = 1e-9
BASE = 1577836800  # 2020-01-01


def mean_return(tau, s):
    """E[theta Phi((theta - K)/(sqrt2 s))] for theta ~ N(0, tau^2)."""
    wide = math.sqrt(2 * s * s + tau * tau)
    return tau * tau / wide * programme.pdf(programme.BAR * s / wide)


def idea_scale(target, s):
    """The tau at which ideas pay `target` on average."""
    low, high = 0., 200. * s
    for _ in range(200):
        middle = .5 * (low + high)
        low, high = (middle, high) if mean_return(middle, s) < target else (low, middle)
    return low


def draw(rng, n, s, tau, early_share=.08):
    """(time, d, s, early, shipped) in entry order; a few entries come out of order of time."""
    theta = tau * rng.standard_normal(n)
    errors = s * np.exp(.2 * rng.standard_normal(n))
    d = theta + errors * rng.standard_normal(n)
    times = BASE + np.cumsum(rng.exponential(rng.choice([1., 4., 12.]) * 86400, n)).astype(int)
    times -= (rng.random(n) < .05) * 5 * 86400
    early, shipped = rng.random(n) < early_share, rng.random(n) < .5
    return list(zip(times.tolist(), d.tolist(), errors.tolist(), early.tolist(), (shipped | ~early).tolist()))


class Case:
    """Input lines for the tool and what the model says to them."""

    def __init__(self):
        self.lines, self.want, self.states = [], [], {}

    def begin(self, deltas):
        self.model = programme.Programme(deltas)
        self.lines.append('programme ' + ' '.join('nan' if d is None else repr(d) for d in deltas))

    def take(self, changed):
        for index in changed:
            area = self.model.areas[index]
            self.states[area.state] = self.states.get(area.state, 0) + 1
            self.want.append([str(len(self.lines))] + figures(index, area))

    def enter(self, index, time, d, s, early, shipped):
        self.lines.append('entry %d %d %r %r %d %d' % (index, time, d, s, early, shipped))
        self.take(self.model.enter(index, time, d, s, early, shipped))

    def launch(self, index, time):
        self.lines.append('launch %d %d' % (index, time))
        self.take(self.model.launch(index, time))

    def end(self, with_range):
        self.lines.append('end')
        for index, area in enumerate(self.model.areas):
            middle = programme.statistics.median(e[1] for e in area.entries) if area.entries else math.nan
            lower, upper = area.proved_range() if with_range else ('skip', 'skip')
            self.want.append(['end'] + figures(index, area) + [area.biggest_ever, area.biggest_cap, middle, lower, upper,
                                                              float(area.jackpot_ok()), float(area.once_yielding)])


def figures(index, area):
    return [str(index), area.state, float(area.n), area.e_flat, area.level, area.down, area.up, area.e_yield]


def single_areas(case, rng):
    for ratio in RATIOS:
        delta, s = 1. / ratio, 1.
        for target in WORLDS.values():
            tau = idea_scale(target * delta, s)
            for path in range(PATHS):
                case.begin([delta])
                for entry in draw(rng, ENTRIES, s, tau):
                    case.enter(0, *entry)
                case.end(with_range=path % 20 == 0)


def coupled_areas(case, rng):
    """Several areas in one instance, merged by time; the first world of each dries up; some areas are launched anew."""
    for path in range(COUPLED):
        areas = int(rng.integers(2, 6))
        deltas = [None if rng.random() < .2 else float(rng.choice([.2, .5, 1.])) for _ in range(areas)]
        case.begin(deltas)
        rows = []
        for index in range(areas):
            s = .5 * (deltas[index] or 1.)
            paying = draw(rng, int(rng.integers(5, 60)), s, idea_scale(2. * (deltas[index] or 1.), s))
            later = max(row[0] for row in paying) - BASE
            dry = draw(rng, int(rng.integers(20, 120)), s, .0 if rng.random() < .7 else 2 * s)
            rows += [(row[0], index) + row for row in paying]
            rows += [(row[0] + later, index, row[0] + later) + row[1:] for row in dry]
        rows.sort(key=lambda row: row[:2])
        for place, row in enumerate(rows):
            if rng.random() < .004:
                case.launch(int(rng.integers(areas)), row[0] + int(rng.integers(-5, 5)) * 86400)
            case.enter(row[1], *row[2:])
        case.end(with_range=True)


def same(got, want):
    if isinstance(want, str):
        return want == 'skip' or got == want
    if want is None or math.isnan(want):
        return math.isnan(float(got))
    return abs(float(got) - want) <= TOLERANCE * abs(want)


def main(tool):
    case = Case()
    rng = np.random.default_rng(20240611)
    single_areas(case, rng)
    coupled_areas(case, rng)
    out = subprocess.run([tool], input='\n'.join(case.lines) + '\n', stdout=subprocess.PIPE, text=True, check=True).stdout
    got = [line.split() for line in out.splitlines()]
    for number, (a, b) in enumerate(zip(got, case.want)):
        if len(a) != len(b) or not all(map(same, a, b)):
            sys.exit('row %d differs:\n  C         %s\n  reference %s' % (number, ' '.join(a), ' '.join(map(str, b))))
    if len(got) != len(case.want):
        sys.exit('%d rows of C, %d of the reference' % (len(got), len(case.want)))
    missing = {'FLAT', 'FLATTENING', 'RISING', 'YIELDING', 'INCONCLUSIVE'} - set(case.states)
    if missing:
        sys.exit('the worlds never reached %s: the comparison is too weak' % ', '.join(sorted(missing)))
    print('%d lines, %d rows equal; changes into %s' % (len(case.lines), len(got), case.states))


if __name__ == '__main__':
    main(sys.argv[1])
