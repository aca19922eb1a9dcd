"""Real MQTT brokers for tests: the embedded one always, mosquitto where it is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.broker import Broker, mosquitto, start_broker

PASSWORD = "test-password"


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A broker of each kind; users `hub` and `store` with PASSWORD."""
    if request.param == "mosquitto":
        require_mosquitto()
    with start_broker(tmp_path / "broker", kind=request.param, password=PASSWORD) as started:
        yield started


@pytest.fixture
def any_broker(tmp_path: Path) -> Iterator[Broker]:
    """One broker, mosquitto if there is one: for tests that are not about brokers."""
    with start_broker(tmp_path / "broker", password=PASSWORD) as started:
        yield started


def require_mosquitto() -> None:
    """Skip, and say what is not tested."""
    if mosquitto() is None:
        pytest.skip("NOT TESTED: mosquitto is not installed (apt install mosquitto)")
