#!/bin/sh
# `make demo`: 42 experiments of a simulated product, whose returns flatten, go through Kafka, plateaud and Redis to an
# alert, in about a minute. Everything runs on this machine in a temporary directory and ends with the script.
#
#   KAFKA=real   Apache Kafka instead of the broker that librdkafka brings along; needs `tests/setup.sh test`
#   KEEP=1       at the end, leave everything running until Ctrl-C, to look around
#
# It fails when the alert that it is about does not come.
set -eu
cd "$(dirname "$0")/.."

BUILD=${PLATEAUD_BUILD:-build}
KAFKA=${KAFKA:-mock}
KEEP=${KEEP:-}
PARTITIONS=2       # the mock broker keeps 5 MiB of each: packed, all events need less
USERS=1000         # per experiment
RATE=4000          # records per second: what a screen can be followed at
PATIENCE=240       # seconds until a run is given up
KAFKA_VERSION=4.3.1

plateaud=$BUILD/src/plateaud
plateauctl=$BUILD/src/plateauctl
support=$BUILD/tests/support
dir=$(mktemp -d "${TMPDIR:-/tmp}/plateaud-demo.XXXXXX")
socket=$dir/redis.sock
children= # process ids, the last one started first

# ---- processes ----------------------------------------------------------------------------------------------------

started() {
    children="$1 $children"
}

stop_all() {
    for child in $children; do
        kill "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    done
    children=
}

clean_up() {
    status=$?
    trap '' HUP INT TERM
    stop_all
    if [ "$status" -eq 1 ] && [ -s "$dir/plateaud.log" ]; then
        echo "demo: the end of the log of plateaud:" >&2
        tail -n 20 "$dir/plateaud.log" >&2
    fi
    rm -rf "$dir"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' HUP INT TERM

fail() {
    echo "demo: $*" >&2
    exit 1
}

# until_ok SECONDS COMMAND...: try it until it succeeds
until_ok() {
    tries=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || fail "gave up waiting for: $*"
        sleep 0.1
    done
}

# A port that nobody listens on now: 20000 and up, other ones for scripts that run beside each other.
next_port=$((20000 + $$ % 10000))
free_port() {
    next_port=$((next_port + 1))
    while grep -qi ":$(printf %04x "$next_port") 0*:0000 0A" /proc/net/tcp; do
        next_port=$((next_port + 1))
    done
    port=$next_port
}

redis() {
    redis-cli -s "$socket" --raw "$@"
}

field() {
    redis hget "plateaud:{main}:$1" "$2"
}

# ---- servers ------------------------------------------------------------------------------------------------------

start_redis() {
    redis-server --port 0 --unixsocket "$socket" --unixsocketperm 700 --dir "$dir" --save '' --appendonly no \
        --maxmemory-policy noeviction >"$dir/redis.log" 2>&1 &
    started $!
    until_ok 10 redis ping
}

start_mock_kafka() {
    mkfifo "$dir/hold"
    "$support/mock_kafka" "product.events:$PARTITIONS" plateaud.control:1 \
        <"$dir/hold" >"$dir/bootstrap" 2>"$dir/kafka.log" &
    started $!
    exec 9>"$dir/hold" # the broker ends when this is closed, so also when this script is killed
    until_ok 10 grep -q : "$dir/bootstrap"
    bootstrap=$(cat "$dir/bootstrap")
}

kafka_java() {
    java -Xms64m -Xmx384m -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -cp "$BUILD/cache/kafka-$KAFKA_VERSION/*" "$@"
}

start_real_kafka() {
    command -v java >/dev/null && command -v mvn >/dev/null || fail "KAFKA=real needs java and mvn: tests/setup.sh test"
    if [ ! -e "$BUILD/cache/kafka-$KAFKA_VERSION/complete" ]; then
        echo "fetching Apache Kafka $KAFKA_VERSION ..."
        mvn -q -B -f tests/integration/kafka-pom.xml dependency:copy-dependencies -DincludeScope=runtime \
            -DoutputDirectory="$(realpath "$BUILD")/cache/kafka-$KAFKA_VERSION" </dev/null >"$dir/kafka.log" 2>&1 ||
            fail "Maven could not fetch it: $(tail -n 3 "$dir/kafka.log")"
        touch "$BUILD/cache/kafka-$KAFKA_VERSION/complete"
    fi
    free_port && bootstrap=127.0.0.1:$port
    free_port && controller=127.0.0.1:$port
    cat >"$dir/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=$controller
listeners=PLAINTEXT://$bootstrap,CONTROLLER://$controller
advertised.listeners=PLAINTEXT://$bootstrap,CONTROLLER://$controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$dir/kafka
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.retention.ms=-1
END
    cluster=$(kafka_java kafka.tools.StorageTool random-uuid | tail -n 1)
    kafka_java kafka.tools.StorageTool format -t "$cluster" -c "$dir/server.properties" --standalone \
        >"$dir/kafka.log" 2>&1 || fail "Kafka: $(tail -n 3 "$dir/kafka.log")"
    # not by the function: a function in the background is a shell, which would not hand the signal on
    java -Xms64m -Xmx384m -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -cp "$BUILD/cache/kafka-$KAFKA_VERSION/*" kafka.Kafka "$dir/server.properties" >"$dir/kafka.log" 2>&1 &
    started $!
    until_ok 60 "$support/produce" -b "$bootstrap" --create "product.events:$PARTITIONS" --create plateaud.control:1
}

start_plateaud() {
    free_port && http=127.0.0.1:$port
    "$plateauctl" simulate --world plateau --users "$USERS" --out "$dir" >/dev/null 2>&1
    sed -i -e "s|^bootstrap.servers *=.*|bootstrap.servers = $bootstrap|" -e "s|^url *=.*|url = unix://$socket|" \
        -e "s|^idle_timeout *=.*|idle_timeout = 5s\nhttp = $http|" "$dir/plateaud.conf"
    "$plateaud" -c "$dir/plateaud.conf" 2>"$dir/plateaud.log" 9>&- &
    daemon=$!
    started $daemon
    redis-cli -s "$socket" --raw subscribe plateaud:main:alerts >"$dir/heard" 2>&1 9>&- &
    started $!
}

# Both topics as one stream, each control record where its time is. Fields: topic, partition (-1: by key), key,
# timestamp (none: now), value.
lines_to_produce() {
    awk -v control="$dir/control.jsonl" '
        function next_control() {
            due = "~"
            if ((getline line <control) > 0 && match(line, /"time":"[^"]*"/))
                due = substr(line, RSTART + 8, RLENGTH - 9)
        }
        function control_until(time) {
            for (; due <= time && due != "~"; next_control())
                print "plateaud.control\t0\t\t\t" line
        }
        BEGIN { next_control() }
        {
            match($0, /"timestamp":"[^"]*"/)
            control_until(substr($0, RSTART + 13, RLENGTH - 14))
            match($0, /"userId":"[^"]*"/)
            print "product.events\t-1\t" substr($0, RSTART + 10, RLENGTH - 11) "\t\t" $0
        }
        END { control_until("}") }' "$dir/events.jsonl"
}

start_product() {
    lines_to_produce >"$dir/lines"
    "$support/produce" -b "$bootstrap" --rate "$RATE" -X compression.type=lz4 \
        <"$dir/lines" >"$dir/produce.log" 2>&1 9>&- &
    started $!
}

# ---- what is shown ------------------------------------------------------------------------------------------------

LINE='%-10s  %7s  %-28s  %-29s  %-17s  %s\n'

# The last result that was taken, with its standard error: "checkout_27 +3.1 +- 1.9 %"
last_result() {
    redis xrevrange 'plateaud:{main}:results' + - count 8 | awk '
        name { value[name] = $0; name = ""; next }
        /^(experiment|effect|se)$/ && !($0 in value && "effect" in value) { name = $0 }
        END {
            if ("effect" in value)
                printf "%s %+.1f +- %.1f %%", value["experiment"], value["effect"] * 100, value["se"] * 100
        }'
}

# People who went each step of the funnel in the last 28 days of event time: "934 > 611 > 402"
funnel() {
    redis hmget 'plateaud:{main}:funnel:checkout' 28d.units.1 28d.units.2 28d.units.3 | awk '
        { step[NR] = $0 }
        END { if (step[1]) printf "%d > %d > %d (%d %%)", step[1], step[2], step[3], 100 * step[3] / step[1] }'
}

show_now() {
    judged=$(field area:checkout judged)
    [ -n "$judged" ] || return 0
    results=$(field area:checkout results)
    [ "$judged" != "${shown:-}" ] || return 0
    shown=$judged
    evidence=$(redis hmget 'plateaud:{main}:area:checkout' flat_evidence flat_needed |
        awk '{ number[NR] = $0 } END { printf "%.3g of %.3g", number[1], number[2] }')
    # shellcheck disable=SC2059 # one format for all lines
    printf "$LINE" "${judged%%T*}" "$results" "$(last_result)" "$(funnel)" "$evidence" "$(field area:checkout verdict)"
}

# member NAME: a text of the JSON document on standard input
member() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

# A JSON document on one line, laid out for people.
lay_out() {
    awk '
        function line(depth, i) { printf "\n"; for (i = 0; i < depth; i++) printf "  " }
        {
            for (at = 1; at <= length($0); at++) {
                c = substr($0, at, 1)
                if (quoted) {
                    printf "%s", c
                    if (c == "\\") printf "%s", substr($0, ++at, 1)
                    else if (c == "\"") quoted = 0
                } else if (c == "{" || c == "[") {
                    printf "%s", c
                    if (substr($0, at + 1, 1) ~ /[]}]/) printf "%s", substr($0, ++at, 1)
                    else line(++depth)
                } else if (c == "}" || c == "]") { line(--depth); printf "%s", c }
                else if (c == ",") { printf ","; line(depth) }
                else if (c == ":") printf ": "
                else { printf "%s", c; quoted = c == "\"" }
            }
            printf "\n"
        }'
}

# Alerts that the subscriber has received since the last call: one line each.
heard=0
show_alerts() {
    grep '^{' "$dir/heard" >"$dir/alerts" || true
    count=$(wc -l <"$dir/alerts")
    while [ "$heard" -lt "$count" ]; do
        heard=$((heard + 1))
        alert=$(sed -n "${heard}p" "$dir/alerts")
        printf '  >> alert on plateaud:main:alerts: %s: %s\n' "$(echo "$alert" | member status)" \
            "$(echo "$alert" | member summary)"
    done
}

turned() {
    grep '"status":"firing"' "$dir/alerts" | grep -q '"verdict":"SHIFT_TO_CORE"'
}

# ---- the demonstration --------------------------------------------------------------------------------------------

for program in "$plateaud" "$plateauctl" "$support/produce" "$support/mock_kafka"; do
    [ -x "$program" ] || fail "$program is not built: make demo"
done
echo "A product that was optimised for two and a half years: 12 experiments that pay, then 30 that do not."
echo "Its events go through Kafka ($KAFKA) to plateaud, which keeps results in Redis. One line every 3 seconds."
case $KAFKA in
mock) start_mock_kafka ;;
real) start_real_kafka ;;
*) fail "KAFKA is mock or real" ;;
esac
start_redis
start_plateaud
start_product
began=$(date +%s)
echo
# shellcheck disable=SC2059
printf "$LINE" 'event time' results 'last result: lift' 'viewed > checkout > ordered' 'evidence for flat' verdict
while :; do
    show_now
    show_alerts
    [ "$(field area:checkout results)" = 42 ] && turned && break
    kill -0 "$daemon" 2>/dev/null || fail "plateaud has ended"
    [ $(($(date +%s) - began)) -lt "$PATIENCE" ] || fail "no alert within $PATIENCE s"
    sleep 3
done
took=$(($(date +%s) - began))

echo
echo "The alert, as a subscriber of the Redis channel plateaud:main:alerts receives it (one line there):"
grep '"verdict":"SHIFT_TO_CORE"' "$dir/alerts" | grep '"status":"firing"' | head -n 1 >"$dir/alert"
lay_out <"$dir/alert"
echo
echo "\$ plateauctl explain checkout"
"$plateauctl" explain checkout --no-color -c "$dir/plateaud.conf"
echo
printf 'demo: %s events, 42 experiments, %s alerts, SHIFT_TO_CORE at %s of event time; took %s s\n' \
    "$(wc -l <"$dir/events.jsonl")" "$heard" "$(member time <"$dir/alert")" "$took"
echo
if [ -z "$KEEP" ]; then
    echo "To look around yourself:"
    echo "  make demo KEEP=1        the same, and everything stays up until Ctrl-C"
    echo "  make demo KAFKA=real    the same through Apache Kafka"
    echo "  less README.md          what to put into plateaud.conf for your product"
    exit 0
fi
trap 'exit 0' HUP INT TERM
echo "Everything stays up until Ctrl-C. Look further in another terminal:"
echo "  $plateauctl status -c $dir/plateaud.conf"
echo "  $plateauctl alerts -c $dir/plateaud.conf"
echo "  redis-cli -s $socket hgetall 'plateaud:{main}:area:checkout'"
echo "  redis-cli -s $socket hgetall 'plateaud:{main}:experiment:checkout_07:checkout.goal'"
echo "  redis-cli -s $socket hgetall 'plateaud:{main}:funnel:checkout'"
echo "  redis-cli -s $socket xrange 'plateaud:{main}:history:checkout' - +"
echo "  curl http://$http/metrics"
echo "  $plateauctl replay -c $dir/plateaud.conf --control $dir/control.jsonl $dir/events.jsonl"
wait "$daemon" || true
