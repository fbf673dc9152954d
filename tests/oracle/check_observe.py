#!/usr/bin/env python3
"""Twenty-two weeks of a simulated product through `plateauctl replay`: every figure of features, value and what is taken,
and every look at them, against observe.py; on each Monday from week 5 on, and on some other days. Then another product
with a feature that was new from the start, and a core launch.

usage: check_observe.py PLATEAUCTL
"""
import json
import math
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import observe
from count_cell import DAY, HOUR, US

START = 20094  # Monday 2025-01-06
N_WEEKS = 22
BAR = .25
CONF = f"""[plateaud]
idle_timeout = 2s
[kafka]
bootstrap.servers = 127.0.0.1:1
[source events]
topics = events
[area shop]
goal = Ordered
value = Read
activation = 2d
value_bar = {BAR:.0%}
experiments = shop*
[area ads]
goal = Clicked
experiments = ads*
[metric paid]
area = ads
type = sum
event = Paid
property = price
role = derive
[metric shown]
area = ads
type = count
event = Ad
role = derive
[feature night]
area = shop
eligible = May
aware = Night seen
use = Night on
[feature print]
area = shop
aware = Print seen
use = Printed
[feature tag]
area = shop
use = Tagged
[feature rare]
area = shop
eligible = Expert
aware = Rare seen
use = Rare used
[feature fresh]
area = shop
aware = Fresh seen
use = Fresh used
launched = LAUNCHED
"""
AREAS = {"shop": {"id": "shop", "value": ["Read"], "activation": 2 * DAY}, "ads": {"id": "ads", "value": [], "activation": 0}}
MUST_BE_SEEN = ["delivery not_delivered", "delivery gap", "gap_discovery night", "gap_trial print",
                "gap_fit tag", "derive_trend.paid rising", "derive_trend.shown stable", "value_trend inconclusive"]
DERIVE = {"shop": [], "ads": ["paid", "shown"]}


class World:
    """One product. launched: day of `fresh`; restart: time of a core launch in both areas, or None."""

    def __init__(self, seed, place, launched, restart):
        self.place, self.restart = place, restart
        self.features = [{"id": name, "area": "shop", "eligible": eligible, "aware": aware, "launched": new}
                         for name, eligible, aware, new in (("night", 1, 1, None), ("print", 0, 1, None), ("tag", 0, 0, None),
                                                            ("rare", 1, 1, None), ("fresh", 0, 1, launched * DAY))]
        self.events = simulate(random.Random(seed), launched - START)
        place.mkdir()
        (place / "conf").write_text(CONF.replace("LAUNCHED", date_of(launched)))
        (place / "events.jsonl").write_text("".join(line_of(n, event) for n, event in enumerate(self.events)))
        (place / "control.jsonl").write_text("".join(
            json.dumps({"type": "core_launch", "area": area, "time": stamp(restart)}) + "\n" for area in AREAS if restart))

    def epoch(self, tick):
        return self.restart if self.restart is not None and self.restart < tick else None


def simulate(rng, launched):
    """(time, unit, event, price) in the order of time."""
    out = [((START * DAY) + HOUR, "u0", "Ordered", None)]
    for unit in range(1, 700):
        born = START + (7 if unit < 200 else rng.randrange(7, 7 * (N_WEEKS - 1))) + rng.random()
        leaves = born + rng.expovariate(1 / rng.choice([5, 40, 300]))
        taste = {name: rng.random() for name in ("read", "night", "print", "tag", "rare", "fresh", "expert", "ads")}
        knows = set()
        for day in range(int(born), int(min(leaves, START + 7 * N_WEEKS)) + 1):
            if day > born and rng.random() < .7:
                continue
            at = int(max(day, born) * DAY) + rng.randrange(6 * HOUR)
            for name, price in day_of(rng, day - START, taste, knows, launched):
                at += rng.randrange(20 * 60 * US)
                out.append((at // 1000 * 1000, f"u{unit}", name, price))
    return sorted(out)


def day_of(rng, day, taste, knows, launched):
    """What a unit does on one of its days."""
    yield ("Ordered", None) if rng.random() < .3 else ("May", None)
    for _ in range(rng.choice([0, 0, 1, 3])):
        if rng.random() < taste["read"] * (1.1 - .004 * day):
            yield "Read", None
    if taste["expert"] < .06:
        yield "Expert", None
    for name, known, used, now in (("Night", .03, .6, "Night on"), ("Print", .4, .1, "Printed"),
                                   ("Rare", .03, .7, "Rare used"), ("Fresh", .2 * (day >= launched), .5, "Fresh used")):
        if name == "Rare" and taste["expert"] >= .06:
            continue
        if name not in knows and rng.random() < known:
            knows.add(name)
            yield f"{name} seen", None
        if name in knows and rng.random() < used * taste[name.lower()]:
            yield now, None
    if rng.random() < .1 * taste["tag"]:
        yield "Tagged", None
    if rng.random() < .5:
        yield "Ad", None
        if rng.random() < .3:
            yield "Clicked", None
        if rng.random() < taste["ads"]:
            yield "Paid", round(1 + .02 * day + rng.random(), 2)


def line_of(number, event):
    at, unit, name, price = event
    body = {"type": "track", "event": name, "userId": unit, "messageId": f"e{number}", "timestamp": stamp(at)}
    if price is not None:
        body["properties"] = {"price": price}
    return json.dumps(body) + "\n"


def stamp(time):
    return datetime.fromtimestamp(time / US, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def date_of(day):
    return stamp(day * DAY)[:10]


def replay(program, place, until):
    done = subprocess.run([program, "replay", "-c", place / "conf", "--json", "--control", place / "control.jsonl",
                           "--until", stamp(until)[:-5] + "Z", place / "events.jsonl"], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def day_number(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) // 86400


def sums_of(lines, until):
    cells = {}
    for line in lines:
        if line["type"] == "sum" and "day" in line:
            cells[line["kind"], line["subject"], line["index"], line["detail"], day_number(line["day"])] = (
                line["n"], line["sum"])
    return observe.Sums(cells, until)


class Compared:
    def __init__(self):
        self.n, self.wrong = 0, []

    def fields(self, where, want, got):
        for name, figure in want.items():
            self.n += 1
            if not same(figure, got.get(name)):
                self.wrong.append(f"{where} {name}: expected {figure!r}, got {got.get(name)!r}")

    def true(self, where, holds, got):
        self.n += 1
        if not holds:
            self.wrong.append(f"{where}: not {got!r}")

    def all_known(self, where, want, got, others):
        """Nothing is said that the oracle does not say."""
        for name in set(got) - set(want) - set(others):
            self.wrong.append(f"{where}: {name} = {got[name]} is not expected")


def same(want, got):
    if want is None or got is None:
        return want is None and got is None
    if isinstance(want, str):
        return got == want
    if isinstance(want, (int,)) and not isinstance(want, bool):
        return got == str(want)
    return math.isclose(float(want), float(got), rel_tol=1e-9, abs_tol=1e-9)


def check(compared, world, lines, until):
    sums = sums_of(lines, until)
    where = date_of(until // DAY)
    found = {(line["type"], line.get("feature") or line.get("area")): line for line in lines if line["type"] in
             ("feature", "value", "area")}
    gaps = check_looks(compared, world, where, sums, found["area", "shop"])
    for feature in world.features:
        want = observe.feature_figures(sums, feature, BAR)
        got = found["feature", feature["id"]]
        if gaps is not None:
            want["gap"] = ",".join(gap for gap in ("discovery", "trial", "fit") if feature["id"] in gaps[gap])
        compared.fields(f"{where} feature {feature['id']}", want, got)
        compared.all_known(f"{where} feature {feature['id']}", want, got,
                           ("type", "feature", "area", "judged", "judged_ms", "looked", "looked_ms", "gap"))
    for name, area in AREAS.items():
        mine = [feature for feature in world.features if feature["area"] == name]
        want = observe.value_figures(sums, area, mine, DERIVE[name], date_of)
        compared.fields(f"{where} value {name}", want, found["value", name])
        compared.all_known(f"{where} value {name}", want, found["value", name], ("type", "area", "judged", "judged_ms"))
    check_trends(compared, world, where, sums, found)


def check_looks(compared, world, where, sums, got):
    """The features' gaps, when this is the tick of a look."""
    taken = observe.looks(sums, "shop", world.features)
    want = {"adoption_looks": len(taken)} if taken else {}
    want["adoption_looked_ms"] = taken[-1] * DAY // 1000 if taken else None
    gaps = None
    if taken and taken[-1] * DAY == sums.tick:
        found, still = observe.gaps_of(sums, world.features, BAR, len(taken))
        gaps = {gap: set(filter(None, got[f"gap_{gap}"].split(","))) for gap in found}
        for gap, names in gaps.items():
            hidden = gaps["discovery"] if gap == "trial" else set()
            compared.true(f"{where} gap {gap}", found[gap] - hidden <= names <= found[gap] | still[gap], names)
        part = observe.delivered_share(sums, world.features)
        want.update({f"gap_{gap}": ",".join(f["id"] for f in world.features if f["id"] in names) for gap, names in gaps.items()})
        want.update(delivered_share=part, delivery=observe.delivery(gaps, part), gaps=len(set().union(*gaps.values())))
    compared.fields(f"{where} area shop", want, got)
    return gaps


def check_trends(compared, world, where, sums, found):
    events, kept = observe.value_trends(sums, "shop", world.epoch(sums.tick))
    want = {"value_trend": observe.both(events, kept)}
    for name, series in (("value_events", events), ("retention", kept)):
        want.update(named(f"{name}_{{}}", series))
    compared.fields(f"{where} area shop", want, found["area", "shop"])
    want, rising = {}, False
    for metric in DERIVE["ads"]:
        series = observe.derive_trend(sums, "ads", metric, world.epoch(sums.tick))
        rising |= series is not None and series["trend"] == "rising"
        want.update(named(f"derive_{{}}.{metric}", series))
    want["derive_rising"] = int(rising)
    compared.fields(f"{where} area ads", want, found["area", "ads"])


def named(form, series):
    if series is None:
        return {form.format("trend"): "unknown"}
    return {form.format(what) + "_ms" * (what == "looked"): figure for what, figure in series.items()}


def main():
    compared, n_events, n_moments, seen = Compared(), 0, 0, set()
    weekly = [START + 7 * week for week in range(3, N_WEEKS)] + [START + day for day in (44, 45, 46, 80, 101)]
    with tempfile.TemporaryDirectory() as name:
        for world, moments in ((World(7, Path(name) / "a", START + 63, None), weekly),
                               (World(8, Path(name) / "b", START - 10, (START + 40) * DAY + HOUR), weekly[::2] + [START + 45])):
            n_events += len(world.events)
            for day in moments:
                lines = replay(sys.argv[1], world.place, day * DAY)
                check(compared, world, lines, day * DAY)
                n_moments += 1
                seen |= {f"{key} {value}" for line in lines if line["type"] == "area" for key, value in line.items()
                         if "_trend" in key or key.startswith(("gap_", "delivery"))}
    print(f"{n_events} events, {n_moments} moments, {compared.n} figures, {len(compared.wrong)} differ")
    print("\n".join(compared.wrong[:40]), end="")
    missing = [what for what in MUST_BE_SEEN if what not in seen]
    sys.exit(f"not seen: {', '.join(missing)}" if missing else len(compared.wrong) > 0)


if __name__ == "__main__":
    main()
