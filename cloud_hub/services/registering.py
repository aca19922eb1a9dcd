"""Origins that come into being at the hub: by enrolment, by take-over, or by a certificate.

A restored hub has forgotten boxes that were enrolled after its backup; each presents the
certificate that this hub's key has signed, and is known again. Opening a successor closes
its predecessor in the same transaction, whatever brought it.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any
from uuid import UUID

from uuid_utils import uuid7

from cloud_hub.storage import devices, exceptions, origins
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from sync_protocol import chain
from sync_protocol.batch import Verify
from sync_protocol.errors import BadCertificate
from sync_protocol.handshake import Verdict
from sync_protocol.keys import Claims, Opened, Predecessor, read_certificate
from sync_protocol.messages import Hello

BEFORE_MAX = 32
"""Take-overs since the last verified backup that a certificate tells: what CERTIFICATE_CHARS_MAX has room for."""


def new_id() -> str:
    """A time-ordered id."""
    return str(uuid7())


async def find_or_register(
    connection: Connection, hellos: Sequence[Hello], verify: Verify, now_ms: int
) -> list[Origin | None]:
    """The origin of each Hello, locked; registered by its certificate when the database has forgotten it."""
    known = await origins.lock_all(connection, [hello.origin_id for hello in hellos])
    found = [known.get(hello.origin_id) or await _register(connection, hello, verify, now_ms) for hello in hellos]
    return [
        origin if origin is not None and str(origin.site_id) == hello.site_id else None
        for hello, origin in zip(hellos, found, strict=True)
    ]


async def _register(connection: Connection, hello: Hello, verify: Verify, now_ms: int) -> Origin | None:
    try:
        claims = read_certificate(hello.certificate, verify)
    except BadCertificate:
        return None
    if (claims.site_id, claims.device_id, claims.origin_id) != (hello.site_id, hello.device_id, hello.origin_id):
        return None
    await exceptions.raise_exception(
        connection, claims.site_id, "known_by_certificate", claims.origin_id,
        "an origin that this database did not know presented this hub's certificate", now_ms=now_ms,
    )  # fmt: skip
    await register(connection, claims, now_ms)
    return await origins.lock(connection, hello.origin_id)


async def register(connection: Connection, claims: Claims, now_ms: int) -> None:
    """Open the origin that a certificate names, after those before it that this database has forgotten."""
    named: list[Claims | Opened] = [*(claims.before or []), claims]
    for each in named:
        await _open(connection, claims.site_id, each, now_ms)
    await origins.set_writer(connection, claims.site_id, claims.origin_id)


async def register_again(connection: Connection, certificates: Sequence[str], verify: Verify, now_ms: int) -> None:
    """Take-overs that a restored database has forgotten: before a box of a closed origin is heard as if it were not."""
    named = [read_certificate(certificate, verify) for certificate in certificates]
    known = await origins.lock_all(connection, [claims.origin_id for claims in named])
    for claims in named:
        if claims.origin_id not in known:
            await register(connection, claims, now_ms)
            # Its box has spoken, if not to this database: it is waited for no more, and given to none.
            await origins.mark_spoken(connection, claims.origin_id)
            await exceptions.raise_exception(
                connection, claims.site_id, "take_over_remembered", claims.origin_id,
                "a take-over is newer than this database: what its boxes had sent is asked for again", now_ms=now_ms,
            )  # fmt: skip


async def closing(connection: Connection, origin: Origin) -> dict[str, Any]:
    """What the certificate of a take-over says of the origin that it closes where it stands, and of those before it."""
    predecessor = Predecessor(origin_id=str(origin.origin_id), position=origin.mark, hash=origin.chain_hash.hex())
    return {"predecessor": predecessor, "before": await _unsaved(connection, origin)}


async def past(connection: Connection, origin: Origin) -> dict[str, Any]:
    """The same for the certificate of an origin that was opened already."""
    before = None if origin.predecessor_origin is None else await origins.find(connection, origin.predecessor_origin)
    unsaved = None if before is None else await _unsaved(connection, before)
    return {"predecessor": _predecessor(origin), "before": unsaved}


async def _unsaved(connection: Connection, newest: Origin) -> list[Opened] | None:
    """The origins up to this one that no verified backup knows of; one that has a safe mark is in one."""
    found = [
        Opened(
            origin_id=str(each.origin_id), device_id=str(each.device_id), public_key=bytes(each.public_key).hex(),
            predecessor=_predecessor(each),
        )
        for each in takewhile(lambda each: not each.safe_mark, [newest, *await origins.list_before(connection, newest)])
    ]  # fmt: skip
    return found[:BEFORE_MAX][::-1] or None


async def _open(connection: Connection, site_id: str, named: Claims | Opened, now_ms: int) -> None:
    """An origin as it was certified; the one before it is closed."""
    await devices.recall(connection, named.device_id, site_id, bytes.fromhex(named.public_key), now_ms)
    if named.predecessor is not None:
        await origins.save_state(connection, named.predecessor.origin_id, "closed", now_ms)
    await origins.insert_origin(
        connection, site_id=site_id, origin_id=named.origin_id, device_id=named.device_id,
        public_key=bytes.fromhex(named.public_key), mark=0, opened_at=now_ms,
        chain_hash=chain.genesis(site_id, named.origin_id), **_before(named.predecessor),
    )  # fmt: skip
    if named.predecessor is not None:
        # The newest certificate knows best where an origin ended: what was given up since stays given up.
        end = named.predecessor
        await origins.cut(connection, end.origin_id, end.position, bytes.fromhex(end.hash))


async def note_fence(connection: Connection, origin: Origin, verdict: Verdict, now_ms: int) -> None:
    """A person has to decide about this box; a clone leaves the live box its session."""
    await exceptions.raise_exception(
        connection, origin.site_id, f"fenced_{verdict}", str(origin.origin_id),
        "a box was fenced: confirm which box survives, or take over", now_ms=now_ms, origin_id=origin.origin_id,
    )  # fmt: skip


def _predecessor(origin: Origin) -> Predecessor | None:
    if origin.predecessor_origin is None or origin.predecessor_position is None or origin.predecessor_hash is None:
        return None
    return Predecessor(
        origin_id=str(origin.predecessor_origin), position=origin.predecessor_position,
        hash=origin.predecessor_hash.hex(),
    )  # fmt: skip


def _before(before: Predecessor | None) -> dict[str, UUID | int | bytes | None]:
    return {
        "predecessor_origin": UUID(before.origin_id) if before else None,
        "predecessor_position": before.position if before else None,
        "predecessor_hash": bytes.fromhex(before.hash) if before else None,
    }
