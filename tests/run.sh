#!/usr/bin/env bash
# Build and test in the ways named as arguments: release, asan, clang, fuzz, tsan (all without arguments); verify. The last
# line is "N passed, N failed" over everything; the exit code is 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

JOBS=${JOBS:-$(nproc)}
passed=0
failed=0
wrapper=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() {
    printf '\n== %s\n' "$*"
}

fail() {
    failed=$((failed + 1))
    echo "FAILED: $*"
}

# configure DIR PRESET
configure() {
    cmake -G Ninja -S . -B "$1" -C "src/cmake/presets/$2.cmake" >"$log" 2>&1 && return 0
    cat "$log"
    fail "configuration of $1"
    return 1
}

# build DIR [target...]
build() {
    local dir=$1
    shift
    step "build $dir"
    nice ninja -j "$JOBS" -C "$dir" "$@" >"$log" 2>&1 && return 0
    grep -v '^\[[0-9]*/[0-9]*\] [A-Z]' "$log" | tail -n 200
    fail "build of $dir"
    return 1
}

# check DIR [ctest argument...]: run tests and add up what ctest says; no summary (no tests, a crash) is a failure.
check() {
    local dir=$1 summary
    shift
    step "test $dir $*"
    "${wrapper[@]}" ctest --test-dir "$dir" --output-on-failure --no-tests=error --timeout 600 "$@" 2>&1 | tee "$log"
    summary=$(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+).*/\1 \2/p' "$log" | tail -n 1)
    if [ -z "$summary" ]; then
        fail "no result of ctest in $dir"
        return
    fi
    failed=$((failed + ${summary% *}))
    passed=$((passed + ${summary#* } - ${summary% *} - $(grep -c '(Skipped)$' "$log")))
}

# Everything but what takes long and needs a quiet machine: make bench, make soak.
release() {
    configure build release && build build && check build -j $((JOBS + 1)) -LE '^(soak|bench)$' # some only wait
}

asan() {
    configure build-asan asan && build build-asan || return
    export UBSAN_OPTIONS=print_stacktrace=1
    check build-asan -j 2 -L '^(unit|fuzz|sim|alloc)$'
    check build-asan -R '^oracle\.(count|ahead)$' # the others differ in what they compute with, not in memory
    unset UBSAN_OPTIONS
}

# Compiling without a warning is the test.
clang() {
    CC=clang configure build-clang clang && build build-clang && passed=$((passed + 1))
}

# Each fuzzer looks further than its corpus.
fuzz() {
    step "fuzz, ${FUZZ_SECONDS:=10} s each"
    export FUZZ_SECONDS
    if make --no-print-directory fuzz >"$log" 2>&1; then
        grep '^==' "$log"
        passed=$((passed + 1))
    else
        tail -n 100 "$log"
        fail "fuzz"
    fi
}

# Data races: the unit tests of the layers that have threads, then the daemon itself between real servers.
tsan() {
    local targets
    configure build-tsan tsan || return
    targets=$(ninja -C build-tsan -t targets all | sed -nE 's/^(test_(adapter|app)_[a-z0-9_]+): phony$/\1/p')
    # shellcheck disable=SC2086 # a list of words
    build build-tsan plateaud produce kafka_probe $targets || return
    # gcc 12's runtime does not start under the address randomisation of new kernels.
    setarch "$(uname -m)" -R true 2>/dev/null && wrapper=(setarch "$(uname -m)" -R)
    export TSAN_OPTIONS='ignore_noninstrumented_modules=1 second_deadlock_stack=1'
    check build-tsan -j 2 -R '^unit\.(adapter|app)\.'
    PYTEST_ADDOPTS='-k koivisto' check build-tsan -R '^integration\.results$'
    unset TSAN_OPTIONS
    wrapper=()
}

# On another distribution, where verify.sh calls this: what depends on its libraries, and on its Redis. Brokers that die
# are left out, as librdkafka 2.8 may die with them (README).
verify() {
    configure build release && build build || return
    check build -j 2 -L '^(unit|oracle|fuzz)$'
    check build -j "$JOBS" -R '^integration\.(alerts|daemon|demo|events|redis_topologies)$'
}

if [ $# -eq 0 ]; then
    set -- release asan clang fuzz tsan
fi
for way in "$@"; do
    case $way in
    release | asan | clang | fuzz | tsan | verify) "$way" ;;
    *) fail "$way is no way to test: release, asan, clang, fuzz, tsan, verify" ;;
    esac
done

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
