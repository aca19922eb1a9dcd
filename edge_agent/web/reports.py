"""The store's own figures: its day, its lots that end, and what is to be counted."""

import sqlite3
from collections import Counter
from typing import Annotated

from aiohttp import web
from pydantic import Field

from edge_agent.domain.people import REPORTS_READ
from edge_agent.domain.store_rules import days_later
from edge_agent.services import count_planning, daybook
from edge_agent.services.daybook import Day as StoreDay
from edge_agent.services.daybook import Figures
from edge_agent.services.once import Answer
from edge_agent.services.ruling import rules_of, today
from edge_agent.storage import catalogue, lots
from edge_agent.web import render
from edge_agent.web.body import Day, Key, Limit, Number, Query
from edge_agent.web.context import answer, now_ms, store_of
from edge_agent.web.inventory import as_of
from edge_agent.web.operations import Table
from edge_agent.web.views.values import Items
from edge_agent.web.views.work import DayView, DueView, LotList

TABLE = Table("reports")


class DayQuery(Query):
    day: Day | None = None
    """Left out: today."""


class LotQuery(Query):
    product_id: Key | None = None
    within_days: Annotated[int, Field(ge=0, le=3_650), Number] | None = None
    """Lots that are good for no longer than so many days; left out: as alerts are set."""
    limit: Limit = 100


class DueQuery(Query):
    limit: Limit | None = None
    """Left out: a day's share."""


@TABLE.add("GET", "/reports/day", access=REPORTS_READ, answer=DayView)
async def get_day(request: web.Request, query: DayQuery) -> web.Response:
    """What was sold, returned, received, lost, counted and raised on a day of the store."""
    return answer(await store_of(request).database.read(_day, query.day))


@TABLE.add("GET", "/inventory/lots", answer=LotList)
async def get_lots(request: web.Request, query: LotQuery) -> web.Response:
    """The lots of a product, or all that end soon, the first to expire first."""
    return answer(await store_of(request).database.read(_lots, query))


@TABLE.add("GET", "/count-plan", answer=Items[DueView])
async def get_count_plan(request: web.Request, query: DueQuery) -> web.Response:
    """What is to be counted now, the most pressing first."""
    return answer(await store_of(request).database.read(_due, query.limit))


def _day(connection: sqlite3.Connection, day: str | None) -> Answer:
    found = daybook.day_of_store(connection, day, now_ms())
    return {
        "day": found.day, "is_today": found.is_today, "position": found.position, "as_of": as_of(connection),
        "sales": _figures(found, "sale"), "returns": _figures(found, "return"), "receipts": _figures(found, "receipt"),
        "taken_back": found.taken_back, "deliveries": found.deliveries,
        "waste": {str(reason): _figures(found, reason) for reason in daybook.LOSSES},
        "transfers": {reason: _figures(found, reason) for reason in ("transfer_out", "transfer_in")},
        "corrections": _figures(found, "correction"), "count_variance": _figures(found, "count"),
        "counts": {
            status: {"lines": lines, "products": products, "variance": render.quantity(variance)}
            for status, (lines, products, variance) in found.counts.items()
        },
        "best_selling": [
            {"product_id": each.product_id, "name": each.name, "quantity": render.quantity(each.quantity)}
            for each in found.best_selling
        ],
        "people": found.people, "alerts": {rule: dict(states) for rule, states in found.alerts.items()},
        "open_tasks": found.open_tasks,
    }  # fmt: skip


def _figures(day: StoreDay, reason: str) -> Answer:
    found = day.by_reason.get(reason, Figures())
    return {"movements": found.movements, "quantity": render.quantity(found.quantity),
            "value": _money(found.value), "cost": _money(found.cost)}  # fmt: skip


def _money(by_currency: Counter[str]) -> dict[str, str | None]:
    return {currency: render.money(minor, currency) for currency, minor in sorted(by_currency.items())}


def _lots(connection: sqlite3.Connection, query: LotQuery) -> Answer:
    day = today(connection, now_ms())
    if query.product_id is not None:
        found = [(query.product_id, each) for each in lots.of_product(connection, query.product_id)]
        found.sort(key=lambda row: (row[1].lot.expiry or "9999", row[1].lot.lot, row[1].location))
    else:
        days = rules_of(connection).alert_threshold_days if query.within_days is None else query.within_days
        found = lots.ending(connection, days_later(day, days), query.limit)
    items = []
    for product_id, each in found[: query.limit]:
        product = catalogue.find_product(connection, product_id)
        shown = {"product_id": product_id, "name": None if product is None else product.name}
        is_expired = bool(each.lot.expiry) and each.lot.expiry < day
        items.append(shown | render.holding(each) | {"is_expired": is_expired})
    return {"day": day, "items": items, "as_of": as_of(connection)}


def _due(connection: sqlite3.Connection, limit: int | None) -> Answer:
    items = []
    for due in count_planning.list_due(connection, now_ms(), limit):
        product = catalogue.find_product(connection, due.product_id)
        assert product is not None
        items.append({
            "product_id": due.product_id, "sku": product.sku, "name": product.name, "rank": due.rank,
            "due_at": render.time(due.due_at), "last_counted_at": render.time(due.last_counted_at),
        })  # fmt: skip
    return {"items": items}
