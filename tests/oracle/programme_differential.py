"""The C programme against the reference model, path by path: programme_differential.py TOOL

Worlds of statistics.md 2.7 (true return 0, .5, 1 and 1.5 times the smallest return, at standard errors of 1 and 2.5 times
it), 200 paths of 240 entries each, with varying standard errors, irregular times and early entries; then instances of
several areas with core launches and areas without a smallest return; then instances whose experiments have several arms,
value and costs, with quarters of a holdout between them. Every change of state must come at the same entry with the same
numbers (relative 1e-9), and the figures shown on the way and at the end must agree.
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
RICH = 60
TOLERANCE, ZERO = 1e-9, 1e-13
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

    def begin(self, deltas, etas=None):
        self.model = programme.Programme(deltas, etas)
        self.lines.append('programme ' + ' '.join('nan' if d is None else repr(d) for d in deltas))
        if etas:
            self.lines[-1] += ' eta ' + ' '.join('nan' if eta is None else repr(eta) for eta in etas)

    def take(self, changed):
        for index in changed:
            area = self.model.areas[index]
            self.states[area.state] = self.states.get(area.state, 0) + 1
            self.want.append([str(len(self.lines))] + figures(index, area))

    def enter(self, index, time, d, s, early, shipped, **more):
        self.lines.append('entry %d %d %r %r %d %d' % (index, time, d, s, early, shipped))
        for name in more:
            self.lines[-1] += ' %s ' % name + ' '.join(map(repr, np.ravel(more[name]).tolist()))
        self.take(self.model.enter(index, time, d, s, early, shipped, **more))

    def quarter(self, index, start, end, lift, se):
        self.lines.append('quarter %d %d %d %r %r' % (index, start, end, lift, se))
        self.model.quarter(index, start, end, lift, se)

    def show(self, index):
        self.lines.append('show %d' % index)
        self.want.append(['show'] + figures(index, self.model.areas[index]) + beside(self.model.areas[index]))

    def launch(self, index, time):
        self.lines.append('launch %d %d' % (index, time))
        self.take(self.model.launch(index, time))

    def end(self, with_range):
        self.lines.append('end')
        for index, area in enumerate(self.model.areas):
            middle = programme.statistics.median(e.s for e in area.entries) if area.entries else math.nan
            lower, upper = area.proved_range() if with_range else ('skip', 'skip')
            self.want.append(['end'] + figures(index, area) + [area.biggest_ever, area.biggest_cap, middle, lower, upper,
                                                              float(area.jackpot_ok()), float(area.once_yielding)] + beside(area))


def figures(index, area):
    return [str(index), area.state, float(area.n), area.e_flat, area.level, area.down, area.up, area.e_yield]


def beside(area):
    """Hollow growth, value and the last quarter."""
    quarter = area.quarter or (math.nan, math.nan, 0, math.nan, math.nan)
    mean = sum(area.values) / len(area.values) if area.values else math.nan
    return [float(area.hollow.alarm), area.hollow.e, float(len(area.values)), mean,
            float(area.e_holdout >= area.level), area.e_holdout, float(quarter[2]), *quarter[3:], area.lean()]


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


def dress(rng, s, eta):
    """What an experiment may have besides d and s; value follows delivery in half of the areas."""
    more = {}
    if rng.random() < .3:
        more['cost'] = float(rng.choice([.5, 2., 4.]))
    kind = rng.random()
    if kind < .25:
        n = int(rng.choice([2, 3, 4]))
        errors = s * np.exp(.3 * rng.standard_normal(n))
        more['arms'] = [(float(d), float(e)) for d, e in zip(s * rng.normal(.4, 1.3, n), errors)]
        more['shared'] = float(rng.uniform(.05, .9) * min(errors) ** 2)
    elif kind < .9:
        error = float(s * rng.uniform(.3, 1.))
        more['value'] = (float(rng.normal(1.5 * eta * s, error)), error, float(rng.uniform(-.6, .6) * s * error))
    return more


def rich_areas(case, rng):
    """Arms, value, costs and quarters of a holdout; some quarters overlap, some began before a core launch."""
    reached = {'hollow': 0, 'holdout': 0, 'both ways': 0}
    for path in range(RICH):
        areas = int(rng.integers(1, 4))
        deltas = [None if rng.random() < .1 else float(rng.choice([.2, .5, 1.])) for _ in range(areas)]
        etas = [None if rng.random() < .3 else float(rng.choice([0., .3, 1.])) for _ in range(areas)]
        case.begin(deltas, etas)
        follows = [float(rng.choice([-3., -3., 0., 3.])) for _ in range(areas)]
        before = [False] * areas
        time = BASE
        length = int(rng.integers(60, 320))
        for number in range(length):
            if number == length // 2:
                follows = [-follow if rng.random() < .5 else follow for follow in follows]
            index = int(rng.integers(areas))
            s = .6 * (deltas[index] or 1.) * float(np.exp(.2 * rng.standard_normal()))
            time += int(rng.exponential(4.) * 86400)
            if rng.random() < .004:
                case.launch(index, time)
            if rng.random() < .06:
                start = time - int(rng.choice([60, 91, 120]) * 86400)
                due = (deltas[index] or 1.) * sum(start < row[0] for row in case.model.areas[index].history)
                sigma = float((.1 + due) * rng.uniform(.3, 2.))
                case.quarter(index, start, time, float(due * rng.choice([0., 1., 1.5]) + sigma * rng.normal()), sigma)
            more = dress(rng, s, follows[index])
            early = bool(rng.random() < .08)
            if 'arms' in more:
                d, s = max(more['arms'])[0], math.sqrt(sum(e * e for _, e in more['arms']) / len(more['arms']))
            else:
                d = float(rng.normal(1.2 * s, 1.5 * s))
            case.enter(index, time, d, s, early, bool(rng.random() < .5) or not early, **more)
            area = case.model.areas[index]
            reached['both ways'] += before[index] and not area.hollow.alarm
            before[index] = area.hollow.alarm
            if rng.random() < .15:
                case.show(index)
        reached['hollow'] += any(before)
        reached['holdout'] += any(area.e_holdout >= area.level for area in case.model.areas)
        case.end(with_range=path % 10 == 0)
    if not all(reached.values()):
        sys.exit('the rich worlds never reached all of %s' % reached)
    print('paths that ended hollow, with a holdout that fired, alarms that went: %s' % reached)


def same(got, want):
    if isinstance(want, str):
        return want == 'skip' or got == want
    if want is None or math.isnan(want):
        return math.isnan(float(got))
    return abs(float(got) - want) <= max(TOLERANCE * abs(want), ZERO)


def main(tool):
    case = Case()
    rng = np.random.default_rng(20240611)
    single_areas(case, rng)
    coupled_areas(case, rng)
    rich_areas(case, rng)
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
