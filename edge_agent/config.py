"""The agent's settings: `edge.toml` in the data directory, overridden by `EDGE_…` variables.

Read here only, once, and all mistakes are reported together, each with its key, what was
expected and an example. What the hub decides (site, broker, keys) is not here: see
services/enrolment.py; the overrides below exist for proxies and tests.
"""

import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from edge_agent.domain.label_design import Template
from edge_agent.errors import BadConfig
from scanner_drivers import BadConfig as BadScanner
from scanner_drivers import parse_scanner_url

FILE = "edge.toml"
Mode = Literal["sell", "receive", "lookup", "count", "transfer_out", "transfer_in"]


def _url(*schemes: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if value is None:
            return None
        parts = urlsplit(str(value))
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"expected {' or '.join(f'{scheme}://HOST…' for scheme in schemes)}")
        return value

    return BeforeValidator(check)


def _json_list(value: Any) -> Any:
    """Environment variables carry lists as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise ValueError("expected a JSON list") from error


def _scanner_url(value: str) -> str:
    try:
        parse_scanner_url(value)
    except BadScanner as error:
        raise ValueError(str(error)) from error
    return value


_HOST = r"^[a-z0-9:]([a-z0-9.:-]*[a-z0-9:])?$"


def _address(value: str) -> str:
    try:
        return str(ip_address(value)) if value else value
    except ValueError as error:
        raise ValueError("expected an address of this machine, 0.0.0.0 for all of them, or nothing") from error


class ScannerConfig(BaseModel):
    """One scanner: where it is, what it is called, and what a beep of it means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_scanner_url)]
    device: Annotated[str, Field(min_length=1, max_length=60)]
    mode: Mode = "sell"


def _output(value: Any) -> Any:
    """`tcp://HOST[:PORT]`, or a command and its arguments; never a line for a shell."""
    if isinstance(value, list | tuple):
        if not value or not all(isinstance(each, str) and each for each in value):
            raise ValueError("expected a command and its arguments as a list of texts")
        return tuple(value)
    parts = urlsplit(str(value))
    if parts.scheme != "tcp" or not parts.hostname or parts.path or parts.port == 0:
        raise ValueError('expected tcp://HOST[:PORT], or a command as a list such as ["lp", "-d", "office"]')
    return value


class PrinterConfig(BaseModel):
    """One label printer: where it is, what it understands, and what its labels are like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    output: Annotated[str | tuple[str, ...], BeforeValidator(_output)]
    format: Literal["zpl", "pdf"] = "zpl"
    """ZPL for label printers, PDF for a command that prints it."""
    dpi: Literal[203, 300, 600] = 203
    width_mm: Annotated[float, Field(ge=20, le=210)] = 60
    height_mm: Annotated[float, Field(ge=10, le=300)] = 40
    templates: Annotated[tuple[Template, ...], Field(min_length=1)] = tuple(Template)
    """The kinds of labels that come here when nobody names a printer."""


def _different_names(printers: list[PrinterConfig]) -> list[PrinterConfig]:
    _expect_once("a name of its own for each printer", [printer.name for printer in printers])
    return printers


def _different_devices(scanners: list[ScannerConfig]) -> list[ScannerConfig]:
    _expect_once("a device name of its own for each scanner", [scanner.device for scanner in scanners])
    return scanners


def _expect_once(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"expected {what}, {', '.join(twice)} is there twice")


def _font_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("expected a font file (.ttf, .otf, .ttc) that is there")
    return path


class Config(BaseModel):
    """Everything that may be set; every default runs a small shop."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    api_host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    """For this machine itself, in plain HTTP; other devices of the store come by `lan_host`."""
    api_port: Annotated[int, Field(ge=0, le=65_535)] = 8480
    """0: any free port; the `ready` line names it."""
    lan_host: Annotated[str, AfterValidator(_address)] = "0.0.0.0"
    """Where HTTPS listens once people can log in; empty: nowhere."""
    lan_port: Annotated[int, Field(ge=0, le=65_535)] = 8443
    lan_names: Annotated[
        list[Annotated[str, Field(pattern=_HOST, max_length=253)]], BeforeValidator(_json_list), Field(max_length=10)
    ] = []
    """More names of the store's network for this box, beside the host's own and its addresses."""
    scanners: Annotated[
        list[ScannerConfig], BeforeValidator(_json_list), Field(max_length=64), AfterValidator(_different_devices)
    ] = []
    printers: Annotated[
        list[PrinterConfig], BeforeValidator(_json_list), Field(max_length=20), AfterValidator(_different_names)
    ] = []
    label_fonts: Annotated[list[Annotated[Path, AfterValidator(_font_file)]], BeforeValidator(_json_list)] = []
    """For scripts that the agent's own fonts lack (Chinese, Japanese, Korean, …), in the order to look in."""
    broker_url: Annotated[str | None, _url("mqtt", "mqtts")] = None
    """Instead of the broker that enrolment named (a proxy in a demo)."""
    hub_url: Annotated[str | None, _url("http", "https")] = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    ballast_mb: Annotated[int, Field(ge=0, le=4_096)] = 64
    """Pre-allocated space that is given up so that selling and acks go on with a full disk."""
    retention_days: Annotated[int, Field(ge=1, le=3_650)] = 35
    """How long records stay below the hub's safe mark."""
    telemetry_s: Annotated[int, Field(ge=1, le=3_600)] = 30
    reconnect_cap_s: Annotated[int, Field(ge=1, le=600)] = 30
    """The longest wait between tries; full jitter below it. A thousand boxes want 60 or more."""


_EXAMPLES = {
    "api_host": '"127.0.0.1"',
    "api_port": "8480",
    "lan_host": '"0.0.0.0"',
    "lan_port": "8443",
    "lan_names": '["store-12.lan"]',
    "scanners": '[{url = "serial:///dev/ttyACM0?baud=9600", device = "till-1", mode = "sell"}]',
    "printers": '[{name = "shelf", output = "tcp://192.0.2.7:9100", width_mm = 60, height_mm = 40}]',
    "label_fonts": '["/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"]',
    "broker_url": '"mqtt://127.0.0.1:1883"',
    "hub_url": '"https://hub.example:8443"',
    "log_level": '"info"',
    "ballast_mb": "64",
    "retention_days": "35",
    "telemetry_s": "30",
    "reconnect_cap_s": "30",
}


def load(data: Path) -> Config:
    """The settings of this data directory. Raises BadConfig with every mistake in it."""
    path = data / FILE
    values = _read(path) if path.exists() else {}
    mistakes = [
        f"{name}: no such setting; expected one of {', '.join(Config.model_fields)}"
        for name in values
        if name not in Config.model_fields
    ]
    try:
        config = Config.model_validate(values | _environment())
    except ValidationError as error:
        mistakes += [_explain(detail) for detail in error.errors(include_url=False)]
    if mistakes:
        raise BadConfig(mistakes, path if path.exists() else None)
    return config


def _environment() -> dict[str, str]:
    """`EDGE_API_PORT` is `api_port`. (pydantic-settings would cost six megabytes of a small box.)"""
    given = {name: os.environ.get(_variable(name)) for name in Config.model_fields}
    return {name: value for name, value in given.items() if value is not None}


def _variable(name: str) -> str:
    return f"EDGE_{name.upper()}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig([f"not TOML: {error}"], path) from error


def _explain(detail: Any) -> str:
    name = str(detail["loc"][0])
    key = ".".join(str(part) for part in detail["loc"])
    variable = _variable(name)
    where = f" (from {variable})" if variable in os.environ else ""
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}{where}: {message}, got {str(detail['input'])[:60]!r}; example: {name} = {_EXAMPLES[name]}"
