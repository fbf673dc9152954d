"""What the fixtures of the integration and of the fault tests share."""

import itertools

import pytest

import rig

_numbers = itertools.count(1)


@pytest.fixture
def redis():
    with rig.Redis(appendonly=True) as server:
        yield server.start()


@pytest.fixture
def names():
    """A function that makes names which no other test of the session uses: names("events") -> "events-7"."""
    number = next(_numbers)
    return lambda text: f"{text}-{number}"


def run_daemons(kind):
    """Body of a fixture: a function that starts a daemon of this kind (or of the one named) from a conf text, with these
    attributes; all are ended with the test."""
    started = []

    def start(conf, wait=True, args=(), make=kind, **attributes):
        daemon = make(conf, args)
        for name, value in attributes.items():
            setattr(daemon, name, value)
        started.append(daemon)
        return daemon.start() if wait else daemon.spawn()

    yield start
    for daemon in started:
        print(f"--- log of {daemon.dir.name}\n{daemon.log()[-6000:]}")  # pytest shows it when the test failed
        daemon.close()
