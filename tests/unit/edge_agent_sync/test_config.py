"""The settings of a box: read once, and every mistake told at once."""

from pathlib import Path

import pytest

from edge_agent.config import load
from edge_agent.errors import BadConfig


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EDGE_SCANNERS", "EDGE_API_PORT", "EDGE_BROKER_URL", "EDGE_HUB_URL", "EDGE_BALLAST_MB"):
        monkeypatch.delenv(name, raising=False)


def test_a_box_without_a_file_has_defaults(tmp_path: Path) -> None:
    assert load(tmp_path).api_port == 8480


def test_five_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text(
        'api_port = 99999\nlog_level = "loud"\nballast_mb = "many"\ncolour = "red"\n'
        'scanners = [{url = "serial:///dev/x?boud=1", device = "till"}]\n'
    )

    with pytest.raises(BadConfig) as caught:
        load(tmp_path)

    assert [mistake.split(":")[0] for mistake in caught.value.mistakes] == [
        "colour", "api_port", "scanners.0.url", "log_level", "ballast_mb",
    ]  # fmt: skip
    assert all("expected" in m or "example" in m for m in caught.value.mistakes)


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "edge.toml").write_text("api_port = 1\n")
    monkeypatch.setenv("EDGE_API_PORT", "2")
    monkeypatch.setenv("EDGE_SCANNERS", '[{"url": "serial:///dev/ttyACM0", "device": "till", "mode": "receive"}]')

    config = load(tmp_path)

    assert (config.api_port, config.scanners[0].mode) == (2, "receive")


def test_a_mistake_in_the_environment_names_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_BROKER_URL", "amqp://x")

    with pytest.raises(BadConfig, match="EDGE_BROKER_URL"):
        load(tmp_path)


def test_a_file_that_is_no_toml_is_one_mistake(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text("api_port = = 1\n")

    with pytest.raises(BadConfig, match="not TOML"):
        load(tmp_path)
