#!/usr/bin/env python3
"""Includes follow the layers: util <- core <- codec <- adapter <- app, ctl; the rooms core/count and core/judge never
meet; each outside library is included by one family of files."""

import os
import re

import lint

# Layer: the layers it may include beside itself.
LAYERS = {
    "util": [],
    "core": ["util"],
    "codec": ["util", "core"],
    "adapter": ["util", "core", "codec"],
    "ctl": ["util", "core", "codec", "adapter"],
    "app": ["util", "core", "codec", "adapter", "ctl"],
}
ROOMS = ("core/count/", "core/judge/")

# Outside header: where it may be included.
OUTSIDE = [
    (r"librdkafka/", r"adapter/kafka"),
    (r"hiredis/", r"adapter/(link|resp)"),
    (r"(event2/|event\.h|evhttp\.h)", r"(adapter/(link|http|resp)|app/)"),
    (r"openssl/", r"(adapter/(link|http|resp)|app/)"),
    (r"(cjson/)?cJSON\.h", r"codec/"),
    (r"sodium", r"adapter/pseudonym"),
]

# Headers of the C library that a pure layer may use; there is nothing in them that reads the world.
PURE = "assert ctype errno float inttypes limits math stdalign stdarg stdbool stddef stdint stdio stdlib string strings".split()
PURE_LAYERS = ("util", "core", "codec")
EXTRA = [
    (r"sys/mman\.h", r"core/count/slab"),  # memory, not files: huge pages for the tables of units
    (r"(emm|imm|smm|tmm|arm_neon)\w*\.h", r"(util|codec)/"),  # vector instructions
    (r"(dirent|fcntl|glob|unistd|sys/stat|sys/types)\.h", r"codec/conf"),  # reads conf files, see purity.py
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.M)


def allowed_at(rules, header, path):
    """None when no rule speaks of the header, else whether one allows it here."""
    speaking = [where for what, where in rules if re.match(what, header)]
    return any(re.match(where, path) for where in speaking) if speaking else None


def quoted(path, header):
    layer, target = path.split("/")[0], header.split("/")[0]
    if header == "plateau.h":
        return None if layer in ("codec", "adapter", "app", "ctl") else "the public header, below its layer"
    if target not in LAYERS:
        return "not a path of a layer below src/"
    if target != layer and target not in LAYERS[layer]:
        return "%s may not include %s" % (layer, target)
    for room, other in (ROOMS, ROOMS[::-1]):
        if path.startswith(room) and header.startswith(other):
            return "the rooms count and judge meet only in sums.h"
    return None


def bracketed(path, header):
    verdict = allowed_at(OUTSIDE, header, path)
    if verdict is not None:
        return None if verdict else "this library belongs to other files"
    if path.split("/")[0] in PURE_LAYERS and header.removesuffix(".h") not in PURE:
        return None if allowed_at(EXTRA, header, path) else "a pure layer may not use it"
    return None


def check(tree):
    problems, files = [], tree.files("src", ext=(".c", ".h", ".def"))
    for path in files:
        below = path.removeprefix("src" + os.sep)
        if below.split("/")[0] not in LAYERS:
            problems.append("%s: a directory that is in no layer" % path)
            continue
        for mark, header in INCLUDE.findall(tree.read(path)):
            why = quoted(below, header) if mark == '"' else bracketed(below, header)
            if why:
                problems.append("%s: includes %s: %s" % (path, header, why))
    return len(files), problems


def case(path, line, expected):
    return ("%s %s" % (path, line), {"src/" + path: "#include %s\n" % line}, expected)


CASES = [
    case("core/count/shard.c", '"core/sums.h"', None),
    case("adapter/link_tls.c", "<openssl/ssl.h>", None),
    case("app/worker.c", "<event2/event.h>", None),
    case("util/buf.c", '"core/event.h"', "util may not include core"),
    case("core/event.c", '"codec/keys.h"', "core may not include codec"),
    case("codec/keys.c", '"adapter/log.h"', "codec may not include adapter"),
    case("adapter/log.c", '"app/daemon.h"', "adapter may not include app"),
    case("core/count/shard.c", '"core/judge/advice.h"', "meet only in sums.h"),
    case("core/judge/advice.c", '"core/count/shard.h"', "meet only in sums.h"),
    case("app/daemon.c", "<librdkafka/rdkafka.h>", "belongs to other files"),
    case("adapter/store.c", "<hiredis/hiredis.h>", "belongs to other files"),
    case("adapter/log.c", "<event2/event.h>", "belongs to other files"),
    case("adapter/kafka.c", "<cjson/cJSON.h>", "belongs to other files"),
    case("codec/keys.c", "<sodium.h>", "belongs to other files"),
    case("core/event.c", "<time.h>", "a pure layer may not use it"),
    case("core/rules.c", "<sys/mman.h>", "a pure layer may not use it"),
    case("codec/decode.c", "<unistd.h>", "a pure layer may not use it"),
    case("util/buf.c", '"buf.h"', "not a path of a layer"),
    case("port/x.c", '"util/buf.h"', "in no layer"),
]

if __name__ == "__main__":
    lint.main(check, CASES)
