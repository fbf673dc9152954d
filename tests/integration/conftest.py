"""Fixtures of the integration tests. One broker serves the whole session; tests keep apart by topic and group names."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import fixtures  # noqa: E402
import rig  # noqa: E402
from fixtures import names, redis  # noqa: E402, F401


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
def daemons():
    yield from fixtures.run_daemons(rig.Daemon)
