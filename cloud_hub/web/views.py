"""How pages and figures are shown: the `Link` of the next page, quantities and amounts as text."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

from pydantic import BaseModel

from cloud_hub.web.operations import Answer, Call
from cloud_hub.web.paging import next_cursor
from sync_protocol.quantity import format_money, format_quantity

Row = TypeVar("Row")


def listed(
    call: Call[Any, Any],
    view: type[BaseModel],
    rows: Sequence[Row],
    shown: Callable[[Row], BaseModel],
    key: Callable[[Row], Sequence[Any]],
    **beside: Any,
) -> Answer:
    """A page of rows, each as the API shows it, with the way to the next page and what the answer says beside them.

    `key` is what the list is sorted by.
    """
    cursor = next_cursor(rows, call.query.limit, key)
    answer = view(items=[shown(row) for row in rows], next_cursor=cursor, **beside)
    return Answer(view=answer, headers=link(call, cursor))


def link(call: Call[Any, Any], cursor: str | None) -> dict[str, str]:
    """The `Link` header of the next page."""
    if cursor is None:
        return {}
    following = call.request.rel_url.without_query_params("skip").update_query(cursor=cursor)
    return {"Link": f'<{following}>; rel="next"'}


def quantity(thousandths: int | None) -> str | None:
    return None if thousandths is None else format_quantity(thousandths)


@overload
def money(minor: int, currency: str) -> str: ...
@overload
def money(minor: int | None, currency: str | None) -> str | None: ...
def money(minor: int | None, currency: str | None) -> str | None:
    """An amount of a ledger, in its currency's smallest unit, as text."""
    return None if minor is None else format_money(minor, currency or "")


def amount(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}"
