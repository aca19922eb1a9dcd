"""Real MQTT 5 brokers for tests: the embedded one always, mosquitto where it is installed."""

from collections.abc import Iterator

import pytest

from deploy.local.broker import Broker, mosquitto_program, start_broker


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of the test's own, once per kind."""
    if request.param == "mosquitto" and mosquitto_program() is None:
        pytest.skip("mosquitto is missing: apt install mosquitto")
    with start_broker(tmp_path_factory.mktemp("broker"), kind=request.param, password="demo") as running:
        yield running


@pytest.fixture
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A mosquitto of the test's own."""
    if mosquitto_program() is None:
        pytest.skip("mosquitto is missing: apt install mosquitto")
    with start_broker(tmp_path_factory.mktemp("mosquitto"), kind="mosquitto", password="demo") as running:
        yield running
