"""F39: whatever stands in a cursor, a list answers with a page or says that it is none of its own."""

import itertools
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from cloud_hub.errors import NotFound
from cloud_hub.web.app import operations
from cloud_hub.web.paging import PageQuery, make_cursor, parse_cursor
from tests.integration.hub_web.conftest import Client

LISTS = [each for each in operations() if each.query is not None and "cursor" in each.query.model_fields]
FEEDS = {"list_changes", "stream_events"}
"""Their cursor is a place in a past, which may be gone; others' are the keys of rows."""
A_UUID = "00000000-0000-4000-8000-000000000001"
VALUES: tuple[Any, ...] = (1, 2**63, "x", A_UUID)
MOMENTS = ("2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
FORGED = [make_cursor(key) for length in (1, 2) for key in itertools.product(VALUES, repeat=length)] + [
    make_cursor([2**62, A_UUID, A_UUID, 1]), make_cursor([1, "x", "y", 2**63 - 1]), make_cursor(["x", A_UUID, 1]),
    make_cursor([A_UUID, "x", 2**63]), make_cursor([A_UUID, "2026-99-99"]),
    *(make_cursor([at, A_UUID, A_UUID, 1]) for at in MOMENTS),
]  # fmt: skip


async def test_a_forged_cursor_is_no_such_page_of_any_list(admin: Client) -> None:
    for operation in LISTS:
        path = operation.path.removeprefix("/api/v1")
        for name in operation.path_parameters:
            path = path.replace(f"{{{name}}}", A_UUID)
        for cursor in FORGED:
            reply = await admin.get(f"{path}?cursor={cursor}")
            gone = {410} if operation.name in FEEDS else set()
            assert reply.status in {200, 404, 422} | gone, (operation.name, cursor, reply.body)


def test_every_list_was_asked() -> None:
    assert len(LISTS) > 10
    others = [each.name for each in LISTS if each.query is not None and not issubclass(each.query, PageQuery)]
    assert set(others) == FEEDS


def test_a_cursor_holds_what_its_list_sorts_by_and_nothing_else() -> None:
    key = (UUID(A_UUID), date(2026, 1, 2), 5, "name")
    assert parse_cursor(make_cursor(key), (UUID, date, int, str)) == key
    for wrong in ([A_UUID, "2026-01-02", True, "name"], [A_UUID, "2026-01-02", 2**63, "name"], [A_UUID], "x"):
        with pytest.raises(NotFound):
            parse_cursor(make_cursor(wrong), (UUID, date, int, str))


async def test_a_moment_beyond_the_calendar_is_no_error_of_ours(admin: Client) -> None:
    for name, moment in itertools.product(("since", "until"), MOMENTS):
        reply = await admin.get(f"/inventory/movements?{name}={moment.replace('+', '%2B')}")
        assert reply.status in (200, 422), reply.body
