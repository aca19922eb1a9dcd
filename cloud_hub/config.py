"""What the hub is told: a TOML file, overridden by environment variables `HUB_…`.

Read once at start and frozen. Every mistake is reported, all at once, each with its key,
what was expected and an example; a program with a mistake in its configuration does not
start. Secrets may stand in files: `HUB_DATABASE_URL_FILE=/run/secrets/database`.
"""

import os
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from cloud_hub.domain.stock_reports import PROVISIONAL_DAYS, Kind
from cloud_hub.errors import Misconfigured
from cloud_hub.storage.dsn import driver_options
from sync_protocol.transport.mqtt import BrokerAddress

PREFIX = "HUB_"
EXIT_CODE = 2
_MISSING = "nothing"


def _field(expected: str, example: object, default: Any = ...) -> Any:
    return Field(default, description=expected, examples=[example])


ReportDays = Annotated[int, Field(ge=PROVISIONAL_DAYS, le=36_600)]
"""Not shorter than a report may still be made again."""


class Config(BaseModel):
    """One hub process."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    database_url: str = _field("a PostgreSQL URL", "postgresql://hub:secret@db.example:5432/hub")
    state_dir: Path = _field("a folder for keys and revocations", "/var/lib/backstock-hub", Path("hub-state"))
    http_host: str = _field("an address to listen on", "127.0.0.1", "127.0.0.1")
    http_port: Annotated[int, Field(ge=0, le=65535)] = _field("a port, 0 for any free one", 8080, 8080)
    http_cert: Path | None = _field("a certificate file for HTTPS", "/etc/backstock/hub.crt", None)
    http_key: Path | None = _field("the key file of http_cert", "/etc/backstock/hub.key", None)
    behind_tls_proxy: bool = _field("true when a proxy in front speaks HTTPS", True, False)
    public_url: str | None = _field("the URL under which boxes reach the hub", "https://hub.example", None)
    broker_url: str | None = _field("an MQTT URL", "mqtts://hub@broker.example:8883", None)
    broker_ca: Path | None = _field("a CA file for the broker", "/etc/backstock/ca.crt", None)
    broker_cert: Path | None = _field("the hub's client certificate", "/etc/backstock/hub.crt", None)
    broker_key: Path | None = _field("the key of broker_cert", "/etc/backstock/hub.key", None)
    device_broker_host: str | None = _field("the broker as boxes reach it", "mqtt.example", None)
    device_broker_port: Annotated[int, Field(ge=1, le=65535)] | None = _field("the broker's port for boxes", 8883, None)
    device_broker_tls: bool | None = _field("whether boxes speak TLS with the broker", True, None)
    broker_password_fallback: bool = _field("true only for an embedded demo broker on loopback", False, False)
    device_broker_password: str | None = _field("the demo broker's shared password", "a long random text", None)
    database_connections: Annotated[int, Field(ge=2, le=500)] = _field("connections of this process", 12, 12)
    read_connections: Annotated[int, Field(ge=1, le=500)] = _field("connections for reads of this process", 6, 6)
    requests_in_flight: Annotated[int, Field(ge=1, le=100_000)] = _field("requests served at once", 16384, 16384)
    rate_per_principal: Annotated[int, Field(ge=0)] = _field("requests a minute, 0 for no limit", 6000, 6000)
    rate_per_address: Annotated[int, Field(ge=0)] = _field("requests a minute before login", 100, 100)
    cors_origins: tuple[str, ...] = _field("origins of pages that may call the hub", "https://console.example", ())
    open_registration: bool = _field("true lets people register (pending until approved)", False, False)
    webhook_private_nets: tuple[str, ...] = _field("networks of yours that webhooks may call", "10.1.0.0/16", ())
    mail_url: str | None = _field("where mails go, smtp:// or smtps:// or file://", "smtps://hub:pw@mail.example", None)
    password_page: str | None = _field(
        "your page for new passwords, the token is put behind it", "https://console.example/password#", None
    )
    mail_from: str = _field("the sender of mails", "backstock@example.com", "backstock@localhost")
    backup_dir: Path | None = _field("a folder for nightly backups", "/var/backups/backstock", None)
    look_every_s: Annotated[int, Field(ge=1, le=3600)] = _field("seconds between looks at what is due", 60, 60)
    daily_reports_days: ReportDays = _field("days that a daily inventory report is kept", 100, 100)
    weekly_reports_days: ReportDays = _field("days that a weekly inventory report is kept", 750, 750)
    monthly_reports_days: ReportDays = _field("days that a monthly inventory report is kept", 3660, 3660)
    log_level: str = _field("debug, info, warning or error", "info", "info")

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
            raise ValueError("expected postgresql://… with a database name")
        try:
            driver_options(value)
        except ValueError as error:
            raise ValueError("expected a number as statement_cache_size, 0 behind a pooler") from error
        return value

    @field_validator("http_host")
    @classmethod
    def _listen(cls, value: str) -> str:
        if not value or any(char in value for char in "/:@ "):
            raise ValueError("expected a host name or an IPv4 address without a port")
        return value

    @field_validator("behind_tls_proxy")
    @classmethod
    def _private_http(cls, value: bool, info: ValidationInfo) -> bool:
        host = info.data.get("http_host", "127.0.0.1")
        if not value and info.data.get("http_cert") is None and not is_loopback(host):
            raise ValueError(f"plain HTTP on {host}: set http_cert and http_key, or say that a proxy speaks HTTPS")
        return value

    @field_validator("http_key")
    @classmethod
    def _pair(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) != (info.data.get("http_cert") is None):
            raise ValueError("expected http_cert and http_key together")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            return value.rstrip("/")
        raise ValueError("expected an https:// URL (http:// is for loopback only)")

    @field_validator("broker_url")
    @classmethod
    def _mqtt(cls, value: str | None) -> str | None:
        if value is not None and (urlsplit(value).scheme not in ("mqtt", "mqtts") or not urlsplit(value).hostname):
            raise ValueError("expected mqtt://host:port or mqtts://host:port")
        return value

    @field_validator("broker_password_fallback")
    @classmethod
    def _fallback(cls, value: bool, info: ValidationInfo) -> bool:
        broker = urlsplit(info.data.get("broker_url") or "").hostname or "127.0.0.1"
        if value and not is_loopback(broker):
            raise ValueError("shared passwords are for a demo broker on loopback only")
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: Any) -> tuple[str, ...]:
        origins = value.replace(",", " ").split() if isinstance(value, str) else value
        for origin in origins:
            parts = urlsplit(origin) if isinstance(origin, str) else None
            is_private = parts is not None and (parts.scheme == "https" or is_loopback(parts.hostname or ""))
            if parts is None or not is_private or origin != f"{parts.scheme}://{parts.netloc}" or "*" in origin:
                raise ValueError("expected origins such as https://console.example, without a path, never *")
        return tuple(origins)

    @field_validator("webhook_private_nets", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> tuple[str, ...]:
        found = value.replace(",", " ").split() if isinstance(value, str) else value
        return tuple(str(ip_network(each)) for each in found)

    @field_validator("mail_url")
    @classmethod
    def _mail(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is None or (parts.scheme in ("smtp", "smtps") and parts.hostname):
            return value
        if parts.scheme == "file" and parts.path and not parts.netloc:
            return value
        raise ValueError("expected smtp://user:password@host:port, smtps://… or file:///path/of/a/mailbox")

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value not in ("debug", "info", "warning", "error"):
            raise ValueError("expected debug, info, warning or error")
        return value

    @property
    def reports_kept(self) -> dict[Kind, int]:
        """For how many days inventory reports are kept."""
        return {
            Kind.DAILY: self.daily_reports_days, Kind.WEEKLY: self.weekly_reports_days,
            Kind.MONTHLY: self.monthly_reports_days,
        }  # fmt: skip

    @property
    def broker(self) -> BrokerAddress | None:
        """Where the hub itself finds the broker."""
        if self.broker_url is None:
            return None
        parts = urlsplit(self.broker_url)
        tls = parts.scheme == "mqtts"
        return BrokerAddress(
            host=parts.hostname or "",
            port=parts.port or (8883 if tls else 1883),
            tls=tls,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            ca_file=self.broker_ca,
            cert_file=self.broker_cert,
            key_file=self.broker_key,
        )

    @classmethod
    def load(cls, file: Path | None, environment: dict[str, str] | None = None) -> Self:
        """The configuration of a file and the environment. Raises Misconfigured with every mistake."""
        try:
            values: dict[str, Any] = tomllib.loads(file.read_text()) if file is not None else {}
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Misconfigured("config", f"{file}: expected a readable TOML file: {error}") from error
        values |= _environment(dict(os.environ) if environment is None else environment, list(cls.model_fields))
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise Misconfigured("config", "\n".join(_explain(cls, each) for each in error.errors())) from error


def is_loopback(host: str) -> bool:
    """Whether an address never leaves this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _environment(environment: dict[str, str], names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        variable = PREFIX + name.upper()
        if environment.get(f"{variable}_FILE"):
            found[name] = Path(environment[f"{variable}_FILE"]).read_text().strip()
        if environment.get(variable):
            found[name] = environment[variable]
    return found


def _explain(model: type[BaseModel], error: Any) -> str:
    name = str(error["loc"][0])
    field = model.model_fields.get(name)
    if field is None:
        return f"{name}: unknown key; expected one of {', '.join(sorted(model.model_fields))}"
    got = _MISSING if error["type"] == "missing" else repr(error["input"])[:80]
    secret = "password" in name or "url" in name
    if secret and got != _MISSING:
        got = "a value that is not shown"
    reason = error["msg"].removeprefix("Value error, ")
    return (
        f"{name} ({PREFIX}{name.upper()}): expected {field.description}, got {got}"
        f" ({reason}); example: {(field.examples or [''])[0]}"
    )
