"""What a person looks at and settles: quarantine, exceptions, lost edits, branches."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Conflict, NotFound
from cloud_hub.services.catalogue import Catalogue
from cloud_hub.storage import repairs
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.products import Product
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.repairs import Before, Branch, Lost, Quarantined, Raised

__all__ = ["Branch", "Lost", "Quarantined", "Raised", "Repairs"]

_MONEY = ("price", "cost")


class Repairs:
    """The use cases of repairs."""

    def __init__(self, database: Database, reads: Reads, catalogue: Catalogue) -> None:
        self._database = database
        self._reads = reads
        self._catalogue = catalogue

    async def quarantine(
        self, site_ids: list[str] | None, after: tuple[UUID, UUID, int] | None, skip: int, limit: int
    ) -> list[Quarantined]:
        """Records that nobody can read yet."""
        return await self._reads.run(repairs.list_quarantine, site_ids, after, skip, limit)

    async def exceptions(
        self, site_ids: list[str] | None, state: str | None, before: Before, skip: int, limit: int
    ) -> list[Raised]:
        """Odd things, newest first."""
        return await self._reads.run(repairs.list_exceptions, site_ids, state, before, skip, limit)

    async def close_exception(self, exception_id: str, who: Principal, now_ms: int) -> Raised:
        """Somebody has dealt with it. Raises NotFound."""
        async with self._database.transaction() as connection:
            known = await repairs.find_exception(connection, exception_id)
            if known is None or (known.site_id is not None and not who.sees(known.site_id)):
                raise NotFound("exception", "no such exception")
            closed = await repairs.close_exception(connection, exception_id, who.name, now_ms)
        assert closed is not None
        return closed

    async def conflicts(
        self, site_ids: list[str] | None, state: str | None, before: Before, skip: int, limit: int
    ) -> list[Lost]:
        """Edits that lost, newest first."""
        return await self._reads.run(repairs.list_conflicts, site_ids, state, before, skip, limit)

    async def restore(self, conflict_id: str, who: Principal, now_ms: int) -> Product:
        """Take the edit that lost after all. Raises NotFound, Conflict, Invalid."""
        async with self._database.transaction() as connection:
            lost = await _open(connection, conflict_id, who)
            if lost.entity == "barcode":
                wanted = lost.lost["product_id"], lost.entity_id, lost.lost["pack_quantity"]
                product = await self._catalogue.take_code(connection, *wanted, now_ms)
            else:
                value = Decimal(lost.lost) if lost.field in _MONEY and lost.lost is not None else lost.lost
                product = await self._catalogue.edit_in(connection, lost.entity_id, {lost.field: value}, None, now_ms)
            await repairs.settle_conflict(connection, conflict_id, "restored", who.name, now_ms)
        return product

    async def accept(self, conflict_id: str, who: Principal, now_ms: int) -> Lost:
        """What was kept stays. Raises NotFound, Conflict."""
        async with self._database.transaction() as connection:
            lost = await _open(connection, conflict_id, who)
            await repairs.settle_conflict(connection, conflict_id, "accepted", who.name, now_ms)
        return replace(lost, state="accepted")

    async def branches(self, site_ids: list[str] | None, before: Before, skip: int, limit: int) -> list[Branch]:
        """Tails of fenced boxes, newest first."""
        return await self._reads.run(repairs.list_branches, site_ids, before, skip, limit)

    async def branch(self, branch_id: str) -> Branch:
        """Raises NotFound."""
        found = await self._reads.run(repairs.find_branch, branch_id)
        if found is None:
            raise NotFound("branch", "no such branch")
        return found


async def _open(connection: Connection, conflict_id: str, who: Principal) -> Lost:
    """The conflict, locked. Raises NotFound, Conflict when it was settled."""
    lost = await repairs.lock_conflict(connection, conflict_id)
    if lost is None or (lost.site_id is not None and not who.sees(lost.site_id)):
        raise NotFound("conflict", "no such conflict")
    if lost.state != "open":
        raise Conflict("settled", f"expected an open conflict, got {lost.state}")
    return lost
