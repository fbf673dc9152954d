"""The shipped results: the .csv extracts hold what the .jsonl.gz hold, and the reference model gives expected*.txt.

programme_results.py DIRECTORY
"""
import datetime
import gzip
import json
import os
import sys

import programme


def read(path):
    with gzip.open(path, 'rt') as lines:
        return [json.loads(line) for line in lines]


def seconds(time):
    return int(datetime.datetime.fromisoformat(time.replace('Z', '+00:00')).timestamp())


def check_extract(rows, path):
    with open(path) as lines:
        extract = [line.rstrip('\n').split(',') for line in lines]
    want = [[row['id'], row['area'], row['time'], repr(row['effect']), repr(row['se'])] for row in rows]
    if extract != want or any(row['early'] or not row['shipped'] for row in rows):
        sys.exit('%s does not hold the rows of its .jsonl.gz' % path)


def changes(rows, deltas):
    """The lines of expected*.txt as lists of words."""
    names = sorted(deltas)
    model = programme.Programme([deltas[name] for name in names])
    last = {}
    for row in rows:
        index = names.index(row['area'])
        last[index] = row['time'][:10]
        for moved in model.enter(index, seconds(row['time']), row['effect'], row['se'], False, True):
            area = model.areas[moved]
            yield [names[moved], str(area.n), last[moved], area.state, 'flat', area.e_flat, 'of', area.level,
                   'down', area.down, 'up', area.up, 'yield', area.e_yield]


def check(got, want, what):
    got, want = list(got), [line.split() for line in want]
    if len(got) != len(want):
        sys.exit('%s: %d changes, %d expected' % (what, len(got), len(want)))
    for ours, theirs in zip(got, want):
        for a, b in zip(ours, theirs):
            if a != b if isinstance(a, str) else abs(a - float(b)) > 1e-9 * abs(a):
                sys.exit('%s: %s, expected %s' % (what, ours, theirs))


def main(folder):
    with open(os.path.join(folder, 'expected.txt')) as lines:
        parts = [part.split('\n') for part in lines.read().split('# one area: ')[1:]]
    deltas = {name: float(delta) for name, delta in (part[0].split('=') for part in parts)}
    merged = []
    for part in parts:
        name = part[0].split('=')[0]
        rows = read(os.path.join(folder, name + '.jsonl.gz'))
        check_extract(rows, os.path.join(folder, name + '.csv'))
        check(changes(rows, {name: deltas[name]}), [line for line in part[1:] if line], name)
        merged += [(seconds(row['time']), name, place, row) for place, row in enumerate(rows)]
    rows = [row[3] for row in sorted(merged, key=lambda row: row[:3])]
    with open(os.path.join(folder, 'expected7.txt')) as lines:
        check(changes(rows, deltas), lines, 'all areas')
    print('%d results of %d areas' % (len(rows), len(deltas)))


if __name__ == '__main__':
    main(sys.argv[1])
