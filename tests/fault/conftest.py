"""Fixtures of the fault tests: the servers of tests/integration/rig.py, and daemons with failpoints."""

import itertools
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "integration")]

import rig  # noqa: E402
from loops import FaultDaemon  # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def kafka():
    with rig.Kafka() as broker:
        yield broker.start()


@pytest.fixture
def redis():
    with rig.Redis(appendonly=True) as server:
        yield server.start()


@pytest.fixture
def names():
    number = next(_numbers)
    return lambda text: f"{text}-{number}"


@pytest.fixture
def daemons():
    """A function that starts a daemon from a conf text; all are ended with the test."""
    started = []

    def start(conf, wait=True, failpoint=None, make=FaultDaemon):
        daemon = make(conf)
        daemon.failpoint = failpoint
        started.append(daemon)
        return daemon.start() if wait else daemon.spawn()

    yield start
    for daemon in started:
        print(f"--- log of {daemon.dir.name}\n{daemon.log()[-6000:]}")  # pytest shows it when the test failed
        daemon.close()
