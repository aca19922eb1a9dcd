"""Moving goods between sites from head office: a draft, then each end's writer does its part.

At a site that the hub runs a step is movements and a fact in that site's ledger, as a store's
box writes them; to ship from a store is a command to its box. What a store's box does is
heard from its ledger (`transit.py`), in whatever order the two ends are heard.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import orjson
from uuid_utils import uuid7

from cloud_hub.domain import transfers as rules
from cloud_hub.domain.permissions import Principal
from cloud_hub.domain.posting import Draft
from cloud_hub.domain.transfers import Step
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services import commands
from cloud_hub.services.hub_run import writer_of
from cloud_hub.services.posting import Posting
from cloud_hub.storage import commands as asked
from cloud_hub.storage import products, request_keys, sites, transfers
from cloud_hub.storage.commands import Command
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.sites import Site
from cloud_hub.storage.transfers import Transfer, TransferFilter
from sync_protocol import facts
from sync_protocol.vocabulary import Location

__all__ = ["Asked", "Seen", "Taken", "TransferFilter", "Transferring"]

Goods = Sequence[tuple[str, int]]
"""(product, thousandths)"""


class Asked(NamedTuple):
    """A transfer that somebody wants."""

    from_site: str
    to_site: str
    lines: Goods
    note: str


class Taken(NamedTuple):
    """A step at a site that the hub runs; `lines` None: all that is still in transit."""

    step: Step
    lines: Goods | None = None
    location: str = str(Location.SHELF)
    reason: str = ""
    fault: facts.Fault | None = None
    from_site: str | None = None
    """Where the goods come from, when they are here before any word of their dispatch."""


class Seen(NamedTuple):
    """A transfer, what its source's box was asked, and whether this request had been made before."""

    transfer: Transfer
    command: Command | None = None
    is_replayed: bool = False


class Transferring:
    """The use cases of transfers."""

    def __init__(self, database: Database, reads: Reads, posting: Posting) -> None:
        self._database = database
        self._reads = reads
        self._posting = posting

    async def list(
        self, wanted: TransferFilter, before: tuple[int, str] | None, skip: int, limit: int
    ) -> list[Transfer]:
        """Transfers that begin or end at these sites, newest first."""
        return await self._reads.run(transfers.list_newest, wanted, before, skip, limit)

    async def get(self, transfer_id: str, who: Principal) -> Seen:
        """Raises NotFound, also for a transfer between sites that are not theirs."""
        return await self._reads.run(_seen, transfer_id, who)

    async def create(self, wanted: Asked, key: str, who: Principal, now_ms: int) -> Seen:
        """A draft, or the one that this key made before. Raises NotFound, Conflict, Invalid, Forbidden."""
        who.require_site(wanted.from_site)
        if wanted.from_site == wanted.to_site:
            raise Invalid("to_site", "expected another site than from_site", pointer="/to_site")
        products_wanted = [product for product, _ in wanted.lines]
        if len(set(products_wanted)) != len(products_wanted):
            raise Invalid("twice", "expected each product once", pointer="/lines")
        transfer_id = str(uuid7())
        async with self._database.transaction() as connection:
            for end in ("from_site", "to_site"):
                if await sites.find(connection, getattr(wanted, end)) is None:
                    raise NotFound("site", "no such site", pointer=f"/{end}")
            earlier = await _claim(connection, who, key, wanted, transfer_id, now_ms)
            if earlier is not None:
                return (await _seen(connection, earlier, who))._replace(is_replayed=True)
            await _require_products(connection, products_wanted)
            ends = {"transfer_id": transfer_id, "from_site": wanted.from_site, "to_site": wanted.to_site}
            fields = {**ends, "note": wanted.note, "created_by": who.name}
            await transfers.insert_draft(connection, fields, wanted.lines, now_ms)
            return await _seen(connection, transfer_id, who)

    async def ship(self, transfer_id: str, location: str, key: str, who: Principal, now_ms: int) -> Seen:
        """Send a draft off: at once, or by a command to the source's box. Raises NotFound, Conflict, Invalid."""
        found = await self._end(transfer_id, who)
        source = await self._site(found.from_site)
        if source.kind == "hub":
            return await self.take(transfer_id, Taken(Step.DISPATCHED, location=location), key, who, now_ms)
        async with self._database.transaction() as connection:
            found = await _locked(connection, transfer_id)
            lines = [{"product_id": line.product_id, "quantity": line.requested} for line in found.lines]
            body = {"transfer_id": found.id, "to_site": found.to_site, "lines": lines}
            command = await _command_of(connection, found)
            if command is not None and command.key == key:
                return Seen(found, command, is_replayed=True)
            _require_undecided(command)
            rules.require(found.step, Step.DISPATCHED)
            given = await commands.create_command(
                connection, source.id, "transfer_request", body, key, actor=who.name, now_ms=now_ms
            )
            await transfers.update(connection, found, now_ms, command_id=given.command.id)
            return Seen(found, given.command, given.is_replayed)

    async def cancel(self, transfer_id: str, who: Principal, now_ms: int) -> Seen:
        """Give a draft up. Raises NotFound, Conflict: what was shipped is refused or received."""
        await self._end(transfer_id, who)
        async with self._database.transaction() as connection:
            found = await _locked(connection, transfer_id)
            if found.step != Step.CANCELLED:
                _require_undecided(await _command_of(connection, found))
                rules.require(found.step, Step.CANCELLED)
                await transfers.update(connection, found, now_ms, step=str(Step.CANCELLED), is_open=False)
            return await _seen(connection, transfer_id, who)

    async def take(
        self, transfer_id: str, taken: Taken, key: str, who: Principal, now_ms: int, *, at: Site | None = None
    ) -> Seen:
        """Ship, receive, refuse, close short or take back at a hub-run site. Raises NotFound, Conflict, Invalid.

        `at` receives goods that are here before any word of their dispatch.
        """
        by_source = rules.RULES[taken.step].by_source
        known = await self._reads.run(transfers.find, transfer_id)
        if known is None and at is not None and taken.from_site is not None:
            site = at
        else:
            found = _theirs(known, who, by_source=by_source)
            site = await self._site(found.from_site if by_source else found.to_site)
        if site.kind != "hub":
            raise Conflict("site_has_a_box", "expected a site that the hub runs; a store's box does that itself")
        async with self._database.transaction() as connection:
            # The ledger first, then the transfer: in this order every writer of a site locks the two.
            await writer_of(connection, site.id, now_ms)
            if await _claim(connection, who, key, [transfer_id, taken], transfer_id, now_ms) is not None:
                return (await _seen(connection, transfer_id, who))._replace(is_replayed=True)
            if known is None and taken.from_site is not None:
                await _expect(connection, transfer_id, taken.from_site, site.id, now_ms)
            found = await _locked(connection, transfer_id)
            await _require_step(connection, found, taken)
            await self._post(connection, site, found, taken, key, who, now_ms)
            return await _seen(connection, transfer_id, who)

    async def _post(
        self, connection: Connection, site: Site, found: Transfer, taken: Taken, key: str, who: Principal, now_ms: int
    ) -> None:
        left = found.in_transit
        if taken.step is Step.DISPATCHED:
            left = [(line.product_id, line.requested) for line in found.lines]
        moves = rules.moves(taken.step, found.id, left if taken.lines is None else taken.lines, taken.location)
        if not moves and taken.step is not Step.REFUSED:
            raise Conflict("nothing_in_transit", "expected goods in transit, or lines that say what came")
        note = ": ".join(filter(None, (taken.fault, taken.reason))) or None
        await _require_products(connection, [move.product_id for move in moves])
        drafts = [Draft(**move._asdict(), document=found.id, note=note) for move in moves]
        told = facts.Transfer(
            occurred_at=now_ms, actor=who.name, transfer_id=found.id, from_site=found.from_site,
            to_site=found.to_site, step=taken.step.value, reason=taken.reason or None, fault=taken.fault,
        )  # fmt: skip
        await self._posting.post_in(
            connection, site.id, drafts, key, actor=who.name, now_ms=now_ms, facts=[facts.fact(told)]
        )

    async def _end(self, transfer_id: str, who: Principal) -> Transfer:
        """A transfer whose source is theirs."""
        return _theirs(await self._reads.run(transfers.find, transfer_id), who, by_source=True)

    async def _site(self, site_id: str) -> Site:
        site = await self._reads.run(sites.find, site_id)
        if site is None:
            raise NotFound("site", "no such site")
        return site


def _theirs(found: Transfer | None, who: Principal, *, by_source: bool) -> Transfer:
    """Raises NotFound for a transfer that they cannot see, Forbidden when this end is not theirs."""
    if found is None or not (who.sees(found.from_site) or who.sees(found.to_site)):
        raise NotFound("transfer", "no such transfer")
    who.require_site(found.from_site if by_source else found.to_site)
    return found


async def _seen(connection: Connection, transfer_id: str, who: Principal) -> Seen:
    found = await transfers.find(connection, transfer_id)
    if found is None or not (who.sees(found.from_site) or who.sees(found.to_site)):
        raise NotFound("transfer", "no such transfer")
    return Seen(found, await _command_of(connection, found))


async def _command_of(connection: Connection, found: Transfer) -> Command | None:
    """What the source's box was asked last."""
    return None if found.command_id is None else await asked.find(connection, found.command_id)


async def _locked(connection: Connection, transfer_id: str) -> Transfer:
    found = await transfers.lock(connection, transfer_id)
    if found is None:
        raise NotFound("transfer", "no such transfer")
    return found


async def _claim(
    connection: Connection, who: Principal, key: str, body: object, transfer_id: str, now_ms: int
) -> str | None:
    return await request_keys.claim(
        connection, who.id, key, sha256(orjson.dumps(body, default=tuple)).digest(), transfer_id, now_ms
    )


async def _expect(connection: Connection, transfer_id: str, from_site: str, to_site: str, now_ms: int) -> None:
    """Goods are here before any word of their dispatch: take their transfer down."""
    if from_site == to_site or await sites.find(connection, from_site) is None:
        raise NotFound("site", "expected another site that there is", pointer="/from_site")
    told = facts.Transfer(
        occurred_at=now_ms, transfer_id=transfer_id, from_site=from_site, to_site=to_site, step="received"
    )
    await transfers.tell(connection, told, now_ms)


async def _require_step(connection: Connection, found: Transfer, taken: Taken) -> None:
    if taken.step is Step.RECEIVED and found.step == Step.DRAFT and taken.lines is not None:
        source = await sites.find(connection, found.from_site)
        if source is not None and source.kind == "edge":
            return  # its box shipped and has not been heard since
    rules.require(found.step, taken.step)


def _require_undecided(command: Command | None) -> None:
    """Raises Conflict while the source's box may still ship because of an earlier request."""
    if command is not None and command.status == "pending":
        raise Conflict("command_pending", "expected a draft that the store's box was not asked to ship")


async def _require_products(connection: Connection, product_ids: Sequence[str]) -> None:
    known = {product.id for product in await products.list_by_ids(connection, sorted(set(product_ids)))}
    for index, product_id in enumerate(product_ids):
        if product_id not in known:
            raise NotFound("product", f"line {index}: no such product", pointer=f"/lines/{index}/product_id")
