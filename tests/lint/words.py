#!/usr/bin/env python3
"""Users read users' words: what is shown to them never says e-CUSUM, e-value, Stein, TOST, SRM, pane or shard."""

import re

import lint

FORBIDDEN = re.compile(r"(?<![\w-])(e-?cusum|e-?values?|stein|tost|srm|panes?|shards?)(?![\w-])", re.I)
SHOWN = re.compile(r"src/(codec/(words|alert_doc)\w*\.(c|h|def)|ctl/.*)$")


def check(tree):
    problems, looked = [], 0
    for path in tree.files("src", ext=(".c", ".h", ".def")):
        if not SHOWN.match(path):
            continue
        looked += 1
        for line, text in lint.literals(tree.read(path)):
            for word in FORBIDDEN.findall(text):
                problems.append("%s:%d: \"%s\" is no word of users" % (path, line, word))
    return looked, problems


CASES = [
    ("plain", {"src/ctl/show.c": 'puts("evidence, 22.7 of 60 needed; Steinbeck, panels");\n'}, None),
    ("comment", {"src/ctl/show.c": '/* "e-value" */ puts("uneven split"); // "SRM"\n'}, None),
    ("include", {"src/ctl/show.c": '#include "core/count/shard.h"\nputs("x");\n'}, None),
    ("shard", {"src/codec/words.c": 'puts("Shard 3 halted");\n'}, 'words.c:1: "Shard"'),
    ("e-value", {"src/codec/alert_doc.c": '\nx = "e-values of";\n'}, 'alert_doc.c:2: "e-values"'),
    ("SRM", {"src/ctl/a.c": 'x = "an SRM was found";\n'}, '"SRM"'),
    ("Stein", {"src/ctl/a.c": 'x = "a \\"Stein\\" mean";\n'}, '"Stein"'),
    ("elsewhere", {"src/codec/words.c": 'x = "split";\n', "src/app/a.c": 'x = "shard";\n'}, None),
]

if __name__ == "__main__":
    lint.main(check, CASES)
