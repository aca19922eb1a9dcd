"""The live picture: stores and hub side by side, the keys, what happened last."""

from collections.abc import Iterable, Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.demo.status import Status, StoreStatus, staleness

KEYS = (
    ("tab", "other store"),
    ("c", "cut / mend its WAN"),
    ("k", "kill / restart its agent"),
    ("s", "one sale"),
    ("h", "kill / restart hub"),
    ("b", "broker"),
    ("d", "database"),
    ("space", "trade on / off"),
    ("q", "quit"),
)


def picture(status: Status | None, chosen: str, access: Mapping[str, str], said: Iterable[str]) -> RenderableType:
    """Everything on one screen of 80 columns; what happened last comes last, so that what a low one cuts off is old."""
    facts = Table.grid(padding=(0, 1))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in access.items():
        facts.add_row(Text(name, style="dim"), value)
    parts: list[RenderableType] = [Panel(facts, title="Backstock demo", border_style="cyan")]
    if status is not None:
        parts += [_stores(status, chosen), _servers(status)]
    keys = Text.assemble(*(part for key, about in KEYS for part in ((f" {key} ", "reverse"), f" {about}   ")))
    return Group(*parts, keys, Text("\n".join(reversed(list(said))), style="dim"))


def _stores(status: Status, chosen: str) -> Table:
    table = Table(expand=True, box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False)
    for heading in ("store", "WAN", "agent"):
        table.add_column(heading, no_wrap=True)
    for heading in ("ledger", "pending", "low", "hub has"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("hub says", ratio=1)
    for store in status.stores:
        table.add_row(*_row(store), style="bold" if store.name == chosen else "")
    return table


def _row(store: StoreStatus) -> list[RenderableType]:
    sync, word = store.sync, staleness(store)
    pending = sync.get("pending")
    return [
        store.name,
        Text("cut", style="bold red") if store.is_cut else Text("up", style="green"),
        Text(store.agent, style="green" if sync else "bold red"),
        _number(store.head),
        Text(_number(pending), style="yellow" if pending else ""),
        str(store.alerts),
        _number(store.box.get("mark")),
        Text(word, style="green" if word == "live" else "yellow"),
    ]


def _servers(status: Status) -> Text:
    def light(name: str, shown: str) -> tuple[str, str]:
        is_down = name in status.down
        return (f" {shown} {'down' if is_down else 'up'} ", "bold red" if is_down else "green")

    return Text.assemble(
        light("hub", "hub"),
        light("broker", f"broker ({status.broker})"),
        light("postgres", "postgres"),
        ("" if status.is_trading else " no customers ", "yellow"),
        (f" hub says: {status.hub_trouble}" if status.hub_trouble else "", "bold red"),
    )


def _number(value: object) -> str:
    return "?" if value is None else f"{value:,}"
