"""Published numbers (statistics.md 3), recomputed from the formulas: golden.py

Those of methods that plateaud has are also constants of its unit tests; here they prove the reference models of methods.py.
Those of methods it has not (Bayes, other confidence sequences, other random-effects estimators) prove that the numbers of
statistics.md are what its formulas give, so that they may be relied on where they are used. Nothing of plateaud is run.
"""
import math
import sys

import numpy as np
from scipy import integrate, optimize
from scipy.special import lambertw, zeta
from scipy.stats import chi2, norm

import methods

WRONG = []
COUNT = 0
Z = norm.ppf(.975)


def check(what, got, want, within=1e-5):
    global COUNT
    got, want = np.atleast_1d(np.asarray(got, float)), np.atleast_1d(np.asarray(want, float))
    COUNT += len(want)
    if got.shape != want.shape or not np.all(np.abs(got - want) <= within):
        WRONG.append(what)
        print('%s: %s, not %s' % (what, got.tolist(), want.tolist()))


def around(middle, half):
    return [middle - half, middle + half]


# Engine


def width(n, n_star, alpha):
    """Half-width of the confidence sequence in units of se."""
    level = -2 * math.log(alpha)
    rho2 = (level + math.log(1 + level)) / n_star
    grown = n * rho2 + 1
    return math.sqrt(2 * grown / (n * rho2) * math.log(math.sqrt(grown) / alpha))


def micro(x):
    return round(x * 10 ** 6)


def arm_of(n, sums, cross):
    """Upper triangle row by row; published decimals become micro-units."""
    k, values = len(sums), iter(cross)
    table = [[0] * k for _ in range(k)]
    for i in range(k):
        for j in range(i, k):
            table[i][j] = round(next(values) * 10 ** 12)
    return n, [micro(x) for x in sums], table


def adjusted_means():
    pairs = [(2., .3), (1., .5), (5., .9), (3., 22.)]
    sums, cross = [11., 23.7], [sum(a * b for a, b in zip(x, y)) for x, y in
                                [(c, d) for k, c in enumerate(zip(*pairs)) for d in list(zip(*pairs))[k:]]]
    arm = arm_of(4, sums, cross)
    check('CUPED theta', methods.mean_theta(arm, arm), .01864)
    a = arm_of(3000, [1396.87, 16.87], [52377.9767, 1., 527.9767])
    b = arm_of(3461, [2422.7, 22.7], [134698.29, 1., 1348.29])
    _, _, (lift, se), _ = methods.cuped_mean(a, b)
    check('sequential CUPED', [lift, se, *around(lift, se * width(6461, 5000, .05))], [.50338, .33341, -.50969, 1.51646])


def adjusted_ratios():
    a = arm_of(100, [485.112236689623, 679.9093275844917, 192.59138069991536, 290.1398399750233],
               [2715.484666118136, 3602.146836776702, 1113.6215759318352, 1559.2878434944676, 4939.424001640236,
                1460.3181079276983, 2130.9404074446747, 460.076026390857, 634.239482353647, 920.9461385038898])
    b = arm_of(100, [514.7757826608777, 705.4090874383759, 206.94157227402536, 302.54389139107326],
               [2994.897482705013, 3918.1561431600717, 1237.0953021125997, 1701.0287270040265, 5291.36604146392,
                1604.0759503266522, 2292.081739775257, 514.2903702246757, 698.4173425817908, 994.4506208125663])
    _, _, (lift, se), df = methods.cuped_ratio(a, b)
    check('CUPED ratio', [lift, se, *around(lift, methods.student(.975, df) * se)], [-.0007, .00391, -.00841, .00700])
    check('sequential CUPED ratio', around(lift, se * width(200, 5000, .05)), [-.02063, .01923])


def relative(m_a, v_a, m_b, v_b):
    """Lift and its error from means and the variances of means."""
    return (m_b - m_a) / abs(m_a), math.sqrt(v_b / m_a ** 2 + v_a * m_b ** 2 / m_a ** 4)


def posterior(x, se, mean, var):
    precision = 1 / se ** 2 + 1 / var
    return (x / se ** 2 + mean / var) / precision, precision ** -.5


def regret(mean, sd):
    """Expected loss of staying and of shipping, by integration."""
    def loss(sign):
        return integrate.quad(lambda x: max(0., sign * x) * norm.pdf(x, mean, sd), mean - 12 * sd, mean + 12 * sd,
                              points=[0.], epsabs=1e-12)[0]
    return loss(1), loss(-1)


def bayes():
    mean, sd = relative(.49, .49 * .51 / 100, .51, .51 * .49 / 100)
    check('flat prior', [mean, sd, *around(mean, Z * sd), norm.cdf(mean / sd), *regret(mean, sd)],
          [.04082, .14725, -.24779, .32943, .60918, .0814, .04058])
    flat = relative(10., 2.25 / 9 / 10, 10.5, 9. / 9 / 10)
    check('flat prior of means', [*flat, norm.cdf(flat[0] / flat[1])], [.05, .03572, .91923])
    mean, sd = posterior(*flat, .1, .1)
    check('normal prior', [mean, sd, norm.cdf(mean / sd), *around(mean, Z * sd), *regret(mean, sd)],
          [.05063, .03549, .92315, -.01893, .12019, .05186, .00123])


def quantiles():
    arms = [(11054, 7.157987489967789, 7.098780136176828, 7.217194843758751),
            (10861, 7.694499927525767, 7.64180598628119, 7.747193868770344)]
    (q_a, v_a), (q_b, v_b) = [(q, (n - 1) / n * ((high - low) / (2 * Z)) ** 2) for n, q, low, high in arms]
    check('quantiles', [q_b - q_a, *around(q_b - q_a, Z * math.sqrt(v_a + v_b))], [.5365124, .4572560, .6157689], 1e-7)
    mean, sd = posterior(*relative(q_a, v_a, q_b, v_b), 0., 1e6)
    check('relative quantiles', [mean, *around(mean, Z * sd)], [.0749530, .0634101, .0864959], 1e-7)


def families():
    check('Holm', methods.holm([.01, .04, .03, .005, .55, .6]), [.05, .12, .12, .03, 1, 1])
    check('BH', methods.benjamini_hochberg([.898, .138, .007, .964, .538, .006, .138]),
          [.964, .2415, .0245, .964, .7532, .0245, .2415])
    p = [.005, .06, .007, .04, .01, .03]
    check('BH again', methods.benjamini_hochberg(p), [.02, .06, .02, .048, .02, .045])
    check('BY', methods.benjamini_yekutieli(p), [.049, .147, .049, .1176, .049, .11025])


# Confidence sequences: every conjugate mixture is one integral, exp(lambda s - v psi) over the prior exp(-rho psi)


def log_integral(f, low, high):
    """log of the integral of exp(f) over (low, high), f concave."""
    inside = optimize.minimize_scalar(lambda x: -f(x), bounds=(max(low, -60.), min(high, 60.)), method='bounded',
                                      options={'xatol': 1e-10})
    peak, top = float(inside.x), -float(inside.fun)

    def end(sign, limit):
        step = 1e-4
        while abs(step) < 1e6 and (peak + sign * step - limit) * sign < 0 and f(peak + sign * step) > top - 45:
            step *= 1.5
        return min(limit, peak + step) if sign > 0 else max(limit, peak - step)

    a, b = end(-1, low), end(1, high)
    edges = np.linspace(a, b, 41)
    total = sum(integrate.quad(lambda x: math.exp(f(x) - top), x, y, epsabs=1e-14, epsrel=1e-11)[0]
                for x, y in zip(edges, edges[1:]))
    return top + math.log(total)


def log_mixture(psi, s, v, rho, low=-math.inf, high=math.inf, of=lambda y: y):
    """lambda = of(y), the prior taken with respect to y."""
    return (log_integral(lambda y: of(y) * s - (v + rho) * psi(of(y)), low, high) -
            log_integral(lambda y: -rho * psi(of(y)), low, high))


def normal_psi(x):
    return .5 * x * x


def exponential_psi(c):
    return lambda x: (-math.log1p(-c * x) - c * x) / c ** 2


def poisson_psi(c):
    return lambda x: (math.expm1(c * x) - c * x) / c ** 2


def bernoulli_psi(g, h):
    return lambda x: (np.logaddexp(math.log(g) + h * x, math.log(h) - g * x) - math.log(g + h)) / (g * h)


def best_rho(v, alpha):
    return v / (2 * math.log(1 / alpha) + math.log(1 + 2 * math.log(1 / alpha)))


def mixtures():
    two, one = best_rho(100, .05), best_rho(100, .1)  # the one-sided takes twice alpha
    g, h = .2, .8
    rows = [
        ('normal', normal_psi, two, {}, -.6510052, 30.35209),
        ('one-sided normal', normal_psi, one, {'low': 0.}, -.06502391, 27.66071),
        # u = 1 - c lambda in (0, 1] has a gamma density with respect to du/u: y = -log u
        ('gamma-exponential', exponential_psi(2), one, {'low': 0., 'high': 30., 'of': lambda y: -math.expm1(-y) / 2},
         -.2490165, 33.02017),
        ('gamma-Poisson', poisson_psi(2), one, {'low': 0.}, -.06991219, 30.1949),
        ('beta-binomial', bernoulli_psi(g, h), two - g * h, {}, -.6941012, 31.4308),
        ('one-sided beta-binomial', bernoulli_psi(g, h), one - g * h, {'low': 0.}, -.07134019, 28.41238),
    ]
    check('rho', two, 12.60056)
    for name, psi, rho, sides, value, bound in rows:
        def evidence(s):
            return log_mixture(psi, s, 100., rho, **sides)
        check(name, evidence(10.), value, 1e-6)
        check(name + ' bound', optimize.brentq(lambda s: evidence(s) - math.log(20), 10., 60., xtol=1e-7), bound, 1e-4)


def bernoulli_interval(k, n, tuned):
    """Means m whose evidence stays below 20."""
    def over(m):
        rho = max(best_rho(tuned * m * (1 - m), .05) - m * (1 - m), 1e-3 * m * (1 - m))
        return log_mixture(bernoulli_psi(m, 1 - m), k - n * m, n * m * (1 - m), rho) - math.log(20)
    tiny = 1e-4
    low = optimize.brentq(over, tiny, k / n, xtol=1e-8) if over(tiny) > 0 else 0.
    return low, optimize.brentq(over, k / n, 1 - tiny, xtol=1e-8)


def bernoulli():
    for k, n, tuned, want in ((700, 1000, 100, [.651629, .745949]), (15, 50, 50, [.129556, .511896]),
                              (5, 50, 50, [.013021, .269264]), (1, 50, 50, [0, .13489]),
                              (100, 200, 1, [.328923, .671076])):
        check('Bernoulli %d/%d' % (k, n), bernoulli_interval(k, n, tuned), want)


def stitched():
    for c, want in ((3, 64.48755), (-1, 28.99389)):
        eta, s, v, least = 2., 1.4, 100., 10.
        level = s * math.log(math.log(eta * v / least)) + math.log(zeta(s) / (.05 * math.log(eta) ** s))
        first, second = (eta ** .25 + eta ** -.25) / math.sqrt(2), (math.sqrt(eta) + 1) / 2
        check('stitching, c = %d' % c, math.sqrt(first ** 2 * v * level + (second * c * level) ** 2) + second * c * level,
              want)


def other_sequences():
    rho = 1e4 / (math.log(math.log(math.e / .05 ** 2)) - 2 * math.log(.05))
    check('tuned rho', rho, 1260.0561, 1e-4)
    for t, want in ((1e3, 3.855055), (1e4, 3.035209), (1e5, 3.241723)):
        b = math.sqrt((t + rho) / t * math.log((t + rho) / (rho * .05 ** 2)))
        check('B(%g)' % t, b, want, 1e-6)
        check('the same sequence', width(t, 1e4, .05), b, 1e-9)
    v, tau = 2 / 5000, Z * Z * 2 / 10000
    check('mSPRT Z*', math.sqrt((v + tau) / tau * (-2 * math.log(.025) - math.log(v / (v + tau)))), 3.584515, 1e-5)
    check('optimal rho^2', [(-lambertw(-.05 ** 2 / math.e, -1).real - 1) / 1000,
                            (-2 * math.log(.05) + math.log(1 - 2 * math.log(.05))) / 1000],
          [.008211968062, .007936154602], 1e-12)
    check('normal with lambda 1', .5 + math.log(20) / 100, .529957, 1e-6)


def linear_model():
    """Anytime-valid t: n = 100, 8 coefficients."""
    n, df, alpha = 100, 92, .05

    def radius(g):
        r = g / (g + n)
        w = (r * alpha ** 2) ** (1 / (df + 1))
        return math.sqrt(df * (1 - w) / (w - r)) if w > r else math.inf

    g = optimize.minimize_scalar(radius, bounds=(1., 400.), method='bounded', options={'xatol': 1e-8}).x
    r, t = g / (g + n), 5.776
    p = math.exp(-(.5 * math.log(r) + .5 * (df + 1) * (math.log1p(t * t / df) - math.log1p(r * t * t / df))))
    check('tuned g', g, 11.58154, 1e-3)
    check('anytime-valid p', p, 9.77e-6, 2e-8)
    check('anytime-valid interval', around(2.32245, radius(g) * .21566), [1.65305, 2.99184], 2e-4)


# Random effects

Y = np.array([-.8893113339, -1.5853886572, -1.3480731483, -1.4415511900, -.2175473222, -.7861155858, -1.6208982236,
              .0119523335, -.4694176487, -1.3713448035, -.3393588284, .4459134006, -.0173139482])
V = np.array([.3255847650, .1945811214, .4153679654, .0200100319, .0512101722, .0069056185, .2230172476, .0039615793,
              .0564342105, .0730247936, .0124122140, .5325058452, .0714046597])
LATITUDE = np.array([44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33.])
YEAR = np.array([1948, 1949, 1960, 1977, 1973, 1953, 1973, 1980, 1968, 1961, 1974, 1969, 1976.])


def sidik_jonkman(y, v):
    first = ((y - y.mean()) ** 2).mean()
    w = 1 / (v / first + 1)
    return (w * (y - (w * y).sum() / w.sum()) ** 2).sum() / (len(y) - 1)


def random_effects():
    near = 2e-6
    dl, pm = methods.dersimonian_laird(Y, V), methods.paule_mandel(Y, V)
    reml, ml = methods.most_likely(Y, V, True), methods.most_likely(Y, V, False)
    q = methods.squares(Y, V, 0.)
    check('fixed effect', [*methods.weighted(Y, V, 0.), q, 100 * (1 - 12 / q)], [-.430285, .040499, 152.233008, 92.1173], 1e-4)
    mu, se = methods.weighted(Y, V, dl)
    check('DL', [dl, mu, se, *around(mu, Z * se)], [.308760, -.714117, .178742, -1.064445, -.363789], near)
    check('PM', [pm, *methods.weighted(Y, V, pm)], [.318068, -.714968, .180892], near)
    mu, se = methods.weighted(Y, V, reml)
    check('REML', [reml, mu, se, *around(mu, Z * se), *around(mu, Z * math.sqrt(reml + se * se))],
          [.313243, -.714532, .179782, -1.066898, -.362167, -1.866692, .437628], near)
    check('ML, EB, SJ', [ml, pm, sidik_jonkman(Y, V)], [.280028, .318069, .345516], near)
    kh, mu = methods.knapp_hartung(Y, V, dl), methods.weighted(Y, V, dl)[0]
    check('Knapp-Hartung', [kh, mu / kh, *around(mu, methods.student(.975, 12) * kh)],
          [.180697, -3.952023, -1.107821, -.320413], near)
    check('BLUP', methods.blup(Y, V, reml)[:3], [-.800234, -1.251706, -.986903], near)
    ends = [optimize.brentq(lambda x: methods.squares(Y, V, x) - chi2.ppf(p, 12), 0, 9) for p in (.975, .025)]
    check('profile of Q', ends, [.1197, 1.1115], 5e-5)
    order = np.argsort(YEAR, kind='stable')
    check('cumulative DL', [methods.weighted(Y[order[:k]], V[order[:k]], methods.dersimonian_laird(Y[order[:k]], V[order[:k]])
                                             if k > 1 else 0.)[0] for k in range(1, 14)],
          [-.8893, -1.3250, -.9615, -.9524, -1.0993, -.9540, -.8977, -.7819, -.8531, -.7645, -.6881, -.7901, -.7141], 1e-4)


class Regression:
    """Meta-regression on one moderator at one tau^2."""

    def __init__(self, x, tau2):
        design, weight = np.column_stack([np.ones(len(x)), x]), np.diag(1 / (V + tau2))
        self.cov = np.linalg.inv(design.T @ weight @ design)
        self.b = self.cov @ design.T @ weight @ Y
        self.se = np.sqrt(np.diag(self.cov))
        self.p = weight - weight @ design @ self.cov @ design.T @ weight
        self.q = float(Y @ self.p @ Y)
        self.likelihood = np.log(V + tau2).sum() - np.linalg.slogdet(self.cov)[1] + self.q


def restricted(x):
    return optimize.minimize_scalar(lambda t: Regression(x, t).likelihood, bounds=(0, 3), method='bounded',
                                    options={'xatol': 1e-12}).x


def regressions():
    near, x = 2e-6, LATITUDE
    fixed = Regression(x, 0.)
    dl = (fixed.q - 11) / np.trace(fixed.p)
    fit = Regression(x, dl)
    check('regression DL', [dl, *fit.b, *fit.se, (fit.b[1] / fit.se[1]) ** 2, fixed.q],
          [.063301, .259544, -.029229, .232307, .006733, 18.845234, 30.733090], near)
    reml = restricted(x)
    fit = Regression(x, reml)
    # R stopped at its default tolerance, 1e-5 of tau^2
    check('regression REML', [reml, fit.b[1], fit.se[1]], [.076355, -.029102, .007196], 1e-5)
    check('regression REML QM', (fit.b[1] / fit.se[1]) ** 2, 16.357126, 2e-3)
    pm = optimize.brentq(lambda t: Regression(x, t).q - 11, 0, 3)
    fit = Regression(x, pm)
    check('regression PM', [pm, fit.b[1], fit.se[1]], [.142132, -.028565, .009070], near)
    reml = restricted(YEAR)
    fit = Regression(YEAR, reml)
    t = fit.b[1] / (fit.se[1] * math.sqrt(fit.q / 11))
    check('trend over years', [reml, fit.b[1], fit.b[1] / t], [.266556, .026663, .016234], near)
    check('its t', t, 1.642421, 2e-5)


# Programme


def programme():
    check('one arm', methods.arms([.7], [.3], .05), methods.credited(.7, .3), 1e-12)
    for d, s, shared in (([.5, .9], [.5, .4], .1), ([1., -.2, .6], [.5, .5, .5], .125)):
        check('several arms by quadrature', by_quadrature(d, s, shared), methods.arms(d, s, shared), 1e-9)
    check('holdout', methods.holdout(.1, .2, 10, .1), 2315.672033381279, 1e-9)

    def false_positive_risk(share, alpha):
        return alpha * (1 - share) / (alpha * (1 - share) + .8 * share)
    check('false positive risk', [false_positive_risk(x, .025) for x in (1 / 3, .2, .15, .1, .08)],
          [.0588, .1111, .1504, .2195, .2644], 6e-5)
    check('of a platform', false_positive_risk(.093, .05), .3787, 6e-5)
    check('selection bias', [s * norm.pdf((s * b - a) / s) for a, s, b in ((0, 1, 1.96), (1, 1, 1.96), (.5, 2, 1.645))],
          [.058440944, .251644341, .301554700], 1e-9)

    def run_length(h, k=.5):
        """Siegmund's approximation, two-sided."""
        b = h + 1.166
        return (math.exp(2 * k * b) - 2 * k * b - 1) / (2 * k * k) / 2
    check('Page', [run_length(4), run_length(5)], [169.0, 469.1], .05)
    check('two one-sided tests', [(.4 - 1) / .3, (.4 + 1) / .3, norm.cdf((.4 - 1) / .3)], [-2., 4.6667, .022750132], 5e-5)
    merge()


def by_quadrature(d, s, shared):
    """sum_i [d_i g_i - sum_j Sigma_ij dg_i/dd_j] with g_i by adaptive quadrature and central differences of it."""
    bar, step = methods.arms_bar(s), 1e-3

    def chance(i, at):
        def density(x):
            return norm.pdf((x - at[i]) / s[i]) / s[i] * math.prod(norm.cdf((x - at[j]) / s[j])
                                                                   for j in range(len(d)) if j != i)
        return integrate.quad(density, bar, bar + 12, epsabs=1e-14, epsrel=1e-13, points=sorted({max(bar, a) for a in at}),
                              limit=200)[0]

    def slope(i, j):
        def moved(k):
            return chance(i, [a + (k * step if at == j else 0.) for at, a in enumerate(d)])
        return (moved(-2) - 8 * moved(-1) + 8 * moved(1) - moved(2)) / (12 * step)

    return sum(d[i] * chance(i, d) - sum((s[i] ** 2 if i == j else shared) * slope(i, j) for j in range(len(d)))
               for i in range(len(d)))


def merge():
    """Two shards of two values: moments by the merge formula, where raw squares in doubles are garbage."""
    a, b = np.array([1e9 + 4, 1e9 + 7]), np.array([1e9 + 13, 1e9 + 16])
    gap = b.mean() - a.mean()
    m2 = ((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum() + gap * gap * 2 * 2 / 4
    check('merge', [a.mean() + gap * 2 / 4, m2, m2 / 3], [1000000010, 90, 30], 1e-6)


def main():
    for part in (adjusted_means, adjusted_ratios, bayes, quantiles, families, mixtures, bernoulli, stitched, other_sequences,
                 linear_model, random_effects, regressions, programme):
        part()
    print('%d numbers, %d wrong' % (COUNT, len(WRONG)))
    return 1 if WRONG or COUNT < 150 else 0


if __name__ == '__main__':
    sys.exit(main())
