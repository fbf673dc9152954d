#!/bin/sh
# valgrind.sh BUILD [SECONDS]: memcheck on every unit test that needs no server, of a build without sanitizers. A test that
# takes longer than SECONDS (120) under valgrind is said not to have been looked at whole; one that fails there for other
# reasons (valgrind needs file descriptors of its own) is named. Most must have been looked at whole.
set -u
build=$1
limit=${2:-120}
here=$(dirname "$0")
failed=0
n=0
whole=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for source in "$here"/unit/*/test_*.c; do
    grep -qE 'redis_server\.h|cut_proxy\.h|store_party\.h|pl_kafka_new|pl_kafka_producer_new' "$source" && continue
    program=test_$(basename "$(dirname "$source")")_$(basename "$source" .c | sed 's/^test_//')
    timeout "$limit" valgrind -q --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite \
        --error-exitcode=99 "$build/tests/$program" >/dev/null 2>"$log"
    case $? in
    0) whole=$((whole + 1)) ;;
    124) echo "$program: not within $limit s" ;;
    1) echo "$program: a test fails under valgrind, without an error of memory" ;;
    *)
        failed=$((failed + 1))
        echo "== $program"
        cat "$log"
        ;;
    esac
    n=$((n + 1))
done
echo "$n programs, $whole without a fault, $failed failed"
[ "$failed" -eq 0 ] && [ "$((2 * whole))" -gt "$n" ]
