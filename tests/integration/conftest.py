"""Fixtures of the integration tests. One broker serves the whole session; tests keep apart by topic and group names."""

import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import rig  # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def kafka():
    with rig.Kafka() as broker:
        yield broker.start()


@pytest.fixture
def own_kafka():
    """A broker that the test may stop and kill."""
    with rig.Kafka() as broker:
        yield broker.start()


@pytest.fixture
def redis():
    with rig.Redis(appendonly=True) as server:
        yield server.start()


@pytest.fixture
def names():
    """A function that makes names which no other test of the session uses: names("events") -> "events-7"."""
    number = next(_numbers)
    return lambda text: f"{text}-{number}"


@pytest.fixture
def daemons():
    """A function that starts a daemon from a conf text; all are ended with the test."""
    started = []

    def start(conf, wait=True, args=()):
        daemon = rig.Daemon(conf, args)
        started.append(daemon)
        return daemon.start() if wait else daemon.spawn()

    yield start
    for daemon in started:
        print(f"--- log of {daemon.dir.name}\n{daemon.log()[-6000:]}")  # pytest shows it when the test failed
        daemon.close()
