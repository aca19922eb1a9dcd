"""Changing stock from head office: a command to a store's box, or a posting to a hub-run site.

Only a site's own writer changes its ledger. The caller's idempotency key travels with the
command and with the movement, so asking again has no second effect, for ever.
"""

from typing import Any, NamedTuple

from cloud_hub.domain.permissions import Principal
from cloud_hub.domain.posting import ARCHIVED, Draft
from cloud_hub.domain.posting_requests import Posted
from cloud_hub.domain.routes import is_allowed, other_side
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services import commands
from cloud_hub.services.posting import Posting
from cloud_hub.storage import products
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.products import Product
from cloud_hub.storage.sites import Site
from sync_protocol.vocabulary import Location, Reason


class Adjustment(NamedTuple):
    """A change of one location of one product: by `delta`, or to the quantity `set_to`."""

    product_id: str
    delta: int | None = None
    set_to: int | None = None
    location: str = str(Location.SHELF)
    reason: str = str(Reason.CORRECTION)
    note: str | None = None
    expected_quantity: int | None = None
    expires_at: int | None = None

    @property
    def is_more(self) -> bool:
        """Whether it adds; what is set (a count) may do either."""
        return self.delta is not None and self.delta > 0


class Adjusted(NamedTuple):
    """What an adjustment made; no movement when the place already held `set_to`."""

    movement_id: str | None
    position: int | None
    quantity: int
    replayed: bool


class Adjusting:
    """The use cases of stock changes."""

    def __init__(self, database: Database, posting: Posting) -> None:
        self._posting = posting
        self._database = database

    async def ask(self, site: Site, asked: Adjustment, key: str, who: Principal, now_ms: int) -> commands.Given:
        """Give a store's box the command to adjust; with the same key, the command given before."""
        body: dict[str, Any] = {
            "product_id": asked.product_id,
            "location": asked.location,
            "reason": asked.reason,
            **{name: getattr(asked, name) for name in ("delta", "set_to", "note") if getattr(asked, name) is not None},
        }
        async with self._database.transaction() as connection:
            await require_product(connection, asked.product_id, is_more=asked.is_more)
            return await commands.create_command(
                connection, site.id, "adjust", body, key, actor=who.name, expected_quantity=asked.expected_quantity,
                expires_at=asked.expires_at, now_ms=now_ms,
            )  # fmt: skip

    async def adjust(self, site: Site, asked: Adjustment, key: str, who: Principal, now_ms: int) -> Adjusted:
        """Adjust a hub-run site at once. Raises NotFound, Conflict, Invalid; then nothing was changed."""
        is_increase = asked.delta > 0 if asked.delta is not None else True
        outside = other_side(asked.reason, is_increase=is_increase)
        if outside is None or (asked.set_to is not None and other_side(asked.reason, is_increase=False) != outside):
            raise Conflict("route", f"{asked.reason} cannot change {asked.location} this way")
        source, target = (outside, asked.location) if is_increase else (asked.location, outside)
        draft = Draft(
            product_id=asked.product_id, from_location=source, to_location=target, reason=asked.reason, note=asked.note,
            quantity=None if asked.delta is None else abs(asked.delta), set_to=asked.set_to,
            expected_quantity=asked.expected_quantity, is_of_active=asked.is_more,
        )  # fmt: skip
        posted = await self._posting.post(site.id, [draft], key, actor=who.name, now_ms=now_ms)
        (row,) = posted.rows
        held = posted.levels[f"{asked.product_id}:{asked.location}"]
        return Adjusted(row.movement_id, row.position, held, posted.is_replayed)

    async def post(
        self, site: Site, rows: list[dict[str, Any]], key: str, who: Principal, now_ms: int, *, all_or_none: bool
    ) -> Posted:
        """Post movements to a hub-run site. Raises NotFound, Conflict, Invalid; then nothing was changed."""
        require_postable(site, rows)
        drafts = [Draft(**row) for row in rows]
        return await self._posting.post(site.id, drafts, key, actor=who.name, now_ms=now_ms, all_or_none=all_or_none)

    async def post_in(
        self, connection: Connection, site_id: str, rows: list[dict[str, Any]], key: str, *, actor: str, now_ms: int,
        all_or_none: bool,
    ) -> Posted:  # fmt: skip
        """The same of rows that are postable, in another use case's transaction, which ends if this raises."""
        drafts = [Draft(**row) for row in rows]
        return await self._posting.post_in(
            connection, site_id, drafts, key, actor=actor, now_ms=now_ms, all_or_none=all_or_none
        )


def require_postable(site: Site, rows: list[dict[str, Any]]) -> None:
    """What can be said of movements before the ledger is looked at. Raises Conflict."""
    if site.kind != "hub":
        raise Conflict("site_has_a_box", "expected a site that the hub runs; ask a store's box by /inventory/adjust")
    for index, row in enumerate(rows):
        if not is_allowed(row["from_location"], row["to_location"], row["reason"]):
            detail = f"movement {index}: {row['reason']} cannot go from {row['from_location']} to {row['to_location']}"
            raise Conflict("route", detail, pointer=f"/movements/{index}")


async def require_product(connection: Connection, product_id: str, *, is_more: bool = True) -> Product:
    """Raises NotFound; Conflict for an archived one of which there would be more (what is left may be taken away)."""
    product = await products.find(connection, product_id)
    if product is None:
        raise NotFound("product", "no such product")
    if product.lifecycle == "archived" and is_more:
        raise Conflict("archived", ARCHIVED)
    return product
