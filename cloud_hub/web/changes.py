"""The change feed: what happened, in one order without gaps, for programs that follow along."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from cloud_hub.domain.event_types import FEED_TYPES, TYPES, visible
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Gone, NotFound
from cloud_hub.services.change_feed import Cursor, Event
from cloud_hub.web.fields import Input, PageLimit, Uuid, View
from cloud_hub.web.fields import Time as TimeText
from cloud_hub.web.operations import Answer, Call, Table
from cloud_hub.web.paging import Cursor as CursorText
from cloud_hub.web.paging import make_cursor, parse_cursor
from cloud_hub.web.times import rfc3339
from cloud_hub.web.views import link

table = Table("changes")

WAIT_S_MAX = 30


def _known(text: str) -> str:
    unknown = set(text.split(",")) - set(FEED_TYPES)
    if unknown:
        raise ValueError(f"expected some of {', '.join(FEED_TYPES)}")
    return text


def _seconds(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4 else value


_ONE_TYPE = "|".join(name.replace(".", r"\.") for name in FEED_TYPES)
_TYPES = {"type": "string", "maxLength": 1_000, "pattern": rf"^({_ONE_TYPE})(,({_ONE_TYPE}))*$"}
Types = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_known), WithJsonSchema(_TYPES)]


class ChangesQuery(Input):
    cursor: CursorText | None = None
    """`next_cursor` of the page before. Left out: from the oldest that is kept, and how everything is now."""
    limit: PageLimit = 100
    types: Types | None = None
    """Names of event types, with commas between them; left out: all that you may hear of."""
    site_id: Uuid | None = None
    wait_s: Annotated[int, Field(ge=0, le=WAIT_S_MAX), BeforeValidator(_seconds)] = 0
    """So many seconds the answer may wait for the next event when there is none."""


class EventView(View):
    id: str
    """The same in a webhook's `webhook-id`: whoever gets both can tell."""
    type: str
    site_id: str | None
    """Null: of the whole chain."""
    occurred_at: TimeText
    recorded_at: TimeText
    data: dict[str, Any]
    """What the event type says: see its name under `webhooks` in this document. Fields only grow."""


class Changes(View):
    items: list[EventView]
    next_cursor: str
    """Always there: ask again with it, also after an empty page."""
    has_more: bool


class EventTypeView(View):
    type: str
    meaning: str
    permission: str
    is_state: bool
    """True: one event per site and subject, the newest, moves to the end; false: every event is kept for 35 days."""


class EventTypes(View):
    items: list[EventTypeView]


@table.add("GET", "/changes", permission=Permission.PRODUCTS_READ, query=ChangesQuery, answer=Changes,
           errors=(Gone, NotFound))  # fmt: skip
async def list_changes(call: Call[ChangesQuery, None]) -> Answer:
    """What happened since a cursor, oldest first: stock, alerts, transfers, counts, reference data"""
    query = call.query
    sites = call.principal.sites_of(query.site_id)
    cursor = None if query.cursor is None else Cursor(*parse_cursor(query.cursor, (int, int)))
    types = None if query.types is None else frozenset(query.types.split(","))
    page = await call.hub.change_feed.read(call.principal, cursor, types, sites, query.limit, query.wait_s)
    following = make_cursor(page.cursor)
    view = Changes(items=[view_of(each) for each in page.items], next_cursor=following, has_more=page.has_more)
    return Answer(view=view, headers=link(call, following))


@table.add("GET", "/changes/types", permission=Permission.PRODUCTS_READ, answer=EventTypes)
async def list_event_types(call: Call[None, None]) -> EventTypes:
    """The kinds of events that you may hear of, and what they mean"""
    known = [(name, TYPES[name]) for name in visible(call.principal.permissions, None)]
    return EventTypes(
        items=[
            EventTypeView(type=name, meaning=kind.meaning, permission=kind.permission, is_state=kind.is_state)
            for name, kind in known
        ]
    )


def view_of(event: Event) -> EventView:
    return EventView(
        id=event.id, type=event.type, site_id=event.site_id, occurred_at=rfc3339(event.occurred_at_ms),
        recorded_at=rfc3339(event.recorded_at_ms), data=event.data,
    )  # fmt: skip
