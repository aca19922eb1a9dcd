"""Origins that come into being at the hub: by enrolment, by take-over, or by a certificate.

A restored hub has forgotten boxes that were enrolled after its backup; each presents the
certificate that this hub's key has signed, and is known again. Opening a successor closes
its predecessor in the same transaction, whatever brought it.
"""

from uuid import UUID

from uuid_utils import uuid7

from cloud_hub.storage import exceptions, origins
from cloud_hub.storage.database import Connection
from cloud_hub.storage.origins import Origin
from sync_protocol import chain
from sync_protocol.batch import Verify
from sync_protocol.errors import BadCertificate
from sync_protocol.handshake import Verdict
from sync_protocol.keys import Claims, Predecessor, read_certificate
from sync_protocol.messages import Hello


def new_id() -> str:
    """A time-ordered id."""
    return str(uuid7())


async def find_or_register(connection: Connection, hello: Hello, verify: Verify, now_ms: int) -> Origin | None:
    """The origin of a Hello, locked; registered by its certificate when the database has forgotten it."""
    origin = await origins.lock(connection, hello.origin_id)
    if origin is not None:
        return origin if str(origin.site_id) == hello.site_id else None
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
    """Open the origin that a certificate names, and close the one before it."""
    before = claims.predecessor
    await origins.add_device(
        connection, id=claims.device_id, site_id=claims.site_id, name=claims.device_id,
        public_key=bytes.fromhex(claims.public_key), enrolled_at=claims.issued_at,
    )  # fmt: skip
    if before is not None:
        await origins.save_state(connection, before.origin_id, "closed", now_ms)
    await origins.insert_origin(
        connection, site_id=claims.site_id, origin_id=claims.origin_id, device_id=claims.device_id,
        public_key=bytes.fromhex(claims.public_key), mark=0, opened_at=now_ms,
        chain_hash=chain.genesis(claims.site_id, claims.origin_id), **_before(before),
    )  # fmt: skip
    await origins.set_writer(connection, claims.site_id, claims.origin_id)


async def note_fence(connection: Connection, origin: Origin, verdict: Verdict, now_ms: int) -> None:
    """A person has to decide about this box; a clone leaves the live box its session."""
    await exceptions.raise_exception(
        connection, origin.site_id, f"fenced_{verdict}", str(origin.origin_id),
        "a box was fenced: confirm which box survives, or take over", now_ms=now_ms, origin_id=origin.origin_id,
    )  # fmt: skip


def _before(before: Predecessor | None) -> dict[str, UUID | int | bytes | None]:
    return {
        "predecessor_origin": UUID(before.origin_id) if before else None,
        "predecessor_position": before.position if before else None,
        "predecessor_hash": bytes.fromhex(before.hash) if before else None,
    }
