#!/bin/sh
# Install what building (`build`), testing (`test`, the default) and verify.sh (`verify`) need on Debian 12. Quiet; touches nothing when all is
# there, so it needs neither network nor root then. Starts no service.
set -eu

BUILD='gcc libc6-dev make cmake ninja-build pkg-config librdkafka-dev libevent-dev libhiredis-dev libcjson-dev
    libsodium-dev libssl-dev redis-server'
TEST='clang clang-format-14 libclang-rt-14-dev libcmocka-dev valgrind openjdk-17-jre-headless maven kcat spin mandoc
    python3 python3-pip python3-pytest python3-numpy python3-scipy python3-redis python3-jsonschema
    graphviz systemd jq curl openssl ca-certificates util-linux'
VERIFY='debootstrap debian-archive-keyring util-linux'

case ${1:-test} in
build) wanted=$BUILD ;;
test) wanted="$BUILD $TEST" ;;
verify) wanted=$VERIFY ;;
*)
    echo "usage: $0 [build|test|verify]" >&2
    exit 2
    ;;
esac

missing=
for package in $wanted; do
    case $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true) in
    ?i*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    echo "setup: as root, install:$missing" >&2
    exit 1
fi

work=$(mktemp -d)
policy=/usr/sbin/policy-rc.d
made_policy=
trap '[ -z "$made_policy" ] || $as_root rm -f "$policy"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The tests start Redis servers of their own; the system's must not start just because the package is installed.
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$work/policy"
    $as_root install -m 755 "$work/policy" "$policy"
    made_policy=yes
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 "$@" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        echo "setup: apt-get $1 failed; missing:$missing" >&2
        exit 1
    }
}

echo "setup: installing$missing"
apt update
# shellcheck disable=SC2086 # a list of words
apt install --no-install-recommends $missing
