"""`edge-agent scanners`: what is plugged in, what a scanner sends, and a recording of it.

For who sets a scanner up at a terminal. It opens the device itself, so the agent must not hold
it; while the agent runs, the screen's commissioning page shows the same.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from edge_agent.config import load
from edge_agent.errors import BadConfig
from scanner_drivers import BadConfig as BadScanner
from scanner_drivers import RawScan, Recorder, ScannerSupervisor
from scanner_drivers.discovery import Machine, Plugged
from scanner_drivers.holders import holders_of
from scanner_drivers.monitor import Monitor
from scanner_drivers.tap import Tap

LOOK_EVERY_S = 0.05

cli = typer.Typer(help="What is plugged in, what it sends, and a recording of it.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Url = Annotated[str, typer.Argument(help="As in edge.toml: serial:///dev/…, evdev://…, hidpos://…, tcp://…")]
Scans = Annotated[int, typer.Option(min=0, help="Stop after so many scans; 0: at Ctrl-C.")]
Seconds = Annotated[float, typer.Option(min=0, help="Stop after so many seconds; 0: at Ctrl-C.")]


@cli.command("list")
def show_plugged(context: typer.Context, as_json: AsJson = False) -> None:
    """What is plugged in and could be a scanner, its URL, and who holds it."""
    configured = _configured(context)
    rows = [_row(one, configured) for one in Machine().plugged()]
    if as_json:
        for row in rows:
            typer.echo(orjson.dumps(row))
        return
    if not rows:
        typer.echo("nothing that could be a scanner: no serial port, no keyboard, no HID POS device")
        return
    from edge_agent.tables import rows_table

    rows_table(["what", "url", "name", "held by", "set up as", "remarks"], rows)


@cli.command("test")
def show(url: Url, scans: Scans = 0, seconds: Seconds = 0, as_json: AsJson = False) -> None:
    """Show what arrives, byte by byte with control characters by name, and what should be set otherwise."""
    tell = _print_json if as_json else _Words().tell
    _listen(url, Monitor(tell), tell, scans, seconds)


@cli.command("record")
def record(
    url: Url,
    file: Annotated[Path, typer.Argument(help="A file that does not exist; replay://FILE plays it.")],
    scans: Scans = 0,
    seconds: Seconds = 0,
) -> None:
    """Write down what a device sends, to the byte and the moment: a bug report that can be played again."""
    if file.exists():
        typer.echo(f"file_exists: {file}: expected a file that does not exist", err=True)
        raise typer.Exit(1)
    with Recorder(file) as recorder:
        heard = _listen(url, recorder, _Words().tell, scans, seconds)
    typer.echo(f"{file}: {heard} scans")
    if recorder.error:
        typer.echo(f"recording_stopped: {recorder.error}", err=True)
        raise typer.Exit(1)


def _listen(url: str, tap: Tap, tell: Callable[[str, dict[str, Any]], None], scans: int, seconds: float) -> int:
    """Let a tap hear a device until enough was heard; how many scans that were."""
    try:
        return asyncio.run(_hear(url, tap, tell, scans, seconds))
    except BadScanner as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _hear(url: str, tap: Tap, tell: Callable[[str, dict[str, Any]], None], scans: int, seconds: float) -> int:
    heard: list[RawScan] = []
    supervisor = ScannerSupervisor(url, "scanner", heard.append)
    supervisor.tap(tap)
    health, state = supervisor.health, ""
    running = asyncio.create_task(supervisor.run())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds or None):
                while not (scans and len(heard) >= scans) and state != "ended":
                    if health.state != state:
                        state = health.state
                        tell("state", {"state": state, "detail": health.where if state == "up" else health.last_error})
                    if state == "misconfigured":
                        raise BadScanner(health.last_error)
                    await asyncio.sleep(LOOK_EVERY_S)
    finally:
        running.cancel()
        await asyncio.wait([running])
    return len(heard)


def _print_json(kind: str, body: dict[str, Any]) -> None:
    typer.echo(orjson.dumps({"event": kind, **body}))


class _Words:
    """Events as lines for a person; each advice once."""

    def __init__(self) -> None:
        self._advised: set[str] = set()

    def tell(self, kind: str, body: dict[str, Any]) -> None:
        if kind == "state":
            typer.echo(f"{body['state']}  {body['detail']}".rstrip())
        elif kind == "bytes":
            typer.echo(f"  {body['hex'] if len(body['hex']) <= 96 else body['hex'][:96] + ' …'}")
            typer.echo(f"  {body['ascii']}")
        elif kind == "frame":
            meaning = [f"{name} {body[name]}" for name in _SHOWN if body[name]]
            flags = f"  [{', '.join(body['flags'])}]" if body["flags"] else ""
            typer.echo(f"scan  {body['ascii']}  ({body['ended_by']})  {'  '.join(meaning)}{flags}")
        for advice in body.get("advice", []):
            if advice["code"] not in self._advised:
                self._advised.add(advice["code"])
                typer.echo(f"advice  {advice['code']}: {advice['text']}")


_SHOWN = ("aim", "symbology", "gtin", "sku", "lot", "expiry", "serial")


def _configured(context: typer.Context) -> dict[str, str]:
    """Device name by node, of the box's own settings where it has some."""
    try:
        scanners = load(context.obj.path).scanners
    except BadConfig as error:
        typer.echo(f"settings: {error.detail}", err=True)
        return {}
    paths = {one.device: Path(one.url.split("://", 1)[1].split("?", 1)[0]) for one in scanners}
    return {str(path.resolve()): device for device, path in paths.items() if path.is_absolute()}


def _row(one: Plugged, configured: dict[str, str]) -> dict[str, str]:
    return {
        "what": one.kind if one.is_scanner else f"{one.kind}?",
        "url": one.url,
        "name": " ".join(part for part in (one.name, one.usb_id, one.serial) if part),
        "held by": ", ".join(map(str, holders_of(one.node))),
        "set up as": configured.get(str(Path(one.node).resolve()), ""),
        "remarks": "; ".join(one.remarks),
    }
