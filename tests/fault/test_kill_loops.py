"""Daemons that are killed at any moment, and at every step of a claim, a load, a commit, a judgement and a deletion: in the
end every sum, funnel and count equals the oracle's. `make soak` does the same for as long as it is left alone."""

import os
import random
import subprocess

import loops
import rig

SEED = int(os.environ.get("PLATEAUD_SEED", 0)) or random.randrange(1, 1 << 31)


def test_kills_at_any_moment(kafka):
    """Six instances, three of them with two daemons that die in turn, so that each death moves partitions."""
    print(f"PLATEAUD_SEED={SEED}")
    lanes = loops.run(kafka, SEED, lanes=6, kills=34, pairs=3, per_point=6)
    try:
        loops.report(lanes)
        ends, fired = loops.totals(lanes)
        assert ends["kill"] + ends["point"] >= 200 and ends["term"] > 0
        assert sum(lane.rebalances for lane in lanes) >= 40
        assert [point for point in loops.POINTS if fired[point] < 5] == []
    finally:
        for lane in lanes:
            lane.close()


def test_points_are_in_no_other_program():
    """What can be armed is known here, and only the daemon of these tests has it."""
    def strings(path):
        return subprocess.run(["strings", "-a", path], capture_output=True, text=True, check=True).stdout.split("\n")

    sources = [path.read_text() for path in (rig.ROOT / "src").glob("*/*.c")]
    points = {point for text in sources for point in loops.POINT.findall(text)}
    assert points == set(loops.POINTS)
    assert points <= set(strings(loops.FaultDaemon.PROGRAM))
    for name in ("plateaud", "plateauctl"):
        found = strings(rig.program(name))
        assert not points & set(found) and not [text for text in found if "failpoint" in text.lower()]
        assert not any("failpoint" in line for line in
                       subprocess.run(["nm", "-a", rig.program(name)], capture_output=True, text=True).stdout.split("\n"))
