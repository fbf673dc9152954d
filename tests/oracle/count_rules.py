"""Random rules for the oracle of counting, and the commands that tell tests/support/shard_tool of them."""
from count_cell import DAY, HOUR, US
from count_event import Area, Feature, Funnel, Metric, Rules

MINUTE = 60 * US
ACTIONS = ["view", "cart", "buy", "ping", "quit"]
TOTALS = ["conversion", "count", "sum"]
TYPES = TOTALS * 2 + ["mean", "ratio", "ratio", "retention", "funnel", "funnel", "time_to", "time_to"]
AREAS = ["checkout", "checkout", "search"]


def make_rules(rng, long):
    """long: for logs that go over months."""
    rules = Rules(lateness=rng.choice([0, US, MINUTE, MINUTE, 10 * MINUTE]),
                  hold=rng.choice([5 * MINUTE, 10 * MINUTE, 2 * HOUR]),
                  dedup=rng.choice([0, MINUTE, 10 * MINUTE, HOUR]),
                  forget=rng.choice([10 * DAY, 35 * DAY, 90 * DAY, 90 * DAY] if long else
                                    [2 * HOUR, 6 * HOUR, DAY, 90 * DAY, 90 * DAY]),
                  experiments=rng.choice([1000] * 9 + [2]))
    watched = rng.random() < (.9 if long else .5)
    for n in range(rng.randrange(0, 3)):
        rules.funnels.append(make_funnel(rng, n, long))
    for _ in range(rng.randrange(0, 6)):
        make_metric(rng, rules, long, watched)
    if watched:
        for n in range(rng.choice([0] + [1, 2, 3] * 5 + [20])):
            rules.features.append(make_feature(rng, n))
    rules.areas = [make_area(rng, rules, name, prefix, watched)
                   for name, prefix in (("checkout", "c_"), ("search", "s_"))]
    name_actions(rules)
    return rules


def make_funnel(rng, n, long):
    steps = [(rng.choice(ACTIONS[:3]), rng.choice([0, 0, 5 * MINUTE, HOUR, 3 * DAY if long else HOUR]))
             for _ in range(rng.choice([2, 2, 3, 4]))]
    if rng.random() < .6:
        steps = [(ACTIONS[s % 3], gap) for s, (_, gap) in enumerate(steps)]
    windows = [0, 2 * HOUR, 7 * DAY, 30 * DAY] if long else [0, 20 * MINUTE, 2 * HOUR, DAY]
    return Funnel(f"f{n}", rng.choice(AREAS), rng.choice(windows), steps)


def make_metric(rng, rules, long, watched):
    kind = rng.choice(TYPES)
    windows = [HOUR, DAY, 3 * DAY, 14 * DAY, 60 * DAY, 90 * DAY] if long else \
        [10 * MINUTE, HOUR, 6 * HOUR, 7 * HOUR + 1, DAY, 3 * DAY]
    window = rng.choice(windows)
    funnels = [funnel for funnel in rules.funnels]
    if kind == "funnel" and not funnels:
        kind = "retention"
    before = rng.choice([0, DAY, 3 * DAY, 14 * DAY, 28 * DAY]) if kind in TOTALS + ["ratio"] else 0
    funnel = rng.choice(funnels) if kind == "funnel" else None
    area = funnel.area if funnel else rng.choice(AREAS)
    parts = ()
    if kind == "ratio":
        parts = tuple(plain(rng, rules, part, area, window, before, watched)
                      for part in rng.sample(TOTALS + ["count"], 2))
    since = rng.choice([0, window // 2, window - 1]) if kind == "retention" else 0
    plain(rng, rules, kind, area, window, before, watched, since, parts, funnel.id if funnel else None)


def plain(rng, rules, kind, area, window, before, watched, since=0, parts=(), funnel=None):
    """Adds the metric; its id."""
    reads = kind in ("sum", "mean")
    metric = Metric(f"m{len(rules.metrics)}", kind, area, rng.choice(["derive", "delivery"]) if watched else "delivery",
                    since, window, before, rng.choice([0, 0, US // 2, 2 * US, 5 * US]),
                    rng.choice([10 * US, 10**15]) if reads else 0,
                    () if kind in ("ratio", "funnel") else tuple(rng.sample(ACTIONS[:4], rng.choice([1, 1, 2]))),
                    parts, funnel)
    rules.metrics.append(metric)
    return metric.id


def make_feature(rng, n):
    def some(sizes):
        return tuple(rng.sample(ACTIONS, rng.choice(sizes)))
    return Feature(f"t{n}", rng.choice(AREAS), some([1, 1, 2]), some([0, 1, 1, 2]), some([0, 0, 1, 1]))


def make_area(rng, rules, name, prefix, watched):
    value = tuple(rng.sample(ACTIONS, rng.choice([0, 1, 1, 2]))) if watched else ()
    metrics = [metric.id for metric in rules.metrics if metric.area == name]
    goal, worth = (rng.choice(metrics) if metrics and rng.random() < .6 else None for _ in range(2))
    return Area(name, prefix, value, rng.choice([0, HOUR, 3 * DAY, 30 * DAY]), goal, worth)


def name_actions(rules):
    """In the order in which rules_text names them."""
    for funnel in rules.funnels:
        rules.read(*[action for action, _ in funnel.steps])
    for metric in rules.metrics:
        rules.read(*metric.actions)
    for feature in rules.features:
        rules.read(*feature.use, *feature.aware, *feature.eligible)
    for area in rules.areas:
        rules.read(*area.value)


def metric_text(metric):
    words = [f"metric {metric.id} {metric.area} type={metric.type} role={metric.role} window={metric.window}"]
    for name, number in (("from", metric.since), ("before", metric.before), ("cap", metric.cap), ("bound", metric.bound)):
        words += [f"{name}={number}"] if number else []
    words += [f"{name}={','.join(some)}" for name, some in (("events", metric.actions), ("parts", metric.parts)) if some]
    words += ["value=price"] if metric.type in ("sum", "mean") else []
    words += [f"funnel={metric.funnel}"] if metric.funnel else []
    return " ".join(words)


def feature_text(feature):
    lists = (("use", feature.use), ("aware", feature.aware), ("eligible", feature.eligible))
    return " ".join([f"feature {feature.id} {feature.area}"] + [f"{name}={','.join(some)}" for name, some in lists if some])


def area_text(area):
    out = [f"{word} {area.id} {metric}" for word, metric in (("goal", area.goal), ("value", area.worth)) if metric]
    if area.value:
        activation = f" activation={area.activation // HOUR}h" if area.activation else ""
        out.append(f"value {area.id} events={','.join(area.value)}{activation}")
    return out


def rules_text(rules, n_inputs):
    out = ["reset"]
    for name in ("lateness", "hold", "dedup", "forget", "experiments"):
        out.append(f"set {name} {getattr(rules, name)}")
    out += [f"area {area.id} {area.prefix}*" for area in rules.areas]
    for f in rules.funnels:
        steps = ",".join(f"{action}:{gap}" for action, gap in f.steps)
        out.append(f"funnel {f.id} {f.area} {f.window} {steps}")
    out += [metric_text(metric) for metric in rules.metrics]
    out += [feature_text(feature) for feature in rules.features]
    for area in rules.areas:
        out += area_text(area)
    return out + [f"shard {n_inputs}"]
