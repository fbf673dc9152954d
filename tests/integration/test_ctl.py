"""plateauctl against real Kafka, real Redis and the real daemon: import, status, explain, alerts, test-alert, forward,
check, tap, discover and completion."""

import gzip
import json
import os
import re
import shlex
import shutil
import signal
import statistics
import subprocess
import time
import xml.etree.ElementTree

import pytest

import rig

DATA = rig.ROOT / "tests" / "data" / "results"
AREA = "koivisto"  # 345 results; ends SHIFT_TO_CORE, unconfirmed
N_RESULTS = 345
COMMANDS = ("status explain map tradeoff balance digest alerts accept check tap discover worth import replay simulate "
            "test-alert forward completion").split()


class Ctl:
    """plateauctl with one configuration."""

    def __init__(self, directory, conf):
        self.path = directory / "ctl.conf"
        self.path.write_text(conf)

    def argv(self, command, *args):
        return [rig.program("plateauctl"), command, "-c", str(self.path), *map(str, args)]

    def run(self, command, *args, stdin=""):
        return subprocess.run(self.argv(command, *args), input=stdin, capture_output=True, text=True, timeout=120)

    def ok(self, command, *args, **more):
        done = self.run(command, *args, **more)
        assert done.returncode == 0, (done.returncode, done.stderr)
        return done.stdout

    def start(self, command, *args, **more):
        return subprocess.Popen(self.argv(command, *args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                preexec_fn=rig.die_with_parent, **more)


def conf(kafka, redis, control, topics=(), **more):
    return rig.make_conf(
        kafka, redis, topics=topics, control=control, idle_timeout="1s",
        sections=[(f"area {AREA}", {"owner": "engine", "unit": "Elo", "smallest_return": 5.23, "goal": "Order Completed",
                                    "funnel": "Product Viewed > Order Completed", "experiments": "*"})], **more)


@pytest.fixture
def ctl(kafka, redis, names, tmp_path):
    control = names("ctl-control")
    made = Ctl(tmp_path, conf(kafka, redis, control))
    made.control = control
    return made


def judged(redis, n):
    rig.wait_until(lambda: redis.hgetall(f"plateaud:{{main}}:area:{AREA}").get("results_ever") == str(n), 90)


def test_import_to_explain(kafka, redis, names, daemons, ctl):
    """The whole way of a first day: history in, verdict out, in words and in numbers."""
    file = DATA / f"{AREA}.jsonl.gz"

    missing = ctl.run("import", file)
    assert missing.returncode == 2 and "--create" in missing.stderr and "does not exist" in missing.stderr

    kafka.create(f"{ctl.control}:1")
    done = ctl.run("import", file)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and f"{N_RESULTS} results" in done.stderr and "1 areas written" in done.stderr

    daemons(ctl.path.read_text())
    judged(redis, N_RESULTS)
    rig.wait_until(lambda: redis.stream("plateaud:{main}:alerts"), 30)

    # What the daemon made of it is what the engine makes of the same records from files.
    points = [point for _, point in redis.stream(f"plateaud:{{main}}:history:{AREA}")]
    control = ctl.path.parent / "control.jsonl"
    control.write_text(ctl.ok("import", "--dry-run", file))
    replayed = [json.loads(line) for line in ctl.ok("replay", "--control", control, "--json").splitlines()]
    mine = [line for line in replayed if line["type"] == "point"]
    assert len(mine) == len(points) >= N_RESULTS
    for ours, theirs in zip(mine, points):
        for key in ("time", "tick", "state"):
            assert ours[key] == theirs[key]
        for key in ("flat", "level", "down", "up", "yield", "effect", "se"):
            assert float(theirs[key]) == ours[key]  # to the last bit
    area = next(line for line in replayed if line["type"] == "area")
    stored = redis.hgetall(f"plateaud:{{main}}:area:{AREA}")
    assert {key: area[key] for key in stored if not key.startswith("judged")} == \
        {key: value for key, value in stored.items() if not key.startswith("judged")}
    documents = [line["alert"] for line in replayed if line["type"] == "alert"]
    assert [json.loads(alert["json"]) for _, alert in redis.stream("plateaud:{main}:alerts")] == documents

    status = ctl.run("status")
    assert status.returncode == 1  # an alert is firing
    assert re.search(rf"{AREA}\s+SHIFT_TO_CORE\s+unconfirmed\s+\d{{4}}-\d\d-\d\d\s.*\s{N_RESULTS}\s", status.stdout)
    assert "\033" not in status.stdout  # no terminal, no colour
    told = json.loads(ctl.run("status", "--json").stdout)
    assert told["areas"][0]["firing"] is True and told["areas"][0]["results"] == N_RESULTS

    text = ctl.ok("explain", AREA, "--numbers")
    for words in ("shift to core value work (unconfirmed)", "for engine", f"{float(stored['flat_evidence']):.3g} of ",
                  "corrected for lucky winners", "left out", "not proven unchanged", f"{N_RESULTS} experiments rule out",
                  stored["flat_evidence"]):
        assert words in text, (words, text)
    text = ctl.ok("explain", AREA)
    assert len(text.splitlines()) <= 50 and max(map(len, text.splitlines())) <= 100
    told = json.loads(ctl.ok("explain", AREA, "--json"))
    assert told["fields"] == stored and len(told["results"]) == 40 and told["changes"][-1]["state"] == "FLAT"
    assert ctl.run("explain", "nowhere").returncode == 1

    # The same again: every id was there, nothing changes.
    assert ctl.run("import", file).returncode == 0
    time.sleep(2.5)
    assert redis.hgetall(f"plateaud:{{main}}:area:{AREA}")["results_ever"] == str(N_RESULTS)
    assert len(redis.stream("plateaud:{main}:alerts")) == 1


OBSERVED = """
[feature cart]
area  = checkout
aware = Product Viewed
use   = Checkout Started
[feature order two]
area     = checkout
eligible = Product Viewed
use      = Order Completed
[metric taken]
area  = checkout
role  = derive
type  = count
event = Order Completed
[objective more orders]
area   = checkout
figure = funnel
target = 99%
by     = 2199-01-01
[objective often]
area   = checkout
figure = value
target = 0.1
by     = 2030-01-01
"""


def test_simulated_product_through_kafka(kafka, redis, names, daemons, tmp_path):
    """Events of a simulated product in three partitions: the daemon says exactly what the engine says over the file."""
    control, events = names("sim-control"), names("sim-events")
    out = tmp_path / "sim"
    subprocess.run([rig.program("plateauctl"), "simulate", "--world", "plateau", "--out", str(out), "--users", "400",
                    "--paying", "3", "--flat", "2"], check=True, capture_output=True)
    made = (out / "plateaud.conf").read_text()
    again = tmp_path / "again"
    subprocess.run([rig.program("plateauctl"), "simulate", "--world", "plateau", "--out", str(again), "--users", "400",
                    "--paying", "3", "--flat", "2"], check=True, capture_output=True)
    for name in ("control.jsonl", "events.jsonl", "plateaud.conf"):
        assert (out / name).read_bytes() == (again / name).read_bytes()

    def area_lines(text):
        return text[text.index("[area"):].replace("\ngoal ", "\nvalue = Order Completed\nvalue_bar = 20%\ngoal ") + OBSERVED

    ctl = Ctl(tmp_path, rig.make_conf(kafka, redis, topics=(events,), control=control, idle_timeout="1s") + area_lines(made))
    kafka.create(f"{control}:1", f"{events}:3")
    kafka.produce([(control, 0, None, None, line) for line in (out / "control.jsonl").read_text().splitlines()])
    kafka.produce([(events, -1, json.loads(line)["userId"], None, line)
                   for line in (out / "events.jsonl").read_text().splitlines()])
    daemons(ctl.path.read_text())
    replayed = [json.loads(line) for line in ctl.ok(
        "replay", "--json", "--control", out / "control.jsonl", out / "events.jsonl").splitlines()]
    area = next(line for line in replayed if line["type"] == "area")
    rig.wait_until(lambda: redis.hgetall("plateaud:{main}:meta").get("complete_to") == area["judged"], 60)
    stored = redis.hgetall("plateaud:{main}:area:checkout")
    assert stored["results"] == "5"
    assert {key: area[key] for key in stored if not key.startswith("judged")} == \
        {key: value for key, value in stored.items() if not key.startswith("judged")}
    funnel = next(line for line in replayed if line["type"] == "funnel")
    assert redis.hgetall("plateaud:{main}:funnel:" + funnel["funnel"]) == \
        {name: text for name, text in funnel.items() if name not in ("type", "funnel")}
    features = [line for line in replayed if line["type"] == "feature"]
    assert [line["feature"] for line in features] == ["cart", "order two"] and int(features[0]["eligible"]) > 0
    value = next(line for line in replayed if line["type"] == "value")
    objectives = [line for line in replayed if line["type"] == "objective"]
    assert [line["objective"] for line in objectives] == ["more orders", "often"]
    assert objectives[0]["state"] in ("on_track", "behind") and 0 < float(objectives[0]["start"]) < 1
    assert objectives[0]["started"] < objectives[0]["judged"] and float(objectives[0]["days_left"]) > 60000
    assert objectives[1]["state"] == "reached" and "now" in objectives[1]
    for key, line in [*[("feature:" + line["feature"], line) for line in features], ("value:checkout", value),
                      *[("objective:" + line["objective"], line) for line in objectives]]:
        told = {name: text for name, text in line.items() if name not in ("type", "feature", "objective")}
        assert redis.hgetall("plateaud:{main}:" + key) == told
    mine = [line for line in replayed if line["type"] == "point"]
    theirs = [point for _, point in redis.stream("plateaud:{main}:history:checkout")]
    assert len(mine) == len(theirs) == 5
    for ours, point in zip(mine, theirs):
        assert (ours["time"], ours["tick"]) == (point["time"], point["tick"])
        for key in ("flat", "level", "yield", "effect", "se"):
            assert float(point[key]) == ours[key]
    text = ctl.ok("explain", "checkout")
    assert "objectives\n  more orders: " in text and "plateauctl map checkout" in text
    assert len(text.splitlines()) <= 50 and max(map(len, text.splitlines())) <= 100
    assert "\n  Objective more orders: " in ctl.ok("digest", "--since", "30d")
    counts = next(line for line in replayed if line["type"] == "counts")
    assert counts["duplicate"] > 10 and "late" not in counts
    lines = tmp_path / "replayed.jsonl"
    lines.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in replayed))
    check_map(ctl, redis, lines)
    check_tradeoff(ctl, redis)
    assert ctl.ok("balance", "checkout", "--json") == ctl.ok("balance", "checkout", "--json", "--from", lines)
    told = json.loads(ctl.ok("balance", "checkout", "--json"))
    assert told["fields"] == redis.hgetall("plateaud:{main}:balance:checkout") and told["fields"]["growth.results"] == "5"
    text = ctl.ok("balance", "checkout")
    assert re.search(r"^  growth  5 \(100 %\)", text, re.M) and text == ctl.ok("balance", "checkout", "--from", lines)


def check_map(ctl, redis, lines):
    """The map of Redis is that of replay, in each form; its numbers are those of the hashes."""
    for form in ([], ["--json"], ["--dot"], ["--svg"]):
        out = ctl.ok("map", "checkout", *form)
        assert out == ctl.ok("map", "checkout", *form, "--from", lines) == \
            ctl.ok("map", "checkout", *form, "--from", "-", stdin=lines.read_text())
    told = json.loads(ctl.ok("map", "checkout", "--json"))
    nodes = {node["id"]: node for node in told["nodes"]}
    edges = {(edge["from"], edge["to"]): edge for edge in told["edges"]}
    funnel, cart, value = (redis.hgetall("plateaud:{main}:" + key) for key in ("funnel:checkout", "feature:cart", "value:checkout"))
    assert nodes["active"]["count"] == int(value["28d.active"]) > 0
    for step, name in enumerate(["Product Viewed", "Checkout Started", "Order Completed (goal)"], 1):
        node = nodes[f"funnel:checkout:{step}"]
        assert node["label"] == name and node["count"] == int(funnel[f"28d.units.{step}"]) > 0
    used = edges["feature:cart:aware", "feature:cart:adopted"]
    assert (used["count"], used["of"]) == (int(cart["adopted"]), int(cart["aware"]))
    assert used["lost"] == used["of"] - used["count"] and used["share"] == used["count"] / used["of"]
    kept = edges["value", "kept"]
    assert kept["count"] / kept["of"] == float(value["retention.4"])
    assert nodes["value"]["label"] == "got value: Order Completed" and "feature:order two:aware" not in nodes
    assert {edge["rank"]: edge["lost"] for edge in told["edges"] if "rank" in edge} == \
        {loss["rank"]: loss["lost"] for loss in told["losses"]}
    assert [loss["rank"] for loss in told["losses"]] == [1, 2, 3]
    text = ctl.ok("map", "checkout")
    assert all(loss["text"] in " ".join(text.split()) for loss in told["losses"]) and max(map(len, text.splitlines())) <= 100
    picture = xml.etree.ElementTree.fromstring(ctl.ok("map", "checkout", "--svg"))
    shown = "".join(picture.itertext())
    assert picture.tag.endswith("svg") and "feature order two" in shown and told["losses"][0]["text"] in shown
    assert ctl.run("map", "nowhere").returncode == ctl.run("map", "nowhere", "--from", lines).returncode == 1
    assert ctl.run("map", "checkout", "--svg", "--json").returncode == ctl.run("map").returncode == 64
    bare = subprocess.run([rig.program("plateauctl"), "map", "checkout", "--svg", "--from", lines], capture_output=True,
                          text=True, env={"PATH": "/nonexistent"})
    assert bare.returncode == 2 and "Graphviz is not installed" in bare.stderr and bare.stdout == ""


def check_tradeoff(ctl, redis):
    """The matrix is what the hashes of experiments say, counted here once more."""
    told = json.loads(ctl.ok("tradeoff", "checkout", "--json"))
    ids = [metric["id"] for metric in told["metrics"]]
    assert sorted(ids) == ["checkout.goal", "checkout.value", "taken"] and told["experiments"] == 5
    names = redis.call("ZRANGE", "plateaud:{main}:experiments", 0, -1)
    rows = []
    for name in names:
        summary = redis.hgetall(f"plateaud:{{main}}:experiment:{name}")
        variant = next(key[len("units."):] for key in summary if key.startswith("units.") and key != "units." + summary["control"])
        rows.append({metric: {what: hash.get(f"life.{what}.{variant}") for what in ("lift", "lift_lower", "lift_upper")}
                     for metric in ids for hash in [redis.hgetall(f"plateaud:{{main}}:experiment:{name}:{metric}")]})
    for pair in told["pairs"]:
        both = [(row[pair["first"]], row[pair["second"]]) for row in rows]
        both = [tuple({what: float(text) for what, text in side.items()} for side in sides) for sides in both
                if all(side["lift"] for side in sides)]
        assert pair["n"] == len(both) > 2
        rose = [tuple(side["lift"] > 0 for side in sides) for sides in both]
        proved = [sum(all(side["lift_lower"] > 0 for side in sides) for sides in both)]
        assert pair["both_rose"] == rose.count((True, True)) and pair["both_fell"] == rose.count((False, False))
        assert pair["first_rose"] == rose.count((True, False)) and pair["second_rose"] == rose.count((False, True))
        assert pair["proved"]["both_rose"] == proved[0]
        x, y = ([sides[at]["lift"] for sides in both] for at in (0, 1))
        assert abs(pair["correlation"] - statistics.correlation(x, y)) < 1e-9
    text = ctl.ok("tradeoff", "checkout")
    assert "both rose" in text and "better delivery, worse guardrail or value" in text
    assert ctl.run("tradeoff", "nowhere").returncode == 1 and ctl.run("tradeoff").returncode == 64


def test_import_is_all_or_nothing(kafka, redis, ctl, tmp_path):
    kafka.create(f"{ctl.control}:1")
    good = '{"type":"result","experiment":"a","area":"koivisto","time":"2024-01-01T00:00:00Z","effect":1,"se":2}\n'
    (tmp_path / "bad.jsonl").write_text(good + good.replace('"a"', '"b"').replace('"se":2', '"se":0'))
    done = ctl.run("import", tmp_path / "bad.jsonl")
    assert done.returncode == 1 and "bad.jsonl:2: se: must be above 0" in done.stderr and "nothing was written" in done.stderr
    done = ctl.run("import", "--skip-bad", tmp_path / "bad.jsonl")
    assert done.returncode == 0 and "1 bad lines" in done.stderr and "1 results" in done.stderr
    kafka.create(f"{ctl.control}-wide:2")
    ctl.path.write_text(ctl.path.read_text().replace(ctl.control, f"{ctl.control}-wide"))
    done = ctl.run("import", "--skip-bad", tmp_path / "bad.jsonl")
    assert done.returncode == 2 and "it needs exactly one" in done.stderr


def test_import_at_a_rate(kafka, ctl, tmp_path):
    kafka.create(f"{ctl.control}:1")
    with gzip.open(DATA / f"{AREA}.jsonl.gz", "rt") as file:
        (tmp_path / "few.jsonl").write_text("".join(file.readline() for _ in range(20)))
    begun = time.monotonic()
    ctl.ok("import", "--rate", 20, tmp_path / "few.jsonl")
    assert time.monotonic() - begun >= 1.0  # 21 records: the last one is due after a second


def test_alert_goes_to_stream_and_channels(redis, ctl):
    subscriber = redis.connect()
    subscriber.send("SUBSCRIBE", "plateaud:main:alerts", f"plateaud:main:area:{AREA}")
    subscriber.read(), subscriber.read()
    follower = ctl.start("alerts", "--follow", "--json")
    done = ctl.run("test-alert", AREA, "--json")
    assert done.returncode == 0 and "1 listen on the channel of all alerts, 1 on the area's" in done.stderr
    document = json.loads(done.stdout)
    assert document["data"]["labels"]["alertname"] == "[TEST] ShiftToCore" and document["subject"] == f"area/{AREA}"
    assert [json.loads(subscriber.read()[2]) for _ in range(2)] == [document, document]
    assert json.loads(follower.stdout.readline()) == document
    follower.send_signal(signal.SIGINT)
    follower.wait(10)
    schema = json.loads((rig.ROOT / "conf" / "alert.schema.json").read_text())
    assert set(schema["properties"]["data"].get("required", schema["$defs"]["data"]["required"])) <= set(document["data"])
    line = ctl.ok("alerts", "--area", AREA)
    assert "[TEST] ShiftToCore" in line and document["data"]["annotations"]["summary"] in line
    assert ctl.ok("alerts", "--area", "other") == ""
    assert ctl.ok("alerts", "--since", "2999-01-01") == ""
    assert ctl.run("alerts", "--since", "whenever").returncode == 64
    assert ctl.run("test-alert", "nowhere").returncode == 1


def test_forward_is_at_least_once(redis, ctl, tmp_path):
    """A command that fails twice, a kill in the middle, a second consumer: every alert is done, none is left pending."""
    out = tmp_path / "out"
    script = tmp_path / "command"
    script.write_text(f"""#!/bin/sh
read -r line
echo "$PLATEAUD_ID $PLATEAUD_STATUS $PLATEAUD_AREA" >> {out}
n=$(grep -c "$PLATEAUD_ID" {out})
test "$n" -ge 3
""")
    script.chmod(0o755)

    def lines():
        return out.read_text().splitlines() if out.exists() else []

    def pending():
        return redis.call("XPENDING", "plateaud:{main}:alerts", "g")[0]

    first = ctl.start("forward", "--group", "g", "--exec", str(script), "--consumer", "a")
    rig.wait_until(lambda: redis.call("EXISTS", "plateaud:{main}:alerts") == 1)
    alert = json.loads(ctl.run("test-alert", AREA, "--json").stdout)
    rig.wait_until(lambda: len(lines()) >= 1, 20)
    first.kill()  # before the command succeeded
    first.wait()
    assert pending() == 1
    second = ctl.start("forward", "--group", "g", "--exec", str(script), "--consumer", "a")
    rig.wait_until(lambda: pending() == 0, 30)
    assert set(lines()) == {f"{alert['id']} firing {AREA}"} and len(lines()) >= 3
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0
    # What was acknowledged does not come again, not even to a new consumer.
    before = len(lines())
    third = ctl.start("forward", "--group", "g", "--exec", str(script), "--consumer", "b")
    time.sleep(2)
    assert len(lines()) == before
    third.send_signal(signal.SIGTERM)
    assert third.wait(20) == 0
    # A group that begins at the start gets it; a new one does not.
    fourth = ctl.start("forward", "--group", "h", "--from-start", "--exec", f"cat >> {tmp_path / 'json'}")
    rig.wait_until(lambda: (tmp_path / "json").exists() and (tmp_path / "json").read_text(), 20)
    assert json.loads((tmp_path / "json").read_text()) == alert
    fourth.send_signal(signal.SIGTERM)
    assert fourth.wait(20) == 0
    assert ctl.run("forward", "--group", "g").returncode == 64


def test_forward_waits_for_redis(ctl, redis, tmp_path):
    waiting = ctl.start("forward", "--group", "g", "--from-start", "--exec", f"cat >> {tmp_path / 'json'}")
    rig.wait_until(lambda: redis.call("EXISTS", "plateaud:{main}:alerts") == 1)
    redis.kill9()
    time.sleep(1)
    redis.start()
    ctl.ok("test-alert", AREA)
    rig.wait_until(lambda: (tmp_path / "json").exists(), 60)
    waiting.send_signal(signal.SIGTERM)
    assert waiting.wait(20) == 0


def test_check(kafka, redis, names, tmp_path):
    control, events, other = names("check-control"), names("check-events"), names("check-other")
    good = Ctl(tmp_path, conf(kafka, redis, control, topics=(events,)))
    done = good.run("check")
    assert done.returncode == 1 and re.search(rf"fail\s+{events}\s+there is no such topic", done.stdout)
    kafka.create(f"{control}:1", f"{events}:3", f"{other}:2")
    done = good.run("check")
    assert done.returncode == 0, done.stdout
    assert re.search(rf"\s{events}\s", done.stdout) and re.search(r"ok\s+redis", done.stdout)
    told = json.loads(good.ok("check", "--json"))
    assert {entry["result"] for entry in told} <= {"ok", "warn"}
    example = (rig.ROOT / "conf" / "example-documents.conf").read_text()  # all but the servers, which are not here
    ours = rig.make_conf(kafka, redis, topics=(events,), control=control, idle_timeout="1s", sections=[])
    told = json.loads(Ctl(tmp_path, ours + example[example.index("[area sharing]"):]).ok("check", "--json"))
    assert "2 areas, 11 metrics, 2 funnels" in told[0]["text"] and told[0]["result"] == "ok"
    assert not [entry for entry in told if entry["result"] == "fail" or re.match("area|metric|feature|objective", entry["text"])]
    uneven = Ctl(tmp_path, conf(kafka, redis, control, topics=(events, other)))
    done = uneven.run("check")
    assert done.returncode == 1 and "all source topics need the same" in done.stdout
    redis.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    redis.call("CONFIG", "SET", "maxmemory", "1gb")
    done = Ctl(tmp_path, conf(kafka, redis, control, topics=(events,))).run("check")
    assert done.returncode == 1 and "noeviction" in done.stdout
    bad = Ctl(tmp_path, "[plateaud]\ninstanze = x\n").run("check")
    assert bad.returncode == 1 and "ctl.conf:2" in bad.stdout and "instance" in bad.stdout


def test_tap(kafka, redis, names, tmp_path):
    control, events = names("tap-control"), names("tap-events")
    kafka.create(f"{events}:2")

    def event(name, user, **properties):
        return json.dumps({"type": "track", "event": name, "userId": user, "messageId": f"{name}-{user}",
                           "timestamp": "2026-01-01T00:00:00Z", "properties": properties})

    kafka.produce([
        (events, 0, "u1", None, event("Experiment Viewed", "u1", experiment_id="exp", variation_id="B")),
        (events, 1, "u2", None, event("Order Completed", "u2")),
        (events, 1, "u2", None, event("order_completed", "u2")),
        (events, 0, "u1", None, "{"),
        (events, 0, "u1", None, json.dumps({"type": "page"})),
    ])
    ctl = Ctl(tmp_path, conf(kafka, redis, control, topics=(events,)))
    before = subprocess.run([rig.program("plateauctl"), "tap", "--help"], capture_output=True, text=True).stdout
    assert before.startswith("examples:")
    told = [json.loads(line) for line in ctl.ok("tap", "--last", 100, "--limit", 5, "--json").splitlines()]
    kinds = sorted(line["kind"] for line in told)
    assert kinds == ["action", "counts", "exposure", "rejected", "unmatched"]
    exposure = next(line for line in told if line["kind"] == "exposure")
    assert exposure["experiment"] == "exp" and exposure["variant"] == "B" and re.fullmatch("[0-9a-f]{8}", exposure["unit"])
    counts = next(line for line in told if line["kind"] == "counts")
    assert counts["records"] == 5 and counts["excluded"] == 1 and counts["rejected"] == {"syntax": 1}
    assert counts["names"] == [{"event": "order_completed", "count": 1, "nearest": "Order Completed"}]
    text = ctl.ok("tap", "events", "--last", 100, "--limit", 5)
    assert "did you mean Order Completed?" in text and "u1" not in text and "u2" not in text
    assert ctl.run("tap", "nosuch").returncode == 1


def shop_events():
    """What 40 users of a shop do: all view, most start, half complete; some play on several days."""
    for user in range(40):
        deeds = [("Experiment Viewed", 1), ("Product Viewed", 1), ("Checkout Started", 1), ("Order Completed", 1)]
        deeds = deeds[:2 if user % 4 == 0 else 3 if user % 4 == 1 else 4] + [("Song Played", day) for day in (1, 2, 5)]
        for second, (name, day) in enumerate(deeds):
            seen = {"experiment_id": "one_page", "variation_id": "B" if user % 2 else "control"}
            yield user, json.dumps({"type": "track", "event": name, "userId": f"person-{user}", "messageId": f"{user}-{second}",
                                    "timestamp": f"2026-01-0{day}T00:{user:02}:{second:02}Z",
                                    "properties": seen if name == "Experiment Viewed" else {}})


def test_discover(kafka, redis, names, tmp_path):
    """What it proposes is a configuration that `check` finds well, and the engine runs with; no user's id is in it."""
    control, events = names("discover-control"), names("discover-events")
    kafka.create(f"{control}:1", f"{events}:2")
    kafka.produce([(events, user % 2, f"person-{user}", None, line) for user, line in shop_events()])
    kafka.produce([(events, 0, "x", None, "{")])
    servers = Ctl(tmp_path, rig.make_conf(kafka, redis, topics=(), control=control))
    done = servers.run("discover", "--topic", events, "--seconds", 60)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert re.search(rf"^topics = {events}$", text, re.M) and "format = segment" in text
    assert "goal = Order Completed" in text
    assert "\nfunnel = Product Viewed > Checkout Started > Order Completed\n" in text
    assert "20 of 20 went this way" in text and re.search(r"one_page: \S+ \(20\), \S+ \(20\)", text)
    assert "#value = Song Played" in text and "syntax" in text
    assert "person" not in text + done.stderr
    conf_path = tmp_path / "proposed.conf"
    conf_path.write_text(text)
    checked = subprocess.run([rig.program("plateauctl"), "check", "-c", conf_path, "--json"], capture_output=True, text=True)
    results = {entry["result"] for entry in json.loads(checked.stdout)}
    assert checked.returncode == 0 and "fail" not in results, checked.stdout
    # The same by addresses alone, and a topic that is not there.
    brokers = re.search(r"^bootstrap.servers = (\S+)", servers.path.read_text(), re.M).group(1)
    alone = subprocess.run([rig.program("plateauctl"), "discover", "--brokers", brokers, "--topic", events, "--records", "50"],
                           capture_output=True, text=True, timeout=60)
    assert alone.returncode == 0 and "from 50 records" in alone.stdout, alone.stderr
    missing = servers.run("discover", "--topic", names("nosuch"), "--seconds", 5)
    assert missing.returncode == 2 and missing.stdout == ""


def test_discover_files(tmp_path):
    """Without Kafka: files, standard input, what is no event at all."""
    def discover(*args, stdin=""):
        return subprocess.run([rig.program("plateauctl"), "discover", *map(str, args)], input=stdin, capture_output=True,
                              timeout=60, **({} if isinstance(stdin, bytes) else {"text": True}))

    lines = "".join(line + "\n" for _, line in shop_events())
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress(lines.encode()))
    done = discover(path)
    assert done.returncode == 0 and "goal = Order Completed" in done.stdout and "person" not in done.stdout
    conf_path = tmp_path / "c.conf"
    conf_path.write_text(done.stdout)
    subprocess.run([rig.program("plateaud"), "-t", "-c", conf_path], check=True, capture_output=True)
    replay = subprocess.run([rig.program("plateauctl"), "replay", "-c", conf_path, path], capture_output=True, text=True)
    assert replay.returncode == 0, replay.stderr
    assert discover("-", "--topic", "t", stdin=lines).stdout.count("topics = t\n") == 1
    many = "".join(json.dumps({"type": "track", "event": f"n{at}" + "x" * 50000 * (at % 2), "userId": f"person{at}",
                               "timestamp": "2026-01-01T00:00:00Z"}) + "\n" for at in range(1200))
    done = discover("-", stdin=many)
    assert done.returncode == 0 and "are in no count" in done.stderr and len(done.stdout) < 20000
    for bad in (b"", b"{\n", b"\xff\x00\n" * 10, b'{"event":NaN}\n', lines.encode()[:40], b"[]\n" * 9):
        done = discover("-", stdin=bad)
        assert done.returncode == 1 and done.stdout == b"" and done.stderr.startswith(b"plateauctl discover:"), bad
    assert discover("-", stdin=b"x" * 2_000_000).returncode == 2
    assert discover().returncode == discover("--topic", "t").returncode == discover("--records", "0", path).returncode == 64


def growthbook(experiment, day, mean=0.11, arms=2):
    def arm(number, mean):
        return {"variationId": f"v{number}", "users": 10000, "analyses": [
            {"engine": "bayesian", "numerator": round(mean * 10000), "denominator": 10000, "mean": mean,
             "stddev": (mean * (1 - mean)) ** .5, "percentChange": 0.7, "ciLow": 0, "ciHigh": 0}]}
    variations = [arm(0, 0.1)] + [arm(number, mean) for number in range(1, arms)]
    return {"result": {
        "id": "snp", "dateUpdated": f"{day}T00:00:00.000Z", "experimentId": "exp_1", "phase": "0",
        "dateStart": "2026-01-01T00:00:00.000Z", "dateEnd": f"{day}T00:00:00.000Z", "dimension": {"type": "none"},
        "settings": {"experimentId": experiment, "goals": [{"metricId": "met_paid", "overrides": {}}]}, "queryIds": [],
        "results": [{"dimension": "", "totalUsers": 20000, "checks": {"srm": 0.5},
                     "metrics": [{"metricId": "met_paid", "variations": variations}]}]}}


def test_import_growthbook(kafka, names, daemons, redis, ctl, tmp_path):
    """Documents as the API gives them, on many lines and in one, reach the ledger like other history."""
    kafka.create(f"{ctl.control}:1")
    path = tmp_path / "results.json"
    path.write_text(json.dumps(growthbook("two", "2026-02-20", 0.1), indent=2) + "\n" +
                    json.dumps(growthbook("one", "2026-02-10")) + json.dumps(growthbook("three", "2026-02-12", arms=3)))
    base = ("--format", "growthbook", "--area", AREA)
    dry = ctl.run("import", *base, "--dry-run", path)
    assert dry.returncode == 0, dry.stderr
    told = [json.loads(line) for line in dry.stdout.splitlines()]
    assert [line.get("experiment") for line in told] == ["one", "two", None] and told[2]["type"] == "history_end"
    # The area's unit is Elo, so effects are differences: .01, with sqrt(.09/10000 + .0979/10000).
    assert abs(told[0]["effect"] - .01) < 1e-9 and abs(told[0]["se"] - 0.004334743) < 1e-8 and told[0]["history"]
    assert "1 results were left out: not exactly two variants" in dry.stderr and "three" in dry.stderr
    wrong = ctl.run("import", *base, "--metric", "nosuch", path)
    assert wrong.returncode == 1 and "no metric nosuch (met_paid)" in wrong.stderr and "nothing was written" in wrong.stderr
    assert ctl.run("import", "--metric", "m", path).returncode == 64
    ctl.ok("import", *base, path)
    daemons(ctl.path.read_text())
    judged(redis, 2)


BASH = """
source {script}
COMP_WORDS=({words}); COMP_CWORD={at}
_plateauctl plateauctl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def test_completion(ctl, kafka, redis, daemons, tmp_path):
    """In bash itself: commands, options, values, files, and the areas that Redis knows."""
    script = tmp_path / "completion.bash"
    script.write_text(subprocess.run([rig.program("plateauctl"), "completion", "bash"], capture_output=True, text=True,
                                     check=True).stdout)

    def complete(*words):
        quoted = " ".join(shlex.quote(word) for word in ("plateauctl", *words))
        text = BASH.format(script=script, words=quoted, at=len(words))
        env = {"PATH": os.path.dirname(rig.program("plateauctl")) + ":/usr/bin:/bin", "HOME": str(tmp_path)}
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, cwd=tmp_path, env=env, timeout=30)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return done.stdout.split("\n")[:-1]

    assert sorted(complete("")) == sorted(COMMANDS)
    assert complete("ex") == ["explain"] and complete("zz") == [""]
    assert complete("import", "--fo") == ["--format"]
    assert complete("import", "--format", "") == ["jsonl", "csv", "growthbook"]
    assert complete("import", "--rate", "") == [""]
    assert complete("completion", "z") == ["zsh"]
    (tmp_path / "a b.csv").write_text("")
    (tmp_path / "$(touch hacked)").write_text("")
    assert complete("import", "a") == ["a b.csv"] and complete("replay", "-c", "a") == ["a b.csv"]
    assert "$(touch hacked)" in complete("import", "")
    for command in COMMANDS:
        text = subprocess.run([rig.program("plateauctl"), command, "--help"], capture_output=True, text=True).stdout
        options = {option for line in text.splitlines() if line.startswith("  -")
                   for option in re.findall(r"(?:^  |, )(--[a-z-]+)", line)}
        assert options <= set(complete(command, "--")), command
    kafka.create(f"{ctl.control}:1")
    daemons(ctl.path.read_text())
    rig.wait_until(lambda: redis.call("SISMEMBER", "plateaud:{main}:areas", AREA) == 1, 60)
    assert complete("explain", "-c", str(ctl.path), "") == [AREA]
    redis.call("SADD", "plateaud:{main}:areas", "$(touch hacked)", "x y; touch hacked")
    assert AREA in complete("alerts", "-c", str(ctl.path), "--area", "")
    assert not (tmp_path / "hacked").exists()
    for shell in ("zsh", "fish"):
        made = tmp_path / f"completion.{shell}"
        made.write_text(subprocess.run([rig.program("plateauctl"), "completion", shell], capture_output=True, text=True,
                                       check=True).stdout)
        if shutil.which(shell):
            subprocess.run([shell, "-n", made], check=True)


def test_redis_away(ctl, redis):
    redis.stop()
    for command in (["status"], ["explain", AREA], ["map", AREA], ["tradeoff", AREA], ["balance", AREA], ["digest"], ["alerts"],
                    ["test-alert", AREA]):
        done = ctl.run(*command)
        assert done.returncode == 2 and "Redis" in done.stderr, command


def test_nothing_judged_yet(ctl):
    done = ctl.run("status")
    assert done.returncode == 2 and "judged nothing yet" in done.stderr
    for command in ("explain", "map", "balance"):
        assert ctl.run(command, AREA).returncode == 1
    assert "what 0 experiments did" in ctl.ok("tradeoff", AREA)
    assert ctl.run("digest").returncode == 2
    assert ctl.ok("alerts") == ""


def test_help_everywhere():
    for command in COMMANDS:
        done = subprocess.run([rig.program("plateauctl"), command, "--help"], capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout.startswith("examples:\n  plateauctl " + command), command
        assert "exit codes:" in done.stdout and done.stderr == ""
        assert max(map(len, done.stdout.splitlines())) <= 120
        wrong = subprocess.run([rig.program("plateauctl"), command, "--no-such"], capture_output=True, text=True)
        assert wrong.returncode == 64 and "--no-such" in wrong.stderr and wrong.stdout == ""


def test_manual_has_every_command_and_option():
    manual = (rig.ROOT / "conf" / "plateauctl.1").read_text()
    for command in COMMANDS:
        assert re.search(rf"Cm {command}\b", manual), command
        text = subprocess.run([rig.program("plateauctl"), command, "--help"], capture_output=True, text=True).stdout
        for option in re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text):
            assert f"Fl -{option}" in manual or f"Fl -events | -{option}" in manual, (command, option)
    if shutil.which("mandoc"):
        for page in ("plateauctl.1", "plateaud.8"):
            subprocess.run(["mandoc", "-T", "lint", "-W", "warning", rig.ROOT / "conf" / page], check=True)
