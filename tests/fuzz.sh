#!/bin/sh
# Build the fuzzers with clang and run each for FUZZ_SECONDS (default 60), starting from its corpus. New finds go to
# build-fuzz/found/NAME, never into the repository; a crash stops everything with the fuzzer's own report.
set -eu
cd "$(dirname "$0")/.."

CC=clang cmake -G Ninja -S . -B build-fuzz -C src/cmake/presets/fuzz.cmake >/dev/null
# shellcheck disable=SC2046 # a list of words
nice ninja -C build-fuzz $(cd tests/fuzz && ls fuzz_*.c | sed 's/\.c$//')
n=0
for fuzzer in $(find build-fuzz -type f -name 'fuzz_*' -perm -u+x | sort); do
    name=$(basename "$fuzzer" | sed 's/^fuzz_//')
    found=build-fuzz/found/$name
    mkdir -p "$found"
    set -- "$found"
    for known in corpus regressions; do
        [ -d "tests/fuzz/$known/$name" ] && set -- "$@" "tests/fuzz/$known/$name"
    done
    echo "== $name for ${FUZZ_SECONDS:-60} s"
    "$fuzzer" -max_total_time="${FUZZ_SECONDS:-60}" -artifact_prefix="build-fuzz/crash-$name-" -print_final_stats=1 "$@"
    n=$((n + 1))
done
if [ "$n" -eq 0 ]; then
    echo "no fuzzer was built" >&2
    exit 1
fi
