#!/bin/sh
# `make verify`: that plateaud builds and works with the libraries, compiler and Redis of the next Debian. A fresh Debian 13
# is made below build/, a copy of this tree is built and tested in it by run.sh, and then it is removed. Needs root, and
# the network for the packages; MIRROR is where they come from. Exit status 75 when there is no Debian 13 to be had.
#
# Processes and mounts live in namespaces of their own, so that none is left however this script ends.
set -eu
cd "$(dirname "$0")/.."

SUITE=trixie
MIRROR=${MIRROR:-http://deb.debian.org/debian}
BUILD='gcc libc6-dev make cmake ninja-build pkg-config librdkafka-dev libevent-dev libhiredis-dev libcjson-dev
    libsodium-dev libssl-dev redis-server'
TEST='libcmocka-dev openssl spin openjdk-21-jre-headless maven python3 python3-numpy python3-scipy python3-pytest
    python3-redis python3-jsonschema'

# ---- inside the namespaces: verify.sh --inside ROOT ---------------------------------------------------------------

within() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
}

inside() {
    root=$1
    packages=$(echo $BUILD $TEST | tr ' ' ',')
    debootstrap --force-check-gpg --variant=minbase --include="$packages" "$SUITE" "$root" "$MIRROR" \
        >"$root.log" 2>&1 || {
        tail -n 20 "$root.log" >&2
        echo "verify: debootstrap failed" >&2
        return 75 # EX_TEMPFAIL: nothing of ours has failed
    }
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mkdir "$root/src"
    tar -c --exclude=./build --exclude='./build-*' --exclude=./.git . | tar -x -C "$root/src"
    if [ -d build/cache ]; then # the jars of the brokers, from an earlier run; else they come from the network here, too
        mkdir "$root/src/build"
        cp -R build/cache "$root/src/build"
    fi
    # shellcheck disable=SC2086,SC2016 # a list of words; fields of dpkg-query
    within dpkg-query -W -f='${Package} ${Version}\n' $BUILD
    within /src/tests/run.sh verify
}

# ---- outside ------------------------------------------------------------------------------------------------------

clean_up() {
    status=$?
    trap '' HUP INT TERM
    [ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
    rm -rf "$dir" 2>/dev/null || { sleep 1 && rm -rf "$dir"; } # what was just killed may still have written
    exit "$status"
}

if [ "${1:-}" = --inside ]; then
    inside "$2"
    exit
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "verify: needs root, for debootstrap and chroot" >&2
    exit 1
fi
mkdir -p build
dir=$(mktemp -d "$PWD/build/verify.XXXXXX")
child=
trap clean_up EXIT
trap 'exit 130' HUP INT TERM
chmod 755 "$dir" # apt reads there as another user
mkdir "$dir/root"
echo "verify: making a Debian 13 ($SUITE) in $dir"
unshare --mount --pid --fork --kill-child "$0" --inside "$dir/root" &
child=$!
wait "$child" && status=0 || status=$?
child=
exit "$status"
