"""What people log in with at the boxes of their stores, set by administrators; the boxes hear of it."""

from typing import Annotated

from pydantic import StringConstraints

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, Unavailable
from cloud_hub.web.fields import Input
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.users import UserView, tagged
from sync_protocol.credentials import BADGE_CHARS_MAX, BADGE_CHARS_MIN, PIN_DIGITS_MAX, PIN_DIGITS_MIN

table = Table("people")

_PIN = "/users/{user_id}/pin"
_BADGE = "/users/{user_id}/badge"


class NewPin(Input):
    pin: Annotated[str, StringConstraints(pattern=rf"^[0-9]{{{PIN_DIGITS_MIN},{PIN_DIGITS_MAX}}}$")]


class NewBadge(Input):
    badge: Annotated[str, StringConstraints(pattern=rf"^[\x20-\x7e]{{{BADGE_CHARS_MIN},{BADGE_CHARS_MAX}}}$")]


@table.add("PUT", _PIN, permission=Permission.USERS_WRITE, body=NewPin, answer=UserView,
           errors=(NotFound, Invalid, Unavailable))  # fmt: skip
async def set_pin(call: Call[None, NewPin]) -> Answer:
    """Set the PIN of 4 to 8 digits that a user logs in with at the boxes of their stores"""
    found = await call.hub.box_access.set_pin(call.path["user_id"], call.body.pin, call.principal, call.now_ms)
    return tagged(found)


@table.add("DELETE", _PIN, permission=Permission.USERS_WRITE, answer=UserView, errors=(NotFound,))
async def drop_pin(call: Call[None, None]) -> Answer:
    """Take a user's PIN away, wherever it was set"""
    return tagged(await call.hub.box_access.drop_pin(call.path["user_id"], call.principal, call.now_ms))


@table.add("PUT", _BADGE, permission=Permission.USERS_WRITE, body=NewBadge, answer=UserView,
           errors=(NotFound, Conflict, Invalid))  # fmt: skip
async def set_badge(call: Call[None, NewBadge]) -> Answer:
    """Give a user a badge: the code that scanners read from it logs them in at the boxes of their stores"""
    found = await call.hub.box_access.set_badge(call.path["user_id"], call.body.badge, call.principal, call.now_ms)
    return tagged(found)


@table.add("DELETE", _BADGE, permission=Permission.USERS_WRITE, answer=UserView, errors=(NotFound,))
async def drop_badge(call: Call[None, None]) -> Answer:
    """Take a user's badge away, because it was lost"""
    return tagged(await call.hub.box_access.drop_badge(call.path["user_id"], call.principal, call.now_ms))
