"""How the chain stands, gathered over the same APIs that people use."""

import time
from dataclasses import dataclass
from typing import Any

from deploy.local.demo.chain import Chain
from deploy.local.programs import StackError
from deploy.local.stack import Store

TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """A store by its own word, and what head office believes about it."""

    name: str
    api: str
    is_cut: bool
    is_up: bool
    sync: dict[str, Any]
    box: dict[str, Any]
    beeps: int
    alerts: int

    @property
    def head(self) -> int | None:
        return self.sync.get("head")

    @property
    def behind(self) -> int | None:
        """Records that head office does not have; None when nobody can know."""
        return None if self.head is None or not self.box else max(0, self.head - int(self.box["mark"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything at one moment."""

    at: float
    hub_is_up: bool
    broker: str
    down: tuple[str, ...]
    is_trading: bool
    stores: tuple[StoreStatus, ...]


def look(chain: Chain) -> Status:
    """Ask everybody; what does not answer is shown as down."""
    boxes = _fleet(chain)
    stores = tuple(_store(chain, store, (boxes or {}).get(store.site_id, {})) for store in list(chain.stores.values()))
    return Status(
        at=time.time(),
        hub_is_up=boxes is not None,
        broker=chain.stack.broker.kind,
        down=tuple(sorted(chain.is_down)),
        is_trading=chain.is_trading,
        stores=stores,
    )


def _fleet(chain: Chain) -> dict[str, dict[str, Any]] | None:
    try:
        answer = chain.stack.get("/api/v1/fleet", timeout_s=TIMEOUT_S)
    except (OSError, StackError):
        return None
    items = answer.body["items"] if answer.status == 200 else []
    return {box["site_id"]: box for box in items if box["device_state"] == "active"}


def _store(chain: Chain, store: Store, box: dict[str, Any]) -> StoreStatus:
    trade = chain.trades[store.name]
    sync = _ask(store, "/api/v1/sync")
    return StoreStatus(
        name=store.name,
        api=f"http://127.0.0.1:{store.api_port}",
        is_cut=store.name in chain.is_cut,
        is_up=bool(sync),
        sync=sync,
        box=box,
        beeps=trade.sold.total(),
        alerts=len(_ask(store, "/api/v1/inventory/restock-alerts").get("items", [])),
    )


def _ask(store: Store, path: str) -> dict[str, Any]:
    try:
        answer = store.get(path, timeout_s=TIMEOUT_S)
    except (OSError, AssertionError, TypeError):
        return {}
    return dict(answer.body) if answer.status == 200 else {}


def staleness(store: StoreStatus) -> str:
    """What head office may say about this store's numbers."""
    box = store.box
    if not box:
        return "hub is down"
    if box["is_live"] and not box["oldest_unsent_age_s"]:
        return "live"
    since = str(box.get("last_seen") or "")[11:19]
    return f"stale since {since} UTC" if not box["is_live"] else f"{box['oldest_unsent_age_s']} s behind"


def render_plain(status: Status) -> str:
    """One line per store, for logs and pipes."""
    lines = []
    for store in status.stores:
        sync, wan = store.sync, "cut" if store.is_cut else "ok"
        lines.append(
            f"{store.name:<6} agent {'up' if store.is_up else 'down':<4} wan {wan:<3} head {store.head or 0:>7} "
            f"acked {sync.get('acked') or 0:>7} pending {sync.get('pending') or 0:>6} | "
            f"hub has {store.box.get('mark') or 0:>7}, {staleness(store)}"
        )
    down = f" down: {', '.join(status.down)}" if status.down else ""
    lines.append(f"hub    {'up' if status.hub_is_up else 'down'}  broker {status.broker}{down}")
    return "\n".join(lines)
