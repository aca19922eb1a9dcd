"""How the chain stands: which processes live, and what each says over the same APIs that people use."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from deploy.local.calls import call
from deploy.local.demo.chain import SERVERS, Chain
from deploy.local.programs import StackError
from deploy.local.stack import Store

TIMEOUT_S = 2.0
HEALTH_TIMEOUT_S = 5.0
"""The hub gives each of its own checks up to three seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """A store by its own word, and what head office believes about it."""

    name: str
    is_cut: bool
    is_up: bool
    """Whether the agent's process lives; `sync` is empty while it does not answer."""
    sync: dict[str, Any]
    box: dict[str, Any]
    """Empty when head office cannot say anything."""
    alerts: int

    @property
    def head(self) -> int | None:
        return self.sync.get("head")

    @property
    def agent(self) -> str:
        """One word on its agent."""
        return "down" if not self.is_up else str(self.sync.get("state") or "up") if self.sync else "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything at one moment."""

    broker: str
    down: tuple[str, ...]
    """Servers whose process is dead."""
    hub_trouble: str
    """What the hub itself says is wrong, empty when it is well."""
    is_trading: bool
    stores: tuple[StoreStatus, ...]


def look(chain: Chain) -> Status:
    """Ask everybody; what does not answer is told as such."""
    down = tuple(name for name in SERVERS if not chain.is_up(name))
    boxes = {} if "hub" in down else _fleet(chain)
    return Status(
        broker=chain.stack.broker.kind,
        down=down,
        hub_trouble="" if "hub" in down else _trouble(chain),
        is_trading=chain.is_trading,
        stores=tuple(_store(chain, store, boxes.get(store.site_id, {})) for store in list(chain.stores.values())),
    )


def _fleet(chain: Chain) -> dict[str, dict[str, Any]]:
    try:
        answer = chain.stack.get("/api/v1/fleet", timeout_s=TIMEOUT_S)
    except (OSError, StackError):
        return {}
    items = answer.body["items"] if answer.status == 200 else []
    return {box["site_id"]: box for box in items if box["device_state"] == "active"}


def _trouble(chain: Chain) -> str:
    try:
        answer = call("GET", chain.stack.api + "/health", timeout_s=HEALTH_TIMEOUT_S)
    except OSError as error:
        return f"does not answer ({error})"
    checks = (answer.body or {}).get("checks", [])
    return "; ".join(f"{each['name']}: {_found(chain, each)} ({each['remedy']})" for each in checks if not each["ok"])


def _found(chain: Chain, check: dict[str, Any]) -> str:
    """What a check found; which goods are odd, and where, is told to who is logged in only."""
    if check["name"] == "exceptions":
        with suppress(OSError, StackError):
            answer = chain.stack.get("/api/v1/exceptions?state=open&limit=1", timeout_s=TIMEOUT_S)
            newest = answer.body["items"] if answer.status == 200 else []
            return "; ".join([*(each["detail"] for each in newest), check["detail"]])
    return str(check["detail"])


def _store(chain: Chain, store: Store, box: dict[str, Any]) -> StoreStatus:
    is_up = chain.is_up(store.name)
    return StoreStatus(
        name=store.name,
        is_cut=store.name in chain.is_cut,
        is_up=is_up,
        sync=_ask(store, "/api/v1/sync") if is_up else {},
        box=box,
        alerts=len(_ask(store, "/api/v1/inventory/restock-alerts").get("items", [])) if is_up else 0,
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
        return "no word from head office"
    if box["is_live"] and not box["oldest_unsent_age_s"]:
        return "live"
    if box["is_live"]:
        return f"{box['oldest_unsent_age_s']} s behind"
    why = " (head office hears no box)" if box["link"] == "unheard" else ""
    return f"stale since {str(box.get('last_seen') or '')[11:19]} UTC{why}"


def render_plain(status: Status) -> str:
    """One line per store and one for head office, for logs and pipes."""
    lines = []
    for store in status.stores:
        sync, wan = store.sync, "cut" if store.is_cut else "ok"
        lines.append(
            f"{store.name:<6} agent {store.agent:<9} wan {wan:<3} head {_number(store.head):>7} "
            f"acked {_number(sync.get('acked')):>7} pending {_number(sync.get('pending')):>6} | "
            f"hub has {_number(store.box.get('mark')):>7}, {staleness(store)}"
        )
    servers = [f"{name} {'DOWN' if name in status.down else 'up'}" for name in SERVERS]
    lines.append(f"{'  '.join(servers)}  ({status.broker}){'' if status.is_trading else '  no customers'}")
    if status.hub_trouble:
        lines.append(f"hub says: {status.hub_trouble}")
    return "\n".join(lines)


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)
