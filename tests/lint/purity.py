#!/usr/bin/env python3
"""The objects of util, core and codec ask the C library only for memory, text and arithmetic: no file, socket, clock,
randomness or stream. Reads `nm -u` of what was built."""

import re

import lint

ALLOWED = set(
    # bytes and text
    """memcpy memmove memset memcmp memchr memrchr mempcpy memmem strlen strnlen strcmp strncmp strcasecmp strncasecmp
    strchr strrchr strstr strcasestr strspn strcspn strpbrk strcpy strncpy stpcpy strcat strncat bcmp explicit_bzero
    snprintf vsnprintf strtod strtol strtoll strtoul strtoull qsort bsearch"""
    # memory
    """ malloc calloc realloc free reallocarray posix_memalign aligned_alloc"""
    # what is left of assert, errno and the compiler's own checks
    """ abort __assert_fail __assert __errno_location __stack_chk_fail __ctype_b_loc __ctype_tolower_loc
    __ctype_toupper_loc _GLOBAL_OFFSET_TABLE_"""
    # the mathematical library
    """ acos asin atan atan2 cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs floor fma fmax fmin fmod frexp
    hypot ldexp lgamma_r llrint llround log log10 log1p log2 lrint lround modf nan nearbyint nextafter pow remainder rint
    round scalbn sin sinh sqrt tan tanh tgamma trunc""".split()
)
# What the compilers make of the above: fortified calls, 128-bit and vector helpers, new names of old functions.
COMPILER = re.compile(
    r"__(mem|str|stp|sn|vsn|explicit_bzero)\w*_chk$|__\w+_finite$|__isoc(23|99)_strto\w+$"
    r"|__(u?(div|mod|mul)(o?ti|x|t)\w*|float\w+|fix\w+|powi\w+|popcount\w+)$"
    r"|__cpu_(model|indicator_init|features2)$|__emutls|__tls_get_addr$"
)
INSTRUMENTED = re.compile(r"__(asan|ubsan|tsan|sanitizer|sancov|gcov|llvm|start___sancov|stop___sancov)|__odr_asan")
OURS = re.compile(r"pl_")

# Source: what it may use beyond that, and why.
EXTRA = {
    "core/count/slab.c": r"(mmap|mmap64|munmap|mremap|madvise)$",  # memory, not files: huge pages for the units' tables
    # Reads plateaud.conf, conf.d and credentials: the one object of the pure layers that opens a file.
    "codec/conf_load.c": r"(open|openat|read|close|fstat|scandir)(64)?$|__(open|read)(64)?_(2|chk)$|strerror$|getenv$",
}
LAYERS = {"util": None, "core": None, "codec": r"cJSON_\w+$"}


def allowed(source, symbol):
    layer = source.split("/")[0]
    if symbol in ALLOWED or OURS.match(symbol) or COMPILER.match(symbol) or INSTRUMENTED.match(symbol):
        return True
    extra = [LAYERS[layer], EXTRA.get(source)]
    return any(pattern and re.match(pattern, symbol) for pattern in extra)


def check(tree):
    problems, looked = [], 0
    for source, path in tree.objects():
        if source.split("/")[0] not in LAYERS:
            continue
        looked += 1
        problems += [
            "src/%s: uses %s, which is not pure" % (source, symbol)
            for symbol in lint.symbols(path, "-u")
            if not allowed(source, symbol)
        ]
    return looked, problems


def case(path, body, expected):
    return ("%s: %s" % (path, body), {"src/" + path: "%s\n" % body}, expected)


CASES = [
    case("core/a.c", "void *malloc(unsigned long); void *pl_a(void) { return malloc(4); }", None),
    case("core/a.c", "double exp(double); double pl_a(double x) { return exp(x); }", None),
    case("codec/a.c", "void cJSON_Delete(void *); void pl_a(void *x) { cJSON_Delete(x); }", None),
    case("codec/conf_load.c", "int open(char *, int); int pl_a(char *x) { return open(x, 0); }", None),
    case("codec/conf_load.c", "int unlink(char *); int pl_a(char *x) { return unlink(x); }", "uses unlink"),
    case("codec/conf.c", "int open(char *, int); int pl_a(char *x) { return open(x, 0); }", "uses open"),
    case("core/a.c", "void cJSON_Delete(void *); void pl_a(void *x) { cJSON_Delete(x); }", "cJSON_Delete"),
    case("core/a.c", "long time(long *); long pl_a(void) { return time(0); }", "uses time"),
    case("util/a.c", "int rand(void); int pl_a(void) { return rand(); }", "uses rand"),
    case("codec/a.c", "int socket(int, int, int); int pl_a(void) { return socket(1, 1, 0); }", "uses socket"),
    case("codec/a.c", "void *fopen(void *, void *); void *pl_a(void) { return fopen(0, 0); }", "uses fopen"),
    case("core/count/a.c", "int puts(const char *); int pl_a(void) { return puts(\"x\"); }", "uses puts"),
    case("core/a.c", "int getrandom(void *, unsigned long, int); int pl_a(void *x) { return getrandom(x, 1, 0); }", "getrandom"),
    case("core/a.c", "int __printf_chk(int, char *, ...); int pl_a(void) { return __printf_chk(1, \"%d\", 1); }", "__printf_chk"),
]

if __name__ == "__main__":
    lint.main(check, CASES, prepare=lint.build_objects)
