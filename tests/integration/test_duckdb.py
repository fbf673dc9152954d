"""Experiment sums against DuckDB, a batch engine that reads the same JSON lines as a file: on a log without disorder and
duplicates it must get the same integers. It is fetched from the package index into the cache once.
"""

import subprocess
import sys

import pytest

import rig
import world

VERSION = "1.4.5"
PLACE = rig.CACHE / f"duckdb-{VERSION}"
# A unit belongs to the only variant it saw before the experiment's end, from the first time on; days whose window has
# passed at the tick count.
QUERY = """
WITH event AS (
    SELECT userId AS unit, event AS name, epoch_ms(timestamp::TIMESTAMP) AS ms,
           properties.experiment_id AS experiment, properties.variation_id AS variant
    FROM read_json('{file}', format = 'newline_delimited', columns = {{
        userId: 'VARCHAR', event: 'VARCHAR', timestamp: 'VARCHAR',
        properties: 'STRUCT(experiment_id VARCHAR, variation_id VARCHAR)'}})),
exposed AS (
    SELECT experiment, unit, min(variant) AS variant, min(ms) AS t0
    FROM event LEFT JOIN (VALUES {ends}) AS ended(experiment, end_ms) USING (experiment)
    WHERE name = 'Experiment Viewed' AND (end_ms IS NULL OR ms < end_ms)
    GROUP BY ALL HAVING count(DISTINCT variant) = 1)
SELECT experiment, variant, count(*), count(*) FILTER (hit) FROM (
    SELECT experiment, variant,
           EXISTS (SELECT 1 FROM event WHERE event.unit = exposed.unit AND name = 'Order Completed'
                   AND ms >= t0 AND ms < t0 + {window}) AS hit
    FROM exposed WHERE (t0 // 86400000 + 1) * 86400000 + {window} <= {tick})
GROUP BY ALL ORDER BY ALL
"""


@pytest.fixture(scope="module")
def duckdb():
    if not PLACE.exists():
        subprocess.run(["/usr/bin/python3", "-m", "pip", "install", "-q", "--no-deps", "--target", str(PLACE),
                        f"duckdb=={VERSION}"], check=True, stdin=subprocess.DEVNULL)
    sys.path.insert(0, str(PLACE))
    import duckdb as module
    return module


def test_conversions_equal_duckdb(kafka, redis, names, daemons, duckdb, tmp_path):
    product = world.World(seed=12, disorder=False, duplicates=0, topics=(names("duck-web"), names("duck-app")),
                          control=names("duck-control"))
    product.produce(kafka)
    daemons(rig.make_conf(kafka, redis, sections=product.sections(), group=names("duck"), idle_timeout="2s",
                          control=product.control_topic))
    rows = list(product.rows())
    file = tmp_path / "events.jsonl"
    file.write_text("".join(row[4] + "\n" for row in rows))
    tick = (max(row[3] for row in rows) // 3_600_000 + 1) * 3_600_000
    ends = ", ".join(f"('{body['experiment']}', {time_us // 1000})" for time_us, body in product.control
                     if body["state"] != "started")
    rig.wait_until(lambda: int(redis.hgetall("plateaud:{main}:meta").get("judged_to_us", "-1")) >= tick * 1000, 60,
                   what="everything is judged")

    found = duckdb.sql(QUERY.format(file=file, ends=ends, window=2 * 86_400_000, tick=tick)).fetchall()

    assert len(found) == 12
    for experiment, variant, n, hits in found:
        figures = redis.hgetall(f"plateaud:{{main}}:experiment:{experiment}:orders")
        assert (int(figures[f"life.n.{variant}"]), int(figures[f"life.sum.{variant}"])) == (n, hits * 1_000_000)
        assert n > 300 and hits > 50
