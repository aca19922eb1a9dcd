"""The live picture: stores and hub side by side, the keys, what happened last."""

from collections import deque
from collections.abc import Mapping

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


def picture(status: Status | None, chosen: str, access: Mapping[str, str], said: deque[str]) -> RenderableType:
    """Everything on one screen."""
    facts = Table.grid(padding=(0, 2))
    for name, value in access.items():
        facts.add_row(Text(name, style="dim"), value)
    parts: list[RenderableType] = [Panel(facts, title="Backstock demo", border_style="cyan")]
    if status is not None:
        parts += [_stores(status, chosen), _servers(status)]
    keys = Text.assemble(*(part for key, about in KEYS for part in ((f" {key} ", "reverse"), f" {about}   ")))
    return Group(*parts, Panel(Text("\n".join(said)), title="what happened", height=9, border_style="dim"), keys)


def _stores(status: Status, chosen: str) -> Table:
    table = Table(expand=True, title_justify="left")
    for heading in (
        "store",
        "WAN",
        "agent",
        "ledger",
        "acked",
        "pending",
        "head office has",
        "head office says",
        "low",
    ):
        table.add_column(heading, justify="right" if heading in ("ledger", "acked", "pending", "low") else "left")
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
        _number(sync.get("acked")),
        Text(_number(pending), style="yellow" if pending else ""),
        f"1..{_number(store.box.get('mark'))}" if store.box else "?",
        Text(word, style="green" if word == "live" else "yellow"),
        str(store.alerts),
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
