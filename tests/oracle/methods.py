"""Reference models of the judge's statistics beside the programme (statistics.md 1.2 to 1.4, 2.2, 2.4, 2.5.9, 2.8), written
from the formulas and sharing no code with plateaud: exact rational arithmetic where plateaud has wide integers, other
quadrature and root finding where it has its own, numerical derivatives where it has them by hand.
"""
import bisect
import math
from fractions import Fraction

import numpy as np
from scipy import optimize
from scipy.special import betaincinv, ndtr
from scipy.stats import norm

BAR = 1.96
BETS = (.15, .35, .65, .95)


def student(p, df):
    """Quantile p > 1/2 of Student's t; scipy 1.10's own is wrong in the tenth digit for a few df."""
    x = betaincinv(df / 2, .5, 2 * (1 - p))
    return math.sqrt(df * (1 - x) / x)


def credited(d, s):
    return d * norm.cdf(d / s - BAR) - s * norm.pdf(d / s - BAR)


# Families of p


def by_rank(p, value, downwards):
    """value(sorted p, rank from 0, m), then running maximum upwards or running minimum downwards, cut at 1."""
    known = sorted((x, at) for at, x in enumerate(p) if not math.isnan(x))
    out, m, last = [math.nan] * len(p), len(known), 1. if downwards else 0.
    order = list(enumerate(known))
    for rank, (x, at) in reversed(order) if downwards else order:
        last = (min if downwards else max)(last, min(1., value(x, rank, m)))
        out[at] = last
    return out


def holm(p):
    return by_rank(p, lambda x, rank, m: x * (m - rank), False)


def benjamini_hochberg(p):
    return by_rank(p, lambda x, rank, m: x * m / (rank + 1), True)


def benjamini_yekutieli(p):
    harmonic = sum(1 / i for i in range(1, len(p) + 1))
    return by_rank(p, lambda x, rank, m: x * m / (rank + 1) * harmonic, True)


# Several arms


def arms_bar(s):
    return BAR * math.sqrt(sum(x * x for x in s) / len(s))


def rule(d, s, bar):
    """Points and weights on (bar, oo): 20 Gauss-Legendre nodes between all d + k s, k = -10 .. 12."""
    edges = np.concatenate([d + k * s for k in range(-10, 13)])
    edges = np.unique(np.concatenate([[bar], edges[edges > bar]]))
    node, weight = np.polynomial.legendre.leggauss(20)
    half = .5 * np.diff(edges)[:, None]
    return (edges[:-1, None] + half * (1 + node)).ravel(), (half * weight).ravel()


def arms(d, s, shared):
    """sum_i [d_i g_i - sum_j Sigma_ij dg_i/dd_j], each derivative of g_i as the integral of its integrand's derivative."""
    d, s = np.asarray(d, float), np.asarray(s, float)
    n, (x, w) = len(d), rule(d, s, arms_bar(s))
    u = (x[:, None] - d) / s
    density, below = np.exp(-.5 * u * u) / math.sqrt(2 * math.pi) / s, ndtr(u)

    def others(*left_out):
        return np.prod(below[:, [k for k in range(n) if k not in left_out]], axis=1)

    total = 0.
    for i in range(n):
        total += d[i] * (w @ (density[:, i] * others(i)))
        for j in range(n):
            if i == j:
                total -= s[i] ** 2 * (w @ (u[:, i] / s[i] * density[:, i] * others(i)))
            else:
                total += shared * (w @ (density[:, i] * density[:, j] * others(i, j)))
    return float(total)


# Moments of integer sums


def welch(var_a, n_a, var_b, n_b):
    a, b = var_a / n_a, var_b / n_b
    return (a + b) ** 2 / (a * a / (n_a - 1) + b * b / (n_b - 1)) if a + b > 0 else math.nan


def moments(arm):
    """Means and covariances of one unit from micro-unit sums, rounded once: (n, mean[4], cov[4][4])."""
    n, sums, cross = arm
    k = len(sums)
    mean = [float(Fraction(x, n * 10 ** 6)) for x in sums]
    cov = [[float(Fraction(n * cross[min(i, j)][max(i, j)] - sums[i] * sums[j], n * (n - 1) * 10 ** 12))
            for j in range(k)] for i in range(k)]
    return n, np.array(mean), np.array(cov)


def slopes(f, x):
    """Gradient by complex steps: exact to rounding for an analytic function."""
    x = np.asarray(x, complex)
    out = []
    for i in range(len(x)):
        step = abs(x[i]) * 1e-30 or 1e-30
        moved = x.copy()
        moved[i] += 1j * step
        out.append(f(moved).imag / step)
    return np.array(out)


def delta(f, a, b):
    """Variance of f(means of a, means of b) for independent arms."""
    (n_a, mean_a, cov_a), (n_b, mean_b, cov_b) = a, b
    g = slopes(lambda x: f(x[:len(mean_a)], x[len(mean_a):]), np.concatenate([mean_a, mean_b]))
    g_a, g_b = g[:len(mean_a)], g[len(mean_a):]
    return g_a @ cov_a @ g_a / n_a + g_b @ cov_b @ g_b / n_b


def apart(arm_a, arm_b, i):
    """Difference of the means of variable i, rounded once."""
    return float(Fraction(arm_b[1][i], arm_b[0] * 10 ** 6) - Fraction(arm_a[1][i], arm_a[0] * 10 ** 6))


def mean_theta(arm_a, arm_b):
    """Of both arms' units as one sample."""
    n, s = arm_a[0] + arm_b[0], [x + y for x, y in zip(arm_a[1], arm_b[1])]
    q = [[x + y for x, y in zip(r, t)] for r, t in zip(arm_a[2], arm_b[2])]
    _, _, cov = moments((n, s[:2], q))
    return cov[0][1] / cov[1][1] if cov[1][1] > 0 else 0.


def cuped_mean(arm_a, arm_b):
    """theta, then (estimate, se) absolute and relative, then df."""
    theta = mean_theta(arm_a, arm_b)
    (n_a, (x_a, p_a), c_a), (n_b, (x_b, p_b), c_b) = a, b = [moments((n, s[:2], q)) for n, s, q in (arm_a, arm_b)]
    one = np.array([1., -theta])
    var_a, var_b = one @ c_a @ one, one @ c_b @ one
    change = apart(arm_a, arm_b, 0) - theta * apart(arm_a, arm_b, 1)
    share = np.array([x_b / x_a, -theta]) if x_a else None
    relative = (change / abs(x_a), math.sqrt(share @ c_a @ share / n_a + var_b / n_b) / abs(x_a)) if x_a else (math.nan,) * 2
    return theta, (change, math.sqrt(var_a / n_a + var_b / n_b)), relative, welch(var_a, n_a, var_b, n_b)


def cuped_ratio(arm_a, arm_b, adjust=True):
    a, b = moments(arm_a), moments(arm_b)
    theta = 0.
    if adjust:
        c = w = 0.
        for n, mean, cov in (a, b):
            after, before = slopes(lambda x: x[0] / x[1], mean), slopes(lambda x: x[2] / x[3], mean)
            c, w = c + after @ cov @ before, w + before @ cov @ before
        theta = c / w

    def adjusted(x):
        return x[0] / x[1] - theta * x[2] / x[3] if theta else x[0] / x[1]

    def change(x, y):
        return adjusted(y) - adjusted(x)

    def relative(x, y):
        return change(x, y) / (x[0] / x[1])

    base = a[1][0] / a[1][1]
    own = [slopes(adjusted, arm[1]) for arm in (a, b)]
    var_a, var_b = [g @ arm[2] @ g for g, arm in zip(own, (a, b))]
    return (theta, (change(a[1], b[1]), math.sqrt(delta(change, a, b))),
            (change(a[1], b[1]) / abs(base), math.sqrt(delta(relative, a, b))), welch(var_a, a[0], var_b, b[0]))


# Hollow growth and the holdout leg


def value_gain(d, s, value, cov):
    u = (d - BAR * s) / s
    return value * norm.cdf(u) - cov * norm.pdf(u) / s


class Hollow:
    def __init__(self, eta):
        self.eta = 0. if math.isnan(eta) else eta
        self.m, self.e, self.alarm = [0.] * 4, 0., False

    def take(self, d, s, value, value_se, cov, cap, early=False, shipped=False):
        cap = max(cap, 4 * value_se)
        if early:
            y = cap if shipped else 0.
        else:
            y = min(cap, max(-cap, value_gain(d, s, value, cov) - self.eta * credited(d, s)))
        self.m = [min(200., max(1., m) * (1 - f * y / cap)) for m, f in zip(self.m, BETS)]
        self.e = sum(self.m) / 4
        self.alarm = self.e >= 20 or (self.alarm and self.e >= 2)
        return self.e


def holdout(lift, se, entries, smallest):
    z = (entries * smallest - lift) / se
    return sum(math.exp(x * z - x * x / 2) for x in (.5, 1, 2, 3)) / 4


# Random effects


def weighted(y, v, tau2):
    w = 1 / (v + tau2)
    return (w * y).sum() / w.sum(), w.sum() ** -.5


def squares(y, v, tau2):
    return ((y - weighted(y, v, tau2)[0]) ** 2 / (v + tau2)).sum()


def dersimonian_laird(y, v):
    w, k = 1 / v, len(y)
    return max(0., (squares(y, v, 0.) - (k - 1)) / (w.sum() - (w * w).sum() / w.sum()))


def paule_mandel(y, v):
    k = len(y)
    if squares(y, v, 0.) <= k - 1:
        return 0.
    top = float(np.ptp(y)) ** 2 + 1.
    while squares(y, v, top) > k - 1:
        top *= 2
    return optimize.brentq(lambda x: squares(y, v, x) - (k - 1), 0., top, xtol=1e-18, rtol=1e-15)


def likelihood(y, v, tau2, restricted):
    """-2 log likelihood, up to a constant."""
    w = 1 / (v + tau2)
    return np.log(v + tau2).sum() + squares(y, v, tau2) + (math.log(w.sum()) if restricted else 0.)


def most_likely(y, v, restricted):
    best = optimize.minimize_scalar(lambda x: likelihood(y, v, x, restricted), bounds=(0., 10.), method='bounded',
                                    options={'xatol': 1e-12})
    return float(best.x)


def knapp_hartung(y, v, tau2):
    w = 1 / (v + tau2)
    return math.sqrt(squares(y, v, tau2) / ((len(y) - 1) * w.sum()))


def blup(y, v, tau2):
    mu = weighted(y, v, tau2)[0]
    return (y / v + mu / tau2) / (1 / v + 1 / tau2) if tau2 > 0 else np.full(len(y), mu)


def pool(y, s, alpha):
    """In the order of struct pl_pool, then the shrunken effects."""
    y, v = np.array(y), np.array(s) ** 2
    k, tau2 = len(y), paule_mandel(y, v)
    mu, se = weighted(y, v, tau2)
    q = squares(y, v, 0.)
    kh = knapp_hartung(y, v, tau2)
    half = student(1 - alpha / 2, k - 1) * kh
    wide = student(1 - alpha / 2, k - 2) * math.sqrt(tau2 + se * se) if k > 2 else math.nan
    return [k, mu, se, tau2, q, max(0., 1 - (k - 1) / q), *weighted(y, v, 0.), kh, mu - half, mu + half, mu - wide,
            mu + wide, *blup(y, v, tau2)]


# Headroom


def headroom(x):
    """In the order of struct pl_headroom."""
    x, n = np.array(x), len(x)
    rates = np.concatenate([[0.], np.geomspace(1e-3, .3, 120)])
    decay = np.exp(-np.outer(rates, np.arange(n)))
    a = decay @ x / (decay ** 2).sum(axis=1)
    sse = ((x - a[:, None] * decay) ** 2).sum(axis=1)
    inside = (sse - sse.min()) / (sse.min() / (n - 2)) <= 3.84
    best = int(sse.argmin())
    left = np.array([math.inf if k == 0 else b * math.exp(-k * n) / (1 - math.exp(-k)) for k, b in zip(rates, a)])
    return [int(inside[0]), rates[best], a[best], rates[inside].min(), rates[inside].max(), left[best],
            left[inside].min(), left[inside].max()]


# Times


def bounds():
    """Upper ends of the buckets below the last one, microseconds."""
    out, last = [10 ** 6], 400 * 86400 * 10 ** 6
    while out[-1] * 101 // 99 < last:
        out.append(out[-1] * 101 // 99)
    return [*out, last]


BOUNDS = bounds()


def bucket(us):
    return bisect.bisect_right(BOUNDS, us)


def edges(at):
    """lower, upper, middle; the last bucket has no upper end."""
    if at == 0:
        return 0, BOUNDS[0], BOUNDS[0] // 2
    if at == len(BOUNDS):
        return BOUNDS[-1], math.inf, BOUNDS[-1]
    low, high = BOUNDS[at - 1], BOUNDS[at]
    return low, high, 2 * low * high // (low + high)


def quantile(times, n, nu, alpha):
    """value, lower, upper from the times themselves (None: not reached), each seen through its bucket; None: refused."""
    z = norm.ppf(1 - alpha / 2)
    if n <= z * z * nu / (1 - nu) or n <= z * z * (1 - nu) / nu:
        return None
    ordered = [*sorted(times), *[None] * (n - len(times))]
    half = z * math.sqrt(nu * (1 - nu) / n)
    ranks = (math.ceil(n * nu), math.floor(n * (nu - half)), math.ceil(n * (nu + half)))
    value, low, high = (ordered[min(n, max(1, rank)) - 1] for rank in ranks)
    return (math.inf if value is None else edges(bucket(value))[2], math.inf if low is None else edges(bucket(low))[0],
            math.inf if high is None else edges(bucket(high))[1])
