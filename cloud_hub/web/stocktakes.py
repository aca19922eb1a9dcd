"""B02, F26: stocktakes of all stores and their lines, as the stores' boxes have told them; counted there, read here."""

from typing import Any, Literal
from uuid import UUID

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import NotFound
from cloud_hub.services.store_work import CountLine, Stocktake, StocktakeFilter
from cloud_hub.web.fields import QuantityText, Time, Uuid, View
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import PageQuery
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import listed, quantity

table = Table("stock")

_ONE = "/stocktakes/{stocktake_id}"


class StocktakeView(View):
    id: str
    site_id: str
    name: str
    state: str
    """open or closed."""
    lines: int
    """How many have been counted."""
    differing: int | None
    """Lines of which the ledger had another quantity; null for those who count blind."""
    ambiguous: int
    """Lines that nobody can judge, because sales of the same moment came later: count those again."""
    opened_at: Time
    updated_at: Time


class Stocktakes(View):
    items: list[StocktakeView]
    next_cursor: str | None


class CountLineView(View):
    id: str
    product_id: str
    location: str
    counted: QuantityText
    """What lay there."""
    expected: QuantityText | None
    """What the ledger said when the line was decided; null, like the variance, for those who count blind."""
    variance: QuantityText | None
    """Counted less expected, as sales that came later have revised it."""
    status: str
    """posted, or ambiguous: then nothing was changed by it."""
    revisions: int
    """How often a sale that came later has changed the variance."""
    counted_at: Time


class CountLines(View):
    items: list[CountLineView]
    next_cursor: str | None


class StocktakesQuery(PageQuery):
    site_id: Uuid | None = None
    state: Literal["open", "closed"] | None = None


class CountLinesQuery(PageQuery):
    product_id: Uuid | None = None
    status: Literal["posted", "ambiguous"] | None = None


@table.add("GET", "/stocktakes", permission=Permission.STOCK_READ, query=StocktakesQuery, answer=Stocktakes)
async def list_stocktakes(call: Call[StocktakesQuery, None]) -> Answer:
    """Stocktakes of your stores, newest first"""
    query = call.query
    wanted = StocktakeFilter(call.principal.sites_of(query.site_id), query.state)
    rows = await call.hub.store_work.stocktakes(wanted, query.after(int, UUID), query.skip, query.limit)
    return listed(call, Stocktakes, rows, lambda row: _stocktake(call, row), lambda row: (row.opened_at_ms, row.id))


@table.add("GET", _ONE, permission=Permission.STOCK_READ, answer=StocktakeView, errors=(NotFound,))
async def get_stocktake(call: Call[None, None]) -> StocktakeView:
    """One stocktake"""
    return _stocktake(call, await call.hub.store_work.stocktake(call.path["stocktake_id"], call.principal))


@table.add("GET", f"{_ONE}/lines", permission=Permission.STOCK_READ, query=CountLinesQuery, answer=CountLines,
           errors=(NotFound,))  # fmt: skip
async def list_count_lines(call: Call[CountLinesQuery, None]) -> Answer:
    """What was counted, the last first"""
    query = call.query
    filters = {"product_id": query.product_id, "status": query.status}
    rows = await call.hub.store_work.lines(
        call.path["stocktake_id"], filters, query.after(int, UUID), query.skip, query.limit, call.principal
    )
    return listed(call, CountLines, rows, lambda row: _line(call, row), lambda row: (row.counted_at_ms, row.id))


def _sees_expected(call: Call[Any, Any]) -> bool:
    return call.principal.may(Permission.COUNTS_EXPECTED)


def _stocktake(call: Call[Any, Any], found: Stocktake) -> StocktakeView:
    return StocktakeView(
        id=found.id, site_id=found.site_id, name=found.name, state=found.state, lines=found.lines,
        differing=found.differing if _sees_expected(call) else None, ambiguous=found.ambiguous,
        opened_at=rfc3339(found.opened_at_ms), updated_at=rfc3339(found.updated_at_ms),
    )  # fmt: skip


def _line(call: Call[Any, Any], line: CountLine) -> CountLineView:
    is_shown = _sees_expected(call)
    return CountLineView(
        id=line.id, product_id=line.product_id, location=line.location, counted=quantity(line.counted),
        expected=quantity(line.expected) if is_shown else None,
        variance=quantity(line.variance) if is_shown else None, status=line.status, revisions=line.revisions,
        counted_at=rfc3339(line.counted_at_ms),
    )  # fmt: skip
