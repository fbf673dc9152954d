"""Alerts from end to end: what fires, what ends it, what a receiver gets, and what makes two edges the same."""

import json
import signal
import subprocess
from datetime import datetime, timedelta, timezone

import jsonschema
import redis as redis_py

import rig
from test_results import alerts, conf, entered, produce, results, wait_judged

AREA = "koivisto"  # 345 results; ends SHIFT_TO_CORE, unconfirmed
N = 345
SCHEMA = json.loads((rig.ROOT / "conf" / "alert.schema.json").read_text())
STREAM = "plateaud:{main}:alerts"


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


LAST = max(moment(record["time"]) for record in results(AREA) if record["type"] == "result")


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def rows(control, records, time):
    """Control records with a time of their own in Kafka: then every run of them is the same to the microsecond."""
    return [(control, 0, None, int(time.timestamp() * 1000), json.dumps(record)) for record in records]


def history(kafka, control):
    """The import, made right after the last result."""
    kafka.create(f"{control}:1")
    kafka.produce(rows(control, results(AREA), LAST))


def launch(time):
    return {"type": "core_launch", "area": AREA, "time": stamp(time)}


def later(kafka, control, time):
    """A record of a stopped experiment: nothing but time goes on."""
    kafka.produce(rows(control, [{"type": "lifecycle", "experiment": f"{AREA}-{int(time.timestamp())}", "state": "started",
                                  "area": AREA, "time": stamp(time)}], time))


def wait_complete(redis, time, instance="main"):
    rig.wait_until(lambda: redis.hgetall(f"plateaud:{{{instance}}}:meta").get("complete_to", "") > stamp(time), 60,
                   what=f"judged beyond {stamp(time)}")


def valid(document):
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)
    return document


def documents(redis, instance="main"):
    return [valid(json.loads(alert["json"])) for alert in alerts(redis, instance)]


def test_a_launch_resolves_what_fired(kafka, redis, names, daemons, tmp_path):
    """Firing, 14 days in which edges wait, resolved; a receiver runs its command once for each."""
    control = names("alerts-control")
    text = conf(kafka, redis, control, [AREA])
    (tmp_path / "ctl.conf").write_text(text)
    out = tmp_path / "out"
    receiver = subprocess.Popen([rig.program("plateauctl"), "forward", "-c", str(tmp_path / "ctl.conf"), "--group", "g",
                                 "--exec", f"cat >> {out}; echo >> {out}"], preexec_fn=rig.die_with_parent)
    try:
        rig.wait_until(lambda: redis.call("EXISTS", STREAM) == 1, what="the receiver's group")
        history(kafka, control)
        daemon = daemons(text)
        wait_judged(redis, AREA, N)
        rig.wait_until(lambda: alerts(redis))
        [fired] = documents(redis)

        kafka.produce(rows(control, [launch(LAST + timedelta(days=3))], LAST + timedelta(days=3)))
        wait_complete(redis, LAST + timedelta(days=3))
        area = redis.hgetall(f"plateaud:{{main}}:area:{AREA}")
        assert area["verdict"] == "NO_VERDICT" and area["epoch"] == "1"  # it moves freely; the alert does not
        assert len(alerts(redis)) == 1 and area["firing"] == "1"
        later(kafka, control, LAST + timedelta(days=13))
        wait_complete(redis, LAST + timedelta(days=13))
        assert len(alerts(redis)) == 1
        later(kafka, control, LAST + timedelta(days=15))
        wait_complete(redis, LAST + timedelta(days=15))
        fired_again, resolved = documents(redis)
        assert fired_again == fired
        rig.wait_until(lambda: out.exists() and out.read_text().count("\n") >= 2, what="the receiver ran")
        assert redis.hgetall(f"plateaud:{{main}}:area:{AREA}")["firing"] == "0"
        assert daemon.metric("plateaud_alert_edges_total") == 2
    finally:
        receiver.send_signal(signal.SIGTERM)
        assert receiver.wait(20) == 0

    assert [json.loads(line) for line in out.read_text().split("\n") if line] == [fired, resolved]
    assert redis.call("XPENDING", STREAM, "g")[0] == 0
    first, second = fired["data"], resolved["data"]
    assert first["status"] == "firing" and second["status"] == "resolved"
    assert first["verdict"] == second["verdict"] == "SHIFT_TO_CORE" and "endsAt" not in first
    assert second["startsAt"] == first["startsAt"] == fired["time"] and second["endsAt"] == resolved["time"]
    assert moment(resolved["time"]) - moment(fired["time"]) == timedelta(days=14)
    assert first["fingerprint"] == second["fingerprint"] and first["labels"] == second["labels"]
    assert fired["id"] != resolved["id"]
    assert first["evidence"]["experiments"] == N and first["policy"]["smallest_return"] == 5.23
    assert second["evidence"]["experiments"] == 0 and second["evidence"]["experiments_ever"] == N


def test_a_client_reads_the_stream(kafka, redis, names, daemons):
    """redis-py, as anybody would use it: fields, a consumer group, acknowledged or pending, a channel."""
    control = names("client-control")
    client = redis_py.Redis(port=redis.port, decode_responses=True)
    channel = client.pubsub(ignore_subscribe_messages=True)
    channel.psubscribe("plateaud:main:*")
    channel.get_message(timeout=10)
    client.xgroup_create(STREAM, "team", id="$", mkstream=True)
    history(kafka, control)
    daemons(conf(kafka, redis, control, [AREA]))
    [[stream, entries]] = client.xreadgroup("team", "one", {STREAM: ">"}, block=60_000)
    assert stream == STREAM
    [(entry, fields)] = entries
    document = valid(json.loads(fields["json"]))
    assert list(fields) == ["id", "status", "alertname", "area", "owner", "severity", "json"]
    assert fields["id"] == document["id"] and fields["status"] == document["data"]["status"] == "firing"
    assert (fields["area"], fields["owner"], fields["severity"]) == (AREA, "engine", "warning")
    heard = {}
    while len(heard) < 2:
        message = channel.get_message(timeout=30)
        assert message, heard
        heard[message["channel"]] = message["data"]
    assert heard == {"plateaud:main:alerts": fields["json"], f"plateaud:main:area:{AREA}": fields["json"]}
    assert client.xpending(STREAM, "team")["pending"] == 1
    [(claimed, again)] = client.xreadgroup("team", "one", {STREAM: "0"})[0][1]
    assert (claimed, again) == (entry, fields)
    assert client.xack(STREAM, "team", entry) == 1
    assert client.xpending(STREAM, "team")["pending"] == 0
    client.close()


def test_the_same_records_give_the_same_alerts(kafka, redis, names, daemons):
    """In another instance, and in another Redis: same ids (they name area, verdict, epoch, tick and edge), and documents
    that differ in nothing but the instance."""
    control = names("same-control")
    history(kafka, control)
    kafka.produce(rows(control, [launch(LAST + timedelta(days=3))], LAST + timedelta(days=3)))
    later(kafka, control, LAST + timedelta(days=15))
    daemons(conf(kafka, redis, control, [AREA]))
    daemons(conf(kafka, redis, control, [AREA], instance="second"))
    with rig.Redis() as fresh:
        fresh.start()
        daemons(conf(kafka, fresh, control, [AREA]).replace("instance = main", "instance = main\ngroup = fresh"))
        for server, instance in ((redis, "main"), (redis, "second"), (fresh, "main")):
            wait_complete(server, LAST + timedelta(days=15), instance)
        one, two, three = documents(redis), documents(redis, "second"), documents(fresh)
    assert [document["data"]["status"] for document in one] == ["firing", "resolved"]
    assert three == one
    for mine, theirs in zip(one, two):
        assert theirs["source"] == "/plateaud/second" and theirs["data"]["labels"].pop("instance") == "second"
        assert mine["data"]["labels"].pop("instance") == "main"
        assert mine["data"].pop("fingerprint") != theirs["data"].pop("fingerprint")
        assert {**theirs, "source": mine["source"]} == mine


def test_a_repeated_result_changes_nothing(kafka, redis, names, daemons):
    control = names("again-control")
    history(kafka, control)
    daemon = daemons(conf(kafka, redis, control, [AREA]))
    wait_judged(redis, AREA, N)
    rig.wait_until(lambda: alerts(redis))
    before = redis.hgetall(f"plateaud:{{main}}:area:{AREA}")
    points = redis.call("XLEN", f"plateaud:{{main}}:history:{AREA}")
    sent = results(AREA)[:20]
    for record in sent:
        record.update(effect=99, history=False)
    kafka.produce(rows(control, sent, LAST + timedelta(days=1)))
    later(kafka, control, LAST + timedelta(days=2))
    wait_complete(redis, LAST + timedelta(days=2))
    rig.wait_until(lambda: daemon.metric("plateaud_rejected_total", reason="control_repeated") == 20)
    after = redis.hgetall(f"plateaud:{{main}}:area:{AREA}")
    assert {**after, "judged": before["judged"], "judged_ms": before["judged_ms"]} == before
    assert redis.call("XLEN", f"plateaud:{{main}}:history:{AREA}") == points
    assert entered(redis, AREA) == N and len(alerts(redis)) == 1


def week_of(time):
    """Monday 00:00 UTC of its week."""
    return (time - timedelta(days=time.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def digests(redis):
    return [entry for entry in alerts(redis) if entry["status"] == "digest"]


def test_a_week_is_told_once(kafka, redis, names, daemons, tmp_path):
    """With `digest = on`, each owner is told the week that has ended, once, however often the daemon dies; not the years
    before it, and nobody whose history is being imported. plateauctl tells the same, and forward passes it on."""
    control = names("digest-control")
    text = conf(kafka, redis, control, [AREA, "weiss"]).replace("[area weiss]\nowner = engine", "[area weiss]\nowner = other")
    assert "owner = other" in text
    text += "\n[alert]\ndigest = on\n"
    (tmp_path / "ctl.conf").write_text(text)
    now = datetime.now(timezone.utc)
    monday = week_of(now)
    history(kafka, control)
    daemon = daemons(text)
    wait_judged(redis, AREA, N)
    wait_complete(redis, LAST)
    rig.wait_until(lambda: alerts(redis))
    assert not digests(redis)  # that was years ago

    for weeks in (30, 20, 10, 2):
        later(kafka, control, monday - timedelta(weeks=weeks, hours=1))
    won, lost, left = monday - timedelta(days=4), monday - timedelta(days=3), monday - timedelta(days=2)
    rest = {"type": "result", "area": AREA, "work": "growth", "se": 1.0, "shipped": True}
    kafka.produce(rows(control, [{**rest, "id": "won", "experiment": "won", "effect": 4.0, "time": stamp(won)}], won))
    kafka.produce(rows(control, [{**rest, "id": "lost", "experiment": "lost", "effect": 0.5, "time": stamp(lost)}], lost))
    kafka.produce(rows(control, [{**rest, "id": "left", "experiment": "left", "effect": 3.0, "time": stamp(left),
                                  "health": False}], left))
    kafka.produce(rows(control, [{**rest, "id": "old", "experiment": "old", "area": "weiss", "effect": 1.0,
                                  "time": stamp(left), "history": True}], left))  # and no history_end
    wait_complete(redis, left)
    assert not digests(redis)  # the week is not over
    later(kafka, control, now)
    rig.wait_until(lambda: "event=digest" in daemon.log(), interval=0.001, what="the digest in the log")
    daemon.kill9()  # before, within or after its commit
    daemon = daemons(text)
    rig.wait_until(lambda: digests(redis), what="the digest")
    for _ in range(2):
        daemon.kill9()
        commits = int(redis.hgetall("plateaud:{main}:meta")["seq"])
        daemon = daemons(text)
        later(kafka, control, datetime.now(timezone.utc))
        rig.wait_until(lambda: int(redis.hgetall("plateaud:{main}:meta")["seq"]) > commits, what="a commit of what was loaded")

    [entry] = digests(redis)
    document = valid(json.loads(entry["json"]))
    told = week_of(moment(redis.hgetall("plateaud:{main}:meta")["complete_to"]))
    assert document["type"] == "plateaud.digest.v1" and document["id"] == entry["id"]
    assert document["subject"] == "owner/engine" and moment(document["time"]) in (monday, told)
    assert (entry["alertname"], entry["area"], entry["owner"], entry["severity"]) == ("WeeklyDigest", "", "engine", "info")
    data = document["data"]
    assert moment(data["endsAt"]) - moment(data["startsAt"]) == timedelta(days=7)
    [week] = data["areas"]
    assert (week["area"], week["changes"]) == (AREA, []) and week["verdict"] == redis.hgetall(
        f"plateaud:{{main}}:area:{AREA}")["verdict"]
    assert week["results"] == {"counted": 2, "won": 1, "left_out": {"unhealthy": 1}}
    assert 1 <= len(week["next"]) <= 3
    assert "Results: 2 counted, 1 of them won; 1 left out: uneven split" in data["annotations"]["description"]

    def ctl(command, *args):
        return subprocess.run([rig.program("plateauctl"), command, "-c", str(tmp_path / "ctl.conf"), *args],
                              capture_output=True, text=True, timeout=60)

    asked = ctl("digest", "--json", "--since", data["startsAt"], "--owner", "engine")
    assert asked.returncode == 0, asked.stderr
    mine = valid(json.loads(asked.stdout))["data"]["areas"]
    assert mine == data["areas"]  # read from Redis or made by the judge: the same
    both = ctl("digest", "--since", "3650d").stdout
    assert "engine, " in both and "other, " in both and f"\n{AREA}: " in both and "\nweiss: " in both
    assert "Changed on " in both and all(len(line) <= 100 for line in both.splitlines()), both
    assert ctl("digest", "--owner", "nobody").returncode == 1
    assert ctl("digest", "--since", "soon").returncode == 64
    assert "WeeklyDigest" in ctl("alerts").stdout

    out = tmp_path / "out"
    receiver = subprocess.Popen([rig.program("plateauctl"), "forward", "-c", str(tmp_path / "ctl.conf"), "--group", "week",
                                 "--from-start", "--exec", f"cat >> {out}; echo >> {out}"], preexec_fn=rig.die_with_parent)
    try:
        rig.wait_until(lambda: out.exists() and out.read_text().count("\n") >= len(alerts(redis)), what="all passed on")
    finally:
        receiver.send_signal(signal.SIGTERM)
        assert receiver.wait(20) == 0
    assert document in [json.loads(line) for line in out.read_text().splitlines()]
