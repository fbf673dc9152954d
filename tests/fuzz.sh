#!/bin/sh
# Build the fuzzers with clang and run each for FUZZ_SECONDS (default 60), starting from its corpus, as many at a time as
# there are processors. New finds go to build-fuzz/found/NAME, never into the repository; a crash stops everything with
# the fuzzer's own report.
set -eu
cd "$(dirname "$0")/.."
self=tests/fuzz.sh

# ---- one of them: fuzz.sh --one PROGRAM ---------------------------------------------------------------------------

one() {
    name=$(basename "$1" | sed 's/^fuzz_//')
    found=build-fuzz/found/$name
    mkdir -p "$found"
    program=$1
    set -- "$found"
    for known in corpus regressions; do
        [ -d "tests/fuzz/$known/$name" ] && set -- "$@" "tests/fuzz/$known/$name"
    done
    "$program" -max_total_time="${FUZZ_SECONDS:-60}" -artifact_prefix="build-fuzz/crash-$name-" -print_final_stats=1 \
        "$@" >"build-fuzz/$name.log" 2>&1 || {
        tail -n 60 "build-fuzz/$name.log"
        return 255 # xargs starts no more
    }
    echo "== $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build-fuzz/$name.log") inputs"
}

if [ "${1:-}" = --one ]; then
    one "$2"
    exit
fi

# ---- all ----------------------------------------------------------------------------------------------------------

CC=clang cmake -G Ninja -S . -B build-fuzz -C src/cmake/presets/fuzz.cmake >/dev/null
# shellcheck disable=SC2046 # a list of words
nice ninja -C build-fuzz $(cd tests/fuzz && ls fuzz_*.c | sed 's/\.c$//')
programs=$(find build-fuzz -type f -name 'fuzz_*' -perm -u+x | sort)
if [ -z "$programs" ]; then
    echo "no fuzzer was built" >&2
    exit 1
fi
echo "$programs" | xargs -P "$(nproc)" -n 1 "$self" --one
