"""What one life contributes to experiments: cells of kinds 1 to 4 and 7 to 9. `life` is its events in order."""
from count_cell import DAY, US, bucket, day, week
from count_event import Exposure


def count_experiments(shard, life, cells):
    rules = shard.rules
    for name, at in first_exposures(life).items():
        t0, variant = life[at].event.time, life[at].event.variant
        if is_mixed(life[at:], name, variant):
            cells.add("mixed", name, 0, day(t0), 1)
            continue
        cells.add("exposed", name, variant, day(t0), 1)
        cells.add("segment", name, variant, 0, 1, detail=shard.segment(name, life[at].place))
        area = rules.area_of(name)
        values = {}
        for n, metric in enumerate(rules.metrics):
            if area is None or metric.area != area.id or metric.type == "ratio":
                continue
            x = x_of(rules, metric, life, at)
            values[2 * n] = x or 0
            cells.add("metric", name, variant, day(t0), metric.type == "mean" and x is not None, x or 0, (x or 0) ** 2,
                      metric.id)
            if metric.before:
                p = values[2 * n + 1] = cut(metric, had_before(metric, actions_of(life[:at]), day(t0)))
                cells.add("before", name, variant, day(t0), 0, p, p * p, metric.id)
            if metric.type == "time_to" and x:
                first = taken(metric, actions_of(life[at:]), t0)[0]
                cells.add("time", name, variant, week(t0), 1,
                          detail=f"{metric.id}@{bucket(first.time - t0)}")
        for a, b in pairs(rules, area):
            cells.add("cross", name, variant, day(t0), q=values[a] * values[b],
                      detail=f"{variable(rules, a)}*{variable(rules, b)}")


def first_exposures(life):
    first = {}
    for at, placed in enumerate(life):
        if isinstance(placed.event, Exposure):
            first.setdefault(placed.event.experiment, at)
    return first


def is_mixed(events, name, variant):
    return any(isinstance(p.event, Exposure) and p.event.experiment == name and p.event.variant != variant
               for p in events)


def actions_of(life):
    return [p.event for p in life if not isinstance(p.event, Exposure)]


def taken(metric, actions, t0):
    return [a for a in actions if a.action in metric.actions and t0 + metric.since <= a.time < t0 + metric.window]


def total(metric, actions):
    """Of actions of a conversion, count or sum; not cut."""
    if metric.type == "conversion":
        return US if actions else 0
    if metric.type == "count":
        return US * len(actions)
    return sum(a.value for a in actions if a.value is not None)


def cut(metric, x):
    capped = metric.type in ("count", "sum", "mean") and metric.cap > 0
    return min(x, metric.cap) if capped else x


def x_of(rules, metric, life, at):
    """None: the unit has no x."""
    t0 = life[at].event.time
    if metric.type == "funnel":
        return US if any(t0 <= a.time < t0 + metric.window for a in completing(rules, metric, life, at)) else 0
    actions = taken(metric, actions_of(life[at:]), t0)
    if metric.type in ("retention", "time_to"):
        return US if actions else 0
    if metric.type == "mean":
        values = [a.value for a in actions if a.value is not None]
        return cut(metric, toward_zero(sum(values), len(values))) if values else None
    return cut(metric, total(metric, actions))


def toward_zero(a, b):
    return a // b if a >= 0 else -(-a // b)


def completing(rules, metric, life, at):
    """Actions placed after the exposure that were the last step of an attempt, whenever that had begun."""
    funnel = next(funnel for funnel in rules.funnels if funnel.id == metric.funnel)
    before = len(actions_of(life[:at]))
    actions = actions_of(life)
    return [actions[n] for _, _, n in attempts(funnel, actions) if n is not None and n >= before]


def had_before(metric, actions, today):
    """Total of the days today - before .. today, as far back as the newest day of such actions lets one see: 28 days."""
    noted = []
    for action in actions:
        if action.action not in metric.actions or (metric.type == "sum" and action.value is None):
            continue
        noted.append(action)
        newest = max(day(a.time) for a in noted)
        noted = [a for a in noted if day(a.time) >= newest - 28]
    return total(metric, [a for a in noted if today - metric.before // DAY <= day(a.time) <= today])


def pairs(rules, area):
    """Of the area, each once: two variables, 2 x metric or 2 x metric + 1 for what was before, the smaller first."""
    out = set()
    at = {metric.id: n for n, metric in enumerate(rules.metrics)}
    for n, metric in enumerate(rules.metrics):
        if area is None or metric.area != area.id:
            continue
        if metric.type == "ratio":
            a, b = (2 * at[part] for part in metric.parts)
            out.add((a, b))
            if metric.before:
                out |= {(a, a + 1), (a, b + 1), (b, a + 1), (b, b + 1), (a + 1, b + 1)}
        elif metric.before:
            out.add((2 * n, 2 * n + 1))
    if area is not None and area.goal and area.worth and area.goal != area.worth:
        both = [at[area.goal], at[area.worth]]
        if all(rules.metrics[n].type != "ratio" for n in both):
            sides = [[2 * n, 2 * n + 1] if rules.metrics[n].before else [2 * n] for n in both]
            out |= {(a, b) for a in sides[0] for b in sides[1]}
    return sorted({tuple(sorted(pair)) for pair in out})


def variable(rules, number):
    return "~" * (number % 2) + rules.metrics[number // 2].id


def attempts(funnel, actions):
    """[(entry, steps reached, which action completed it or None)] of one life."""
    done = []
    entry = last = None  # of the open attempt
    ended = None         # when the previous one did
    reached = 0
    for n, action in enumerate(actions):
        if reached:
            gap = funnel.steps[reached][1]
            expired = (funnel.window and action.time - entry >= funnel.window) or (gap and action.time - last >= gap)
            if action.action == funnel.steps[reached][0] and last <= action.time and not expired:
                reached, last = reached + 1, action.time
                if reached == len(funnel.steps):
                    done.append((entry, reached, n))
                    reached, ended = 0, last
            elif action.action == funnel.steps[0][0] and expired:
                done.append((entry, reached, None))
                entry, last, reached = action.time, action.time, 1
        elif action.action == funnel.steps[0][0] and (ended is None or action.time >= ended):
            entry, last, reached = action.time, action.time, 1
    if reached:
        done.append((entry, reached, None))
    return done


def count_funnels(rules, life, cells):
    actions = actions_of(life)
    for funnel in rules.funnels:
        unique = set()
        for entry, reached, _ in attempts(funnel, actions):
            for step in range(reached):
                for kind, pane in (("funnel", entry // DAY), ("funnel_hour", entry // (DAY // 24))):
                    cells.add(kind, funnel.id, step, pane, 1, (kind, step, pane) not in unique)
                    unique.add((kind, step, pane))
