"""Kinds of cells, read from src/core/cell.def itself (the table is the contract), and the sums under them."""
import os
import re

US = 1_000_000
HOUR, DAY = 3600 * US, 86400 * US
NEVER = 1 << 62
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "core", "cell.def")


class Kind:
    def __init__(self, name, number, subject, detail, pane, kept):
        self.name, self.number, self.subject, self.detail, self.pane = name, int(number), subject, detail, pane
        self.kept = int(kept)

    def end(self, pane):
        """When a pane of this kind is over."""
        if self.pane == "HOUR":
            return (pane + 1) * HOUR
        return (pane + (7 if self.pane == "WEEK" else 1)) * DAY

    def gone(self, pane):
        """From this tick on nothing is kept of the pane."""
        if self.kept == 0:
            return NEVER
        return self.end(pane) + self.kept * (HOUR if self.pane == "HOUR" else DAY)


def read_kinds():
    row = re.compile(r'^CELL\((\w+), (\d+), "(\w+)", (\w+), (\w+), (\w+), (\d+)\)', re.M)
    with open(TABLE, encoding="ascii") as table:
        rows = row.findall(table.read())
    assert len(rows) > 20 and all(name.lower() == text for name, _, text, *_ in rows)
    return {text: Kind(text, number, *rest) for _, number, text, *rest in rows}


KINDS = read_kinds()


class Cells(dict):
    """(kind, subject, arm, detail, pane) -> (n, sum, sum2). Arms and details are text, as the tool prints them."""

    def add(self, kind, subject, arm, pane, n=0, s=0, q=0, detail="0"):
        key = (kind, subject, str(arm), str(detail), pane)
        a, b, c = self.get(key, (0, 0, 0))
        self[key] = (a + n, b + int(s), c + q)

    def merge(self, other):
        for key, (n, s, q) in other.items():
            a, b, c = self.get(key, (0, 0, 0))
            self[key] = (a + n, b + s, c + q)

    def kept(self, tick):
        """What a tick publishes: no zeros, nothing of panes too old for it. None: of any age."""
        return {key: value for key, value in self.items()
                if any(value) and (tick is None or tick < KINDS[key[0]].gone(key[4]))}


def day(time):
    return time // DAY


def monday(a_day):
    return a_day - (a_day + 3) % 7  # 1970-01-01 was a Thursday


def week(time):
    return monday(day(time))


def bounds():
    """Upper ends of the buckets of times: 1 s, then each 101/99 of the one before, rounded down; the last bucket has
    none, all from 400 days are in it."""
    out = [US]
    while out[-1] * 101 // 99 < 400 * DAY:
        out.append(out[-1] * 101 // 99)
    return out + [400 * DAY]


BOUNDS = bounds()


def bucket(duration):
    """By looking at one bound after the other."""
    for at, bound in enumerate(BOUNDS):
        if duration < bound:
            return at
    return len(BOUNDS)
