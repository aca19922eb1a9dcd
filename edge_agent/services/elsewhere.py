"""What other sites have of a product: asked of head office while somebody looks, and kept for when the line is down.

A look-up is all that asks: nothing is fetched ahead, an answer is good for a minute, two people who look at one
thing ask once. When head office does not answer, what it said last is told with its age, and for half a
minute nobody waits for it again. Nothing is ever booked by these figures.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, NamedTuple

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.errors import EdgeError, Unavailable
from edge_agent.storage import elsewhere
from edge_agent.storage.database import Database

log = structlog.get_logger(__name__)

GOOD_FOR_MS = 60_000
PATIENCE_S = 3.0
QUIET_S = 30.0
SITES_MAX = 50
AT_ONCE_MAX = 20
"""Products that are asked for at a time: beyond, somebody is not looking at shelves."""
Ask = Callable[[str], Awaitable[bytes]]
_Short = Annotated[str, Field(max_length=64)]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class KnownTo(_Told):
    """Up to where head office knows a site's ledger, and when it last heard of it."""

    position: Annotated[int, Field(ge=0)]
    last_heard: _Short | None = None
    is_live: bool


class Level(_Told):
    site_id: _Short
    on_hand: Annotated[str, Field(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,3})?$")]
    available: Annotated[str, Field(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,3})?$")]
    as_of: KnownTo


class Told(_Told):
    """Head office's answer."""

    items: Annotated[list[Level], Field(max_length=SITES_MAX)]
    told_at: _Short


class Seen(NamedTuple):
    """What is known here; `is_current` False: head office did not answer now, it is what it said before."""

    told: Told | None
    is_current: bool


class Elsewhere:
    """Asks, keeps, and tells what it has. `ask` raises EdgeError."""

    def __init__(self, database: Database, ask: Ask, *, patience_s: float = PATIENCE_S) -> None:
        self._database, self._ask, self._patience_s = database, ask, patience_s
        self._asking: dict[str, asyncio.Task[Told | None]] = {}
        self._quiet_until = 0.0

    async def of(self, product_id: str, now_ms: int) -> Seen:
        """What other sites have of it, as far as anybody can say now."""
        kept = await self._database.read(elsewhere.find, product_id)
        if kept is not None and 0 <= now_ms - kept[1] < GOOD_FOR_MS:
            return Seen(Told.model_validate_json(kept[0]), is_current=True)
        told = await self._ask_once(product_id, now_ms)
        if told is not None:
            return Seen(told, is_current=True)
        return Seen(None if kept is None else Told.model_validate_json(kept[0]), is_current=False)

    async def _ask_once(self, product_id: str, now_ms: int) -> Told | None:
        """None: head office does not answer."""
        task = self._asking.get(product_id)
        if task is None:
            if asyncio.get_running_loop().time() < self._quiet_until or len(self._asking) >= AT_ONCE_MAX:
                return None
            task = asyncio.create_task(self._fetch(product_id, now_ms))
            self._asking[product_id] = task
            task.add_done_callback(lambda _: self._asking.pop(product_id, None))
        # One who looks away does not take the answer from the other.
        return await asyncio.shield(task)

    async def _fetch(self, product_id: str, now_ms: int) -> Told | None:
        try:
            async with asyncio.timeout(self._patience_s):
                told = Told.model_validate_json(await self._ask(product_id))
        except (TimeoutError, EdgeError, ValidationError) as error:
            log.info("other sites' stock is not known now", reason=str(error)[:200])
            if not isinstance(error, ValidationError):
                self._quiet_until = asyncio.get_running_loop().time() + QUIET_S
            return None
        with suppress(Unavailable):  # a full disk keeps nobody from being told
            await self._database.write(elsewhere.keep, product_id, told.model_dump_json(), now_ms)
        return told


async def nobody_to_ask(_product_id: str) -> bytes:
    """Of a box without a head office. Raises Unavailable."""
    raise Unavailable("hub_unreachable", "expected a head office to ask, there is none")
