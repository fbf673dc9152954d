#!/usr/bin/env bash
# The micro benches, then the whole daemon on real Kafka and Redis; about five minutes. Options go to end_to_end.py.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/setup.sh
ninja -C build plateaud plateauctl kafka_probe produce bench_shard bench_decode bench_tick >/dev/null
echo "== decoding, CPU per event"
build/bench/bench_decode 200
echo "== counting, CPU per event"
build/bench/bench_shard 10000 2000000
build/bench/bench_shard 1000000 2000000
echo "== judging, CPU per tick"
build/bench/bench_tick
echo "== the whole daemon: median (smallest-largest)"
exec python3 bench/end_to_end.py "$@"
