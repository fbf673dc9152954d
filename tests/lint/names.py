#!/usr/bin/env python3
"""What a file exports is named after the file: core/ledger.c exports pl_ledger_*. The file ledger_read.c, a part of the
module ledger, may export pl_ledger_* too. Reads `nm` of what was built."""

import os
import re

import lint

# Exports that are named after the thing rather than the file, as the headers agreed on.
EXCEPTIONS = {
    "util/buf.c": r"pl_span_take_(varint|signed)",  # the readers beside the writers
    "util/err.c": r"pl_status_name",
    "util/hash.c": r"pl_hash64",
    "codec/keys.c": r"pl_key_\w+",
    "core/ledger.c": r"pl_exclusion_name",
    "core/sums.c": r"pl_cell_key_order",
    "core/count/cells.c": r"pl_amount_is_zero",
    "core/count/lifecycle.c": r"pl_shard_control",  # the shard, continued
    "core/count/registry.c": r"pl_experiment_\w+",  # what it registers
    "core/count/ticks.c": r"pl_shard_\w+",  # the shard, continued
    "core/judge/advice.c": r"pl_(advise|verdict_(name|find)|grade_name)",
    "codec/decode.c": r"pl_decoder_\w+",
    "codec/formats.c": r"pl_format_\w+",
}


def prefixes(source):
    """pl_ledger_read and pl_ledger for core/ledger_read.c."""
    parts = os.path.basename(source).removesuffix(".c").split("_")
    return ["pl_" + "_".join(parts[:n]) for n in range(len(parts), 0, -1)]


def check(tree):
    problems, looked = [], 0
    for source, path in tree.objects():
        looked += 1
        for symbol in lint.symbols(path, "--defined-only", "--extern-only"):
            exception = EXCEPTIONS.get(source)
            if symbol.startswith("__") or any(re.match(p + r"(_|$)", symbol) for p in prefixes(source)):
                continue
            if not (exception and re.fullmatch(exception, symbol)):
                problems.append("src/%s: exports %s, not %s_..." % (source, symbol, prefixes(source)[0]))
    return looked, problems


def case(path, body, expected):
    return ("%s: %s" % (path, body), {"src/" + path: body + "\n"}, expected)


CASES = [
    case("core/ledger.c", "int pl_ledger_add(void) { return 1; } static int helper(void) { return 2; }", None),
    case("core/ledger.c", "const char *pl_exclusion_name(int x) { return 0; }", None),
    case("core/ledger_read.c", "int pl_ledger_next(void) { return 1; }", None),
    case("core/ledger.c", "int helper(void) { return 1; }", "exports helper"),
    case("core/ledger.c", "int pl_ledgers(void) { return 1; }", "exports pl_ledgers"),
    case("core/ledger.c", "int pl_state_of(void) { return 1; }", "exports pl_state_of"),
    case("core/sums.c", "const char *pl_exclusion_name(int x) { return 0; }", "exports pl_exclusion_name"),
    case("core/ledger.c", "int level;", "exports level"),
]

if __name__ == "__main__":
    lint.main(check, CASES, prepare=lint.build_objects)
