"""What the boxes of stores are told of the people who may log in at them, and what they tell of PINs set there.

A store hears of its own people only, with what a box needs to know them without the hub; of whoever
leaves it, that they left. Call `news` last in the transaction that changes a user: appending
changes takes everybody's lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cloud_hub.domain.permissions import AT_BOXES, BOX_ROLES, GRANTS, Role
from cloud_hub.storage import changes, exceptions, hub_state, users
from cloud_hub.storage.changes import Change
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from cloud_hub.storage.users import User
from sync_protocol import changes as wire
from sync_protocol import facts

AHEAD_MS = 366 * 24 * 3_600_000
"""A PIN set later than this from now was set by a clock that nobody could ever outdo."""
Reach = frozenset[str] | None
"""Sites; None: all."""
_NOWHERE: Reach = frozenset()


def person(user: User, epoch: int) -> wire.Person:
    """A user as the boxes of their sites are told."""
    return wire.Person(
        person_id=user.id, version=(epoch, user.version), username=user.username, email=user.email,
        full_name=user.name, role=user.role, permissions=sorted(GRANTS[Role(user.role)] & AT_BOXES),
        password_hash=user.password_hash, pin_hash=user.pin_hash, pin_set_at=user.pin_set_at_ms,
        badge_hash=None if user.badge_hash is None else user.badge_hash.hex(),
    )  # fmt: skip


async def people_of(connection: Connection, site_id: str) -> list[wire.Person]:
    """Everybody who may log in at a site's box."""
    epoch = await hub_state.epoch(connection)
    found = await users.list_of_site(connection, site_id)
    return [person(user, epoch) for user in found if _reach(user) != _NOWHERE]


async def tell(connection: Connection, before: User | None, after: User, now_ms: int) -> None:
    """Tell the boxes that have to know of a change of a user."""
    await changes.append_all(connection, await news(connection, before, after), now_ms)


async def news(connection: Connection, before: User | None, after: User) -> list[Change]:
    """What is to be appended: who left a site first, for "everywhere" may become a list of sites."""
    was, now = _NOWHERE if before is None else _reach(before), _reach(after)
    epoch = await hub_state.epoch(connection)
    left = wire.Person(person_id=after.id, version=(epoch, after.version), is_active=False)
    told = person(after, epoch)
    if before is not None and was == now and person(replace(before, version=after.version), epoch) == told:
        return []
    return [*_for(_lost(was, now), left), *_for(now, told)]


async def take_pins(
    connection: Connection, origin: Origin, said: Sequence[tuple[int, facts.Pin]], now_ms: int
) -> list[Change]:
    """PINs that people set at a box: theirs everywhere, if the box may say so and none was set after it."""
    if not said:
        return []
    await users.lock(connection)
    told: list[Change] = []
    for sequence, pin in said:
        user = await users.find(connection, pin.person_id)
        if user is None or not _may_set(user, origin) or pin.set_at > now_ms + AHEAD_MS:
            detail = "a PIN of somebody whose PIN this store may not set, or set by a clock that is years ahead"
            await exceptions.raise_exception(
                connection, origin.site_id, "pin_refused", pin.person_id, detail, now_ms=now_ms,
                origin_id=origin.origin_id, sequence=sequence,
            )  # fmt: skip
        elif pin.set_at > user.pin_set_at_ms:
            saved = await users.save(connection, replace(user, pin_hash=pin.pin_hash, pin_set_at_ms=pin.set_at))
            told += await news(connection, user, saved)
    return told


def _may_set(user: User, origin: Origin) -> bool:
    """A stolen box shall let nobody in elsewhere as an administrator."""
    reach = _reach(user)
    return user.role != Role.ADMIN and (reach is None or str(origin.site_id) in reach)


def _reach(user: User) -> Reach:
    """At which boxes they may log in."""
    if user.state != "active" or user.role not in BOX_ROLES:
        return _NOWHERE
    return user.site_ids


def _lost(was: Reach, now: Reach) -> Reach:
    if now is None or was is None:
        return was if now is not None else _NOWHERE
    return was - now


def _for(reach: Reach, told: wire.Person) -> Iterable[Change]:
    fact = wire.change(told)
    return [(None, fact)] if reach is None else [(site_id, fact) for site_id in sorted(reach)]
