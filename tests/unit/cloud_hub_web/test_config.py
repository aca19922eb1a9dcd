"""The configuration reports every mistake at once and lets none of the dangerous ones through."""

from pathlib import Path

import pytest

from cloud_hub.config import Config
from cloud_hub.errors import Misconfigured

GOOD = {"HUB_DATABASE_URL": "postgresql://hub@127.0.0.1/hub"}


def load(tmp_path: Path, toml: str, **environment: str) -> Config:
    file = tmp_path / "hub.toml"
    file.write_text(toml)
    return Config.load(file, {**GOOD, **environment})


def test_five_mistakes_are_reported_at_once_each_with_key_expectation_and_example(tmp_path: Path) -> None:
    toml = """
        http_port = 99999
        public_url = "http://hub.example"
        broker_url = "amqp://broker"
        requests_in_flight = 0
        colour = "green"
    """
    with pytest.raises(Misconfigured) as caught:
        load(tmp_path, toml)
    lines = caught.value.detail.splitlines()
    assert len(lines) == 5
    for key in ("http_port", "public_url", "broker_url", "requests_in_flight", "colour"):
        (line,) = [line for line in lines if line.startswith(key)]
        assert "expected" in line
        assert key == "colour" or ("example:" in line and f"HUB_{key.upper()}" in line)


def test_a_missing_database_url_is_named_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"database_url \(HUB_DATABASE_URL\).*got nothing.*postgresql://hub"):
        Config.load(None, {})


def test_a_mistaken_url_is_never_printed_because_it_may_hold_a_password(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        Config.load(None, {"HUB_DATABASE_URL": "mysql://root:hunter2@db/hub"})
    assert "hunter2" not in caught.value.detail


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, "http_port = 8000", HUB_HTTP_PORT="9000").http_port == 9000


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://hub@db/hub\n")
    assert Config.load(None, {"HUB_DATABASE_URL_FILE": str(secret)}).database_url == "postgresql://hub@db/hub"


@pytest.mark.parametrize(
    "environment",
    [
        {"HUB_HTTP_HOST": "0.0.0.0"},
        {"HUB_HTTP_CERT": "/x.crt"},
        {"HUB_BROKER_PASSWORD_FALLBACK": "1", "HUB_BROKER_URL": "mqtt://broker.example"},
        {"HUB_PUBLIC_URL": "http://hub.example"},
    ],
)
def test_what_would_expose_secrets_in_clear_is_refused(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        load(tmp_path, "", **environment)


def test_plain_http_beyond_loopback_is_fine_behind_a_proxy_that_speaks_tls(tmp_path: Path) -> None:
    config = load(tmp_path, "", HUB_HTTP_HOST="0.0.0.0", HUB_BEHIND_TLS_PROXY="true")
    assert config.http_host == "0.0.0.0"


def test_a_broken_toml_file_is_a_mistake_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="line 1"):
        load(tmp_path, "http_port = = 1")
