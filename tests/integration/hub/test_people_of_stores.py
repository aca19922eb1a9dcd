"""PINs that people set at their store's box, and what managers allowed there: what head office makes of them."""

from typing import Any
from uuid import uuid4

import pytest

from sync_protocol import facts
from tests.integration.hub.conftest import START_MS, Box, HubCore


async def add_user(hub: HubCore, role: str = "staff", sites: list[str] | None = None, pin_set_at: int = 0) -> str:
    user = str(uuid4())
    await hub.rows(
        "INSERT INTO users (id, username, role, site_ids, is_everywhere, created_at, pin_hash, pin_set_at)"
        " VALUES ($1, $2, $3, $4, $5, 0, 'old', $6)",
        user, f"u-{user}", role, sites or [], sites is None, pin_set_at,
    )  # fmt: skip
    return user


def set_pin(box: Box, user: str, pin_hash: str, set_at: int) -> None:
    told = facts.Pin(occurred_at=START_MS, clock_offset=0, actor="u", person_id=user, pin_hash=pin_hash, set_at=set_at)
    box.write(facts.fact(told))


async def pin_of(hub: HubCore, user: str) -> Any:
    [row] = await hub.rows("SELECT pin_hash, pin_set_at FROM users WHERE id = $1", user)
    return row


async def test_a_pin_set_at_a_box_is_told_to_all_stores_of_that_person(hub: HubCore) -> None:
    box, other = await hub.make_box(), await hub.make_box()
    user = await add_user(hub, sites=[box.site_id, other.site_id])
    set_pin(box, user, "new", START_MS)

    await box.connect()

    assert await pin_of(hub, user) == ("new", START_MS)
    told = "SELECT site_id::text, body ->> 'pin_hash' FROM changes WHERE kind = 'person' ORDER BY site_id"
    assert await hub.rows(told) == [(site, "new") for site in sorted((box.site_id, other.site_id))]


async def test_of_two_pins_the_later_holds_whichever_is_heard_first(hub: HubCore) -> None:
    box = await hub.make_box()
    user = await add_user(hub, sites=[box.site_id], pin_set_at=START_MS + 1)
    set_pin(box, user, "older", START_MS)

    await box.connect()

    assert await pin_of(hub, user) == ("old", START_MS + 1)
    assert await hub.rows("SELECT kind FROM changes WHERE kind = 'person'") == []


@pytest.mark.parametrize("why", ["an administrator", "of another store", "unknown", "years ahead"])
async def test_a_pin_that_a_store_may_not_set_is_raised_and_changes_nothing(hub: HubCore, why: str) -> None:
    box = await hub.make_box()
    user = await add_user(
        hub, role="admin" if why == "an administrator" else "staff",
        sites=[str(uuid4())] if why == "of another store" else None,
    )  # fmt: skip
    named = str(uuid4()) if why == "unknown" else user
    set_pin(box, named, "new", START_MS * 3 if why == "years ahead" else START_MS)

    await box.connect()

    assert await pin_of(hub, user) == ("old", 0)
    assert "pin_refused" in await hub.exceptions(box.site_id)


async def test_what_a_manager_allowed_is_in_the_audit(hub: HubCore) -> None:
    box = await hub.make_box()
    told = facts.Approval(
        occurred_at=START_MS, actor="anna", approval_id=str(uuid4()), approved_by="boss", operation="adjust", key="k1"
    )
    box.write(facts.fact(told))

    await box.connect()

    assert await hub.rows("SELECT actor, action, entity, detail ->> 'asked_by' FROM audit") == [
        ("boss", "approved adjust", f"/sites/{box.site_id}", "anna")
    ]
