#!/usr/bin/env python3
"""Short sequences whose cells were worked out by hand from the definitions: the oracle (count.py) and the shard must say
the same of them. Of each case only the kinds it names are compared, and of these every cell.

usage: count_by_hand.py TOOL
"""
import subprocess
import sys

from count import Shard, render
from count_cell import DAY, HOUR, KINDS, US
from count_event import Action, Area, Exposure, Feature, Funnel, Metric, Rules
from count_rules import name_actions, rules_text

M = 20087  # Monday 2024-12-30; the year ends on M + 1


def metric(name, kind, actions=(), **more):
    row = dict(area="shop", role="delivery", since=0, window=7 * DAY, before=0, cap=0, bound=0, parts=(), funnel=None)
    row["bound"] = 10**15 if kind in ("sum", "mean") else 0
    row.update(more)
    return Metric(id=name, type=kind, actions=tuple(actions), **row)


def rules_of(value=(), metrics=(), features=(), funnels=(), activation=0, goal=None, worth=None, forget=90 * DAY):
    rules = Rules(lateness=0, hold=HOUR, dedup=0, forget=forget)
    rules.areas = [Area("shop", "x", tuple(value), activation, goal, worth)]
    rules.metrics, rules.features, rules.funnels = list(metrics), list(features), list(funnels)
    name_actions(rules)
    return rules


def feature(use, aware=(), eligible=(), name="f"):
    return Feature(name, "shop", tuple(use), tuple(aware), tuple(eligible))


def events_of(steps):
    """(day after M, what, value): an action, or an exposure when it begins with '='. Days may be fractions."""
    out = []
    for n, (at, what, *value) in enumerate(steps):
        time = M * DAY + round(at * DAY)
        out.append(Exposure(1, time, n + 1, "x", what[1:]) if what[0] == "=" else
                   Action(1, time, n + 1, what, round(value[0] * US) if value else None))
    return out


def text_of(event):
    if isinstance(event, Exposure):
        return f"e 1 1 {event.time} {event.identity} x {event.variant}"
    return f"a 1 1 {event.time} {event.identity} {event.action} {'-' if event.value is None else event.value}"


def cell_text(kind, arm, pane, n=1, s=0, q=0, detail=0, subject="shop"):
    return f"C {KINDS[kind].number} {subject} {arm} {detail} {M + pane} {n} {s} {q}"


def of_feature(kind, arm, pane, **more):
    return cell_text(kind, arm, pane, subject="f", **more)


def of_x(kind, detail, pane=0, n=0, s=0, q=0, arm="A"):
    return cell_text(kind, arm, pane, n, round(s * US), round(q * US * US), detail, "x")


CASES = [
    ("a value event the day after the first", rules_of(["buy"], [metric("m", "count", ["view"])]),
     [(0, "view"), (1, "buy"), (1.5, "buy")],
     [cell_text("active", 0, 1), cell_text("active_week", 0, 0), cell_text("new", 0, 0), cell_text("new", 1, 0),
      cell_text("to_value", 0, 0, detail=569),  # 1 s x (101/99)^568 < 1 d < 1 s x (101/99)^569
      cell_text("value_week", 3, 0, 1, 2), cell_text("value_week", 0, 0), cell_text("value_days", 1, 1),
      cell_text("retained", 0, 0)]),
    ("weeks of value: new, recurring, resurrected; a late one too old to be noted", rules_of(["buy"]),
     [(6, "buy"), (7, "buy"), (8, "buy"), (28, "buy"), (27, "buy"), (62, "buy"), (30, "buy"), (31, "buy")],
     # newest day 62: 31 is 31 days before it and is noted, 30 is not
     [cell_text("value_week", 3, 0, 1, 1), cell_text("value_week", 0, 0),
      cell_text("value_week", 3, 7, 1, 2), cell_text("value_week", 1, 7),
      cell_text("value_week", 3, 28, 2, 2), cell_text("value_week", 2, 28, 2),  # 31 again: 28 is forgotten by then
      cell_text("value_week", 3, 21, 1, 1), cell_text("value_week", 2, 21),
      cell_text("value_week", 3, 56, 1, 1), cell_text("value_week", 2, 56),
      cell_text("value_days", 1, 62)]),
    ("weeks after the first value", rules_of(["buy"]),
     [(3.25, "buy"), (10.2, "buy"), (10.25, "buy"), (17, "buy"), (87.25, "buy"), (100, "buy"), (3, "buy")],
     [cell_text("retained", 0, 0), cell_text("retained", 1, 0), cell_text("retained", 12, 0)]),
    ("activated only by the first value event, and not at the end of the time for it",
     rules_of(["buy"], [metric("m", "count", ["view"])], activation=DAY),
     [(0.5, "view"), (1.5, "buy"), (0.6, "buy")],
     [cell_text("new", 0, 0), cell_text("to_value", 0, 0, detail=569)]),
    ("a value event timed before the first event", rules_of(["buy"], [metric("m", "count", ["view"])]),
     [(7, "view"), (6, "buy")],
     [cell_text("new", 0, 7), cell_text("to_value", 0, 7, detail=0), cell_text("active", 0, 7),
      cell_text("active_week", 0, 7), cell_text("active_week", 0, 0), cell_text("value_days", 1, 6)]),
    ("value days: the j-th newest, 27 days back at most", rules_of(["buy"]),
     [(0, "buy"), (1, "buy"), (5, "buy"), (28, "buy"), (27, "buy")],
     [cell_text("value_days", 1, 28), cell_text("value_days", 2, 27), cell_text("value_days", 3, 5),
      cell_text("value_days", 4, 1)]),
    ("two lives", rules_of(["buy"], forget=10 * DAY), [(0, "buy"), (10, "buy"), (21, "buy")],
     [cell_text("new", 0, 0), cell_text("new", 0, 21), cell_text("new", 1, 0), cell_text("new", 1, 21),
      cell_text("active", 0, 10), cell_text("active", 0, 21), cell_text("retained", 0, 0), cell_text("retained", 1, 0),
      cell_text("retained", 0, 21)]),
    ("what is taken", rules_of(metrics=[metric("s", "sum", ["pay"], role="derive"), metric("c", "count", ["pay"], role="derive"),
                                        metric("d", "mean", ["pay"], role="derive"), metric("e", "count", ["pay"])]),
     [(0, "pay", 2.5), (6.9, "pay", -1), (7, "pay"), (8, "pay", 0)],
     [cell_text("flow", 0, 0, 2, 1500000, subject="s"), cell_text("flow", 0, 7, 1, 0, subject="s"),
      cell_text("flow", 0, 0, 2, 2000000, subject="c"), cell_text("flow", 0, 7, 2, 2000000, subject="c")]),
    ("a feature for whoever is active: aware, used, used in another week, active later",
     rules_of(["buy"], features=[feature(["use"], ["see"])]),
     [(0, "see"), (3, "use"), (4, "use"), (8, "use"), (9, "buy")],
     [of_feature("known", 2, 9), of_feature("used", 1, 3, detail=3), of_feature("again", 0, 4),
      of_feature("cohort", 0, 0), of_feature("cohort", 1, 0), of_feature("cohort", 2, 0), cell_text("breadth", 1, 8)]),
    ("a feature with an audience: eligible, then aware", rules_of(features=[feature(["use"], ["see"], ["may"])]),
     [(0, "may"), (5, "see"), (3, "may")],
     [of_feature("audience", 0, 5), of_feature("known", 1, 5), of_feature("cohort", 0, 5)]),
    ("an audience that was never aware", rules_of(features=[feature(["use"], ["see"], ["may"])]), [(0, "may")],
     [of_feature("audience", 0, 0)]),
    ("use makes aware and eligible", rules_of(features=[feature(["use"], ["see"], ["may"])]), [(2, "use"), (1, "see")],
     [of_feature("audience", 0, 2), of_feature("known", 2, 2), of_feature("cohort", 0, 2),
      of_feature("used", 0, 2, detail=0)]),
    ("uses that come late: an earlier week is `again`", rules_of(features=[feature(["use"], ["see"])]),
     [(0, "see"), (15, "use"), (1, "use"), (8, "use"), (5, "use")],
     # within 14 days of becoming aware is not the first use (15), so arm 2 has none; days to adopt stay 15
     [of_feature("used", 1, 15, detail=15), of_feature("again", 0, 8), of_feature("cohort", 0, 0),
      of_feature("cohort", 1, 0)]),
    ("28 days to use again, 90 days shown", rules_of(features=[feature(["use"], ["see"])], forget=200 * DAY),
     [(0, "see"), (27, "use"), (28, "use"), (100, "use")],
     [of_feature("cohort", 0, 0), of_feature("used", 1, 27, detail=27), of_feature("again", 0, 28)]),
    ("more than 90 days", rules_of(features=[feature(["use"], ["see"])], forget=200 * DAY), [(0, "see"), (100, "use")],
     [of_feature("used", 0, 100, detail=90), of_feature("cohort", 0, 0)]),
    ("breadth", rules_of(features=[feature(["a"], name="f"), feature(["b"], name="g"), feature(["c"], ["a"], name="h")]),
     [(0, "a"), (2, "b"), (1, "a")], [cell_text("breadth", 1, 2), cell_text("breadth", 2, 1)]),
    ("a mean is cut as well, other types are not",
     rules_of(metrics=[metric("m", "mean", ["pay"], cap=3 * US), metric("c", "conversion", ["pay"], cap=US // 2),
                       metric("n", "count", ["pay"], cap=3 * US // 2)]),
     [(0, "=A"), (1, "pay", 4), (2, "pay", 5)],
     [of_x("metric", "m", n=1, s=3, q=9), of_x("metric", "c", s=1, q=1), of_x("metric", "n", s=1.5, q=2.25)]),
    ("sixteen of seventeen features", rules_of(features=[feature(["a"], name=f"f{n}") for n in range(17)]),
     [(0, "a")], [cell_text("breadth", n, 0) for n in range(1, 17)]),
    ("mean: rounded toward zero, none without a value",
     rules_of(metrics=[metric("m", "mean", ["pay"]), metric("o", "mean", ["view"])]),
     [(0, "=A"), (1, "pay", -1), (2, "pay", 0), (3, "pay", 0), (3, "pay"), (3, "view")],
     [of_x("metric", "m", n=1, s=-.333333, q=.333333 ** 2)]),
    ("retention begins at `from` and ends at `window`",
     rules_of(metrics=[metric("m", "retention", ["pay"], since=2 * DAY, window=3 * DAY),
                       metric("o", "retention", ["view"], since=2 * DAY, window=3 * DAY)]),
     [(0, "=A"), (1.9, "pay"), (1.9, "view"), (2, "pay"), (3, "view")], [of_x("metric", "m", s=1, q=1)]),
    ("a funnel completed after the exposure, begun before",
     rules_of(metrics=[metric("m", "funnel", funnel="way")], funnels=[Funnel("way", "shop", 0, [("a", 0), ("b", 0)])]),
     [(0, "a"), (1, "=A"), (2, "b")], [of_x("metric", "m", 1, s=1, q=1)]),
    ("time to: the first by place, not by time", rules_of(metrics=[metric("m", "time_to", ["pay"])]),
     [(1, "=A"), (1.5, "pay"), (1.25, "pay")],
     [of_x("metric", "m", 1, s=1, q=1),
      of_x("time", "m@534", n=1)]),  # 1 s x (101/99)^533 < 12 h < 1 s x (101/99)^534
    ("a time on the border of two buckets: 1.020202 s is floor(1 s x 101 / 99)",
     rules_of(metrics=[metric("m", "time_to", ["pay"]), metric("o", "time_to", ["view"])]),
     [(0, "=A"), (1.020201 / 86400, "pay"), (1.020202 / 86400, "view")],
     [of_x("metric", "m", s=1, q=1), of_x("metric", "o", s=1, q=1), of_x("time", "m@1", n=1), of_x("time", "o@2", n=1)]),
    ("a year and more until value", rules_of(["buy"], [metric("m", "count", ["view"])], forget=200 * DAY),
     [(0, "view"), (150, "view"), (300, "view"), (400, "buy")], [cell_text("to_value", 0, 0, detail=869)]),
    ("not quite 400 days", rules_of(["buy"], [metric("m", "count", ["view"])], forget=200 * DAY),
     [(0, "view"), (150, "view"), (300, "view"), (399.9, "buy")], [cell_text("to_value", 0, 0, detail=868)]),
    ("what was before, cut as x is; products",
     rules_of(metrics=[metric("m", "sum", ["pay"], before=2 * DAY, cap=3 * US)]),
     [(0, "pay", 9), (1, "pay", 1), (2, "pay", -3), (3.5, "pay", .5), (3.5, "=A"), (4, "pay", 5)],
     # at one place the exposure comes first, so .5 is after it
     [of_x("before", "m", 3, s=-2, q=4), of_x("metric", "m", 3, s=3, q=9), of_x("cross", "m*~m", 3, q=-6)]),
    ("a day 29 before the newest is forgotten", rules_of(metrics=[metric("m", "count", ["pay"], before=28 * DAY)]),
     [(0, "pay"), (1, "pay"), (29, "pay"), (29.1, "idle"), (28.5, "=A")],
     [of_x("before", "m", 28, s=1, q=1)]),  # only day 1: day 0 went with day 29, which is after the exposure's
    ("ratio with what was before: each pair once",
     rules_of(metrics=[metric("a", "count", ["pay"], before=DAY), metric("b", "count", ["view"], before=DAY),
                       metric("r", "ratio", before=DAY, parts=("a", "b"))], goal="a", worth="b"),
     [(0, "pay"), (0, "view"), (0, "view"), (0.5, "=A"), (1, "pay"), (1, "pay"), (1, "pay"), (1, "view")],
     [of_x("metric", "a", s=3, q=9), of_x("metric", "b", s=1, q=1), of_x("before", "a", s=1, q=1),
      of_x("before", "b", s=2, q=4), of_x("cross", "a*b", q=3), of_x("cross", "a*~a", q=3), of_x("cross", "b*~b", q=2),
      of_x("cross", "a*~b", q=6), of_x("cross", "~a*b", q=1), of_x("cross", "~a*~b", q=2)]),
    ("two variants: everything is taken back",
     rules_of(metrics=[metric("m", "time_to", ["pay"]), metric("n", "count", ["pay"], before=DAY)]),
     [(0, "pay"), (0, "=A"), (1, "pay"), (2, "=B")], [of_x("mixed", 0, n=1, arm=0)]),
]
OF_EXPERIMENT = ["mixed", "metric", "before", "cross", "time"]


def kinds_of(cells):
    numbers = {int(line.split()[1]) for line in cells}
    of_experiment = {KINDS[kind].number for kind in OF_EXPERIMENT}
    return numbers | of_experiment if numbers & of_experiment else numbers


def main():
    tool, wrong = sys.argv[1], 0
    for name, rules, steps, cells in CASES:
        shard, text = Shard(rules, 1), rules_text(rules, 1)
        for event in events_of(steps):
            assert shard.event(0, event) is None
            text.append(text_of(event))
        done = subprocess.run([tool], input="\n".join(text + ["run 1000", "save", "live"]) + "\n", capture_output=True,
                              text=True, check=True)
        for who, lines in (("the oracle", render("L", 0, shard.live(), {})), ("the shard", done.stdout.splitlines())):
            got = sorted(line for line in lines if line[0] == "C" and int(line.split()[1]) in kinds_of(cells))
            if got != sorted(cells):
                wrong += 1
                print(f"{name}: {who}\n  not expected: {sorted(set(got) - set(cells))}\n  missing: {sorted(set(cells) - set(got))}")
    print(f"{len(CASES)} cases, {wrong} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
