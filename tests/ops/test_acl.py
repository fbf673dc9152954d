#!/usr/bin/env python3
"""conf/redis-acl.conf allows each user the Redis commands that the sources send for it, and no others."""

import glob
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CALLS = [
    r'pl_resp_add_text\([^,]+, "([A-Z]{2,})"(?:, "([A-Z]+)")?',
    r'pl_command_init\([^,]+, "([A-Z]{2,})"',
    r'\bask\(\w+, "([A-Z]{2,})"',
    r'\bpl_ask\([^"]*"([A-Z]{2,})"(?:, "([A-Z]+)")?',
    r'pl_span_of\("([A-Z]{3,})"\)(?:, pl_span_of\("([A-Z]+)"\))?',
    r'\? "([A-Z]{2,})" : "([A-Z]{2,})"',
    r"redis\.call\('([A-Z]+)'",
]
CONTAINERS = {"CLIENT", "XGROUP", "SCRIPT", "CLUSTER", "SENTINEL"}  # their rights are given by subcommand
WORDS = {"COUNT", "GET", "HEAD"}  # arguments, and what is HTTP's
GREETING = {"auth", "client|setname", "select", "role", "info", "cluster|slots"}
READER = {"status", "explain", "map", "tradeoff", "balance", "digest", "alerts", "check"}


def sent(*patterns):
    """Commands in these sources."""
    found = set()
    for pattern in patterns:
        for path in glob.glob(os.path.join(ROOT, "src", pattern)):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            for call in CALLS:
                for match in re.finditer(call, text):
                    first, *rest = [word for word in match.groups() if word]
                    if " ? " in match.group() or match.group().startswith("?"):
                        found |= {first.lower(), *(word.lower() for word in rest)}
                    elif first in CONTAINERS and rest:
                        found.add("%s|%s" % (first.lower(), rest[0].lower()))
                    elif first not in WORDS and first not in CONTAINERS:
                        found.add(first.lower())
    return found


def users():
    """{name: (commands, the line)}."""
    with open(os.path.join(ROOT, "conf", "redis-acl.conf"), encoding="utf-8") as file:
        lines = [line.split() for line in file if line.startswith("user ")]
    return {words[1]: ({word[1:] for word in words if word.startswith("+")}, words) for words in lines}


class Acl(unittest.TestCase):
    def setUp(self):
        self.users = users()
        self.greeting = sent("adapter/link_greet.c", "adapter/link_set_find.c")
        self.daemon = sent("app/*.c", "adapter/store*.c")
        self.ctl = {name: sent("ctl/ctl_%s.c" % name) for name in READER | {"test_alert", "forward"}}
        self.ctl["explain"] |= sent("ctl/past.c", "ctl/ask.c", "ctl/told.c")
        self.ctl["digest"] |= sent("ctl/week.c", "ctl/ask.c", "ctl/told.c")
        for name in ("map", "balance"):
            self.ctl[name] |= sent("ctl/published.c")

    def test_something_was_found(self):
        self.assertEqual(self.greeting, GREETING)
        self.assertTrue({"watch", "multi", "exec", "eval", "hset", "hdel", "hincrby", "xadd", "publish"} <= self.daemon)
        self.assertTrue({"xgroup|create", "xreadgroup", "xack"} <= self.ctl["forward"])

    def test_the_daemon(self):
        """And plateauctl with its configuration, but for forward, which has a user of its own."""
        needed = self.greeting | self.daemon | set().union(*(self.ctl[name] for name in READER | {"test_alert"}))
        self.assertEqual(self.users["plateaud"][0], needed)

    def test_forward(self):
        self.assertEqual(self.users["plateaud-forward"][0], self.greeting | self.ctl["forward"])

    def test_the_reader(self):
        """Has more, for dashboards, but nothing that writes: its keys are for reading only, whatever the command."""
        needed = self.greeting | set().union(*(self.ctl[name] for name in READER))
        allowed, line = self.users["plateaud-reader"]
        self.assertEqual(needed - allowed, set())
        self.assertTrue(all(word.startswith("%R~plateaud:{main") for word in line if "~" in word))

    def test_every_user_begins_with_nothing(self):
        self.assertEqual(set(self.users), {"plateaud", "plateaud-reader", "plateaud-forward"})
        for commands, line in self.users.values():
            self.assertTrue({"resetkeys", "resetchannels", "-@all"} <= set(line))
            self.assertFalse([word for word in line if "@" in word and word != "-@all"])
            self.assertFalse([word for word in line if word in ("~*", "&*", "allkeys", "allchannels", "nopass")])


if __name__ == "__main__":
    unittest.main()
