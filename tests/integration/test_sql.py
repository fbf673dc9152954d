"""Experiment sums against SQL: on logs without disorder and duplicates, a database over the same JSON lines must get the
same integers for every experiment, variant and metric. SQLite knows nothing of shards, panes, folding or retraction.
"""

import sqlite3

import pytest

import rig
import world

DAY_MS = 86_400_000
METRICS = [  # id, event, window in ms, what one unit is worth in millionths, from its number of events and their micro sum
    ("orders", "Order Completed", 2 * DAY_MS, "min(n, 1) * 1000000"),
    ("views", "Product Viewed", DAY_MS, "min(n, 5) * 1000000"),
    ("revenue", "Order Completed", 3 * DAY_MS, "min(total, 500000000)"),
]
TABLES = """
CREATE TABLE log (value TEXT);
CREATE TABLE ended (experiment TEXT PRIMARY KEY, end_ms INTEGER);
"""
READ = """
CREATE TABLE event AS SELECT
    json_extract(value, '$.userId') AS unit,
    json_extract(value, '$.event') AS name,
    strftime('%s', json_extract(value, '$.timestamp')) * 1000 + substr(json_extract(value, '$.timestamp'), 21, 3) AS ms,
    json_extract(value, '$.properties.experiment_id') AS experiment,
    json_extract(value, '$.properties.variation_id') AS variant,
    CAST(round(json_extract(value, '$.properties.revenue') * 1000000) AS INTEGER) AS micro
FROM log;
CREATE INDEX by_unit ON event (unit, name, ms);
-- A unit belongs to the only variant it saw before the experiment's end, from the first time on.
CREATE TABLE exposed AS SELECT experiment, unit, min(variant) AS variant, min(ms) AS t0
FROM event LEFT JOIN ended USING (experiment)
WHERE name = 'Experiment Viewed' AND (end_ms IS NULL OR ms < end_ms)
GROUP BY experiment, unit HAVING count(DISTINCT variant) = 1;
"""
SUMS = """
SELECT experiment, variant, count(*), sum(x), sum(x * x / 1000000) FROM (
    SELECT experiment, variant, {worth} AS x FROM (
        SELECT exposed.experiment, exposed.variant, exposed.unit, count(event.ms) AS n, coalesce(sum(event.micro), 0) AS total
        FROM exposed LEFT JOIN event
            ON event.unit = exposed.unit AND event.name = :event AND event.ms >= t0 AND event.ms < t0 + :window
        WHERE (t0 / 86400000 + 1) * 86400000 + :window <= :tick
        GROUP BY exposed.experiment, exposed.variant, exposed.unit))
GROUP BY experiment, variant
"""


@pytest.fixture
def product(kafka, names):
    made = world.World(seed=11, disorder=False, duplicates=0, topics=(names("sql-web"), names("sql-app")),
                       control=names("sql-control"))
    made.produce(kafka)
    return made


def database(product):
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES)
    db.executemany("INSERT INTO log VALUES (?)", ([row[4]] for row in product.rows()))
    db.executemany("INSERT INTO ended VALUES (?, ?)", [(body["experiment"], time_us // 1000)
                                                      for time_us, body in product.control if body["state"] != "started"])
    db.executescript(READ)
    return db


def test_sums_equal_sql(kafka, redis, product, names, daemons):
    daemon = daemons(rig.make_conf(kafka, redis, sections=product.sections(), group=names("sql"), idle_timeout="2s",
                                   control=product.control_topic))
    db = database(product)
    [[events, latest]] = db.execute("SELECT count(*), max(ms) FROM event")
    tick = (latest // 3_600_000 + 1) * 3_600_000
    rig.wait_until(lambda: int(redis.hgetall("plateaud:{main}:meta").get("judged_to_us", "-1")) >= tick * 1000, 60,
                   what="everything is judged")
    assert daemon.metric("plateaud_rejected_total") == daemon.metric("plateaud_rejected_total", reason="after_end")

    compared = 0
    for metric, event, window, worth in METRICS:
        rows = db.execute(SUMS.format(worth=worth), {"event": event, "window": window, "tick": tick}).fetchall()
        assert {row[0] for row in rows} == {f"cart_{number}" for number in range(6)}
        for experiment, variant, n, total, squares in rows:
            figures = redis.hgetall(f"plateaud:{{main}}:experiment:{experiment}:{metric}")
            got = [int(figures[f"life.{what}.{variant}"]) for what in ("n", "sum", "sum2")]
            assert got[:2] == [n, total], (experiment, metric, variant)
            if metric != "revenue":  # whose squares are cut to 64 bits by the division above
                assert got[2] == squares * 1_000_000, (experiment, metric, variant)
            assert n > 100 and total > 0
            compared += 1
    assert compared == 3 * 6 * 2
    [[mixed]] = db.execute("SELECT count(*) FROM (SELECT 1 FROM event LEFT JOIN ended USING (experiment) WHERE name = "
                           "'Experiment Viewed' AND (end_ms IS NULL OR ms < end_ms) GROUP BY experiment, unit "
                           "HAVING count(DISTINCT variant) > 1)")
    assert mixed > 50 and mixed == sum(int(redis.hgetall(f"plateaud:{{main}}:experiment:cart_{number}")["saw_two_variants"])
                                       for number in range(6))
    assert events > 50_000
