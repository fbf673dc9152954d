#!/usr/bin/env python3
"""Kill loops until told to stop (SIGINT, SIGTERM), or for PLATEAUD_SOAK_SECONDS; the first difference stops it and keeps all logs.

A round is a new product with six instances, three of them with two daemons. Its seed is printed first; PLATEAUD_SEED begins
with that one."""

import os
import pathlib
import random
import shutil
import signal
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "integration")]

import loops  # noqa: E402
import rig  # noqa: E402


def keep(lanes, seed):
    """Copies of the logs, and of what Redis holds."""
    place = rig.BUILD / f"soak-{seed}"
    for lane in lanes:
        (place / lane.name).mkdir(parents=True, exist_ok=True)
        for number, daemon in enumerate(lane.daemons):
            shutil.copy(daemon.log_path, place / lane.name / f"plateaud-{number}.log")
        if lane.redis and lane.redis.running():
            lane.redis.call("SAVE")
            shutil.copy(lane.redis.dir / "dump.rdb", place / lane.name)
    return place


def a_round(kafka, number, seed):
    print(f"round {number}: PLATEAUD_SEED={seed}", flush=True)
    lanes = loops.run(kafka, seed, lanes=6, kills=120, pairs=3, per_point=30, events=30_000, name=f"soak-{number}",
                      seconds=180)
    try:
        loops.report(lanes)
    except BaseException:
        print(f"logs and data are in {keep(lanes, seed)}", flush=True)
        raise
    finally:
        for lane in lanes:
            lane.close()
        product = lanes[0].product
        kafka.delete(*product.topics, product.control_topic)
    return sum(lane.deaths() for lane in lanes)


def main():
    seed = int(os.environ.get("PLATEAUD_SEED", 0)) or random.randrange(1, 1 << 31)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kills = number = 0
    with rig.Kafka() as kafka:
        kafka.start()
        end = time.monotonic() + float(os.environ.get("PLATEAUD_SOAK_SECONDS", "inf"))
        try:
            while time.monotonic() < end:
                kills += a_round(kafka, number, seed + number)
                number += 1
                print(f"{kills} kills, no difference", flush=True)
        except KeyboardInterrupt:
            print(f"stopped after {kills} kills, no difference")


if __name__ == "__main__":
    main()
