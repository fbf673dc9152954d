"""Fixtures of the fault tests: the servers of tests/integration/rig.py, and daemons with failpoints."""

import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "integration")]

import fixtures  # noqa: E402
import rig  # noqa: E402
from fixtures import names, redis  # noqa: E402, F401
from loops import FaultDaemon  # noqa: E402


@pytest.fixture(scope="module")
def kafka():
    with rig.Kafka() as broker:
        yield broker.start()


@pytest.fixture
def daemons():
    yield from fixtures.run_daemons(FaultDaemon)
