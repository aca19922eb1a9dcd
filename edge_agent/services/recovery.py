"""Go on as a successor origin, after the hub confirmed which box survives (or a take-over).

The certificate names the new origin and where the one before it was closed. The bootstrap
brings the levels at that position, the keys ever used and the catalogue; it is swapped in
together with the new origin in one transaction, so a crash leaves the old box or the new.
Until then the store works on; its records stay in this database and may be salvaged.
"""

import sqlite3

import structlog

from edge_agent.crashpoints import crashpoint
from edge_agent.domain.lots import Holding
from edge_agent.errors import Unavailable
from edge_agent.services import adopting
from edge_agent.services.snapshot import Snapshots, swap
from edge_agent.services.snapshot_rows import Rest
from edge_agent.storage import commands, identity, ledger, origins, proposals
from edge_agent.storage.database import Database
from sync_protocol import bootstrap
from sync_protocol.batch import Verify
from sync_protocol.changes import Command, parse_change
from sync_protocol.errors import BadCertificate
from sync_protocol.keys import Claims, read_certificate
from sync_protocol.records import Fact
from sync_protocol.snapshot import Manifest

log = structlog.get_logger(__name__)


def check_claims(who: identity.Identity, certificate: str, public_key: str, verify: Verify) -> Claims:
    """A certificate for this device, site and key. Raises BadCertificate."""
    claims = read_certificate(certificate, verify)
    if (claims.site_id, claims.device_id) != (who.site_id, who.device_id):
        raise BadCertificate("expected a successor of this site and device, got one of another")
    if claims.public_key != public_key:
        raise BadCertificate("expected a successor with this box's key, got another key")
    if claims.origin_id == who.origin_id:
        raise BadCertificate("expected another origin than the one that was closed")
    return claims


async def become(
    database: Database, snapshots: Snapshots, certificate: str, told_head: int, public_key: str, verify: Verify,
    clock_ms: int,
) -> Claims:  # fmt: skip
    """Open the successor origin that the certificate names. Raises BadCertificate, Unavailable."""
    who = await database.read(identity.get)
    claims = check_claims(who, certificate, public_key, verify)
    manifest, rest = await snapshots.fetch_successor()
    check_position(claims, manifest)
    await database.write(open_origin, claims, certificate, told_head, manifest, rest, clock_ms)
    await snapshots.forget()
    log.warning("this box goes on as a successor", origin=claims.origin_id, before=who.origin_id)
    return claims


async def first_origin(database: Database, snapshots: Snapshots, who: identity.Identity, claims: Claims,
                       clock_ms: int) -> None:  # fmt: skip
    """Open a new box's database; one that takes over from another begins with what that one had."""
    if claims.predecessor is None:
        await database.write(identity.create, who)
        return
    manifest, rest = await snapshots.fetch_successor()
    check_position(claims, manifest)
    await database.write(open_first, who, manifest, rest, clock_ms)
    await snapshots.forget()


def open_first(
    connection: sqlite3.Connection, who: identity.Identity, manifest: Manifest, rest: Rest, now_ms: int
) -> None:
    """The first origin of this database, with a bootstrap."""
    identity.create(connection, who)
    origins.begin(connection, _levels(rest), now_ms, lots_held=_lots(rest))
    take_keys(connection, rest)
    swap(connection, manifest, rest.changes, now_ms)
    keep_former(connection, rest)


def check_position(claims: Claims, manifest: Manifest) -> None:
    """The bootstrap must stand where the predecessor was closed. Raises Unavailable."""
    before, uplink = claims.predecessor, manifest.uplink
    if before is None:
        return
    if uplink is None or (uplink.origin_id, uplink.position) != (before.origin_id, before.position):
        raise Unavailable("stale_snapshot", f"expected the levels at {before.origin_id} {before.position}")


def open_origin(
    connection: sqlite3.Connection, claims: Claims, certificate: str, told_head: int, manifest: Manifest, rest: Rest,
    now_ms: int,
) -> None:  # fmt: skip
    """The old origin's records go aside, the new one starts at 1 from the given levels.

    The hub holds what was written up to `told_head`; what the store wrote since is taken over here.
    """
    who = identity.get(connection)
    before = who.origin_id
    items = ledger.list_items(connection)
    crashpoint("edge.origin.before_open")
    origins.succeed(
        connection, claims.origin_id, certificate, _levels(rest), now_ms, lots_held=_lots(rest),
        kept_up_to=_common_with(claims, who),
    )  # fmt: skip
    # Those that the hub has not merged lie on the old ledger, and are adopted with the rest of it.
    proposals.clear(connection)
    take_keys(connection, rest)
    _forget_outcomes(connection, rest)
    swap(connection, manifest, rest.changes, now_ms)
    adopting.adopt_own(connection, before, told_head, items, now_ms)
    # Not before: these are the hub's own, in the levels already, also where this box was put back and lacked them.
    keep_former(connection, rest)
    crashpoint("edge.origin.after_open")


def _common_with(claims: Claims, who: identity.Identity) -> int:
    """Up to where this box's old ledger is the site's too: acknowledged, and not after the old origin was closed."""
    closed = claims.predecessor
    if closed is None or closed.origin_id != who.origin_id:
        return who.safe_mark
    return max(who.safe_mark, min(who.acked, closed.position))


def take_keys(connection: sqlite3.Connection, rest: Rest) -> None:
    """Keys make retries safe for ever."""
    origins.take_keys(connection, [bootstrap.parse_used_key(record) for record in _of(rest, bootstrap.KEY)])


def keep_former(connection: sqlite3.Connection, rest: Rest) -> None:
    """The predecessor's records as the hub has them can be told to a restored hub."""
    for origin_id, sequence, encoded, chain_hash in bootstrap.parse_formers(_of(rest, bootstrap.FORMER)):
        origins.keep_former(connection, origin_id, [(sequence, encoded, chain_hash)])


def _levels(rest: Rest) -> list[bootstrap.Level]:
    return [bootstrap.parse_level(record) for record in _of(rest, bootstrap.LEVEL)]


def _lots(rest: Rest) -> list[tuple[str, Holding]]:
    """None from a head office that does not tell of lots."""
    told = [bootstrap.parse_lot(record) for record in _of(rest, bootstrap.LOT)]
    return [(product_id, Holding(place, lot, quantity)) for product_id, place, lot, quantity in told]


def _forget_outcomes(connection: sqlite3.Connection, rest: Rest) -> None:
    """A command that is still open at the hub has no effect in the levels that we start from: it runs anew."""
    for record in rest.changes:
        change = parse_change(record) if isinstance(record, Fact) else None
        if isinstance(change, Command):
            commands.forget_command(connection, change.command_id)
            if change.kind == "adopt":
                commands.forget_adopted(connection, bytes.fromhex(str(change.body["branch_hash"])))


def _of(rest: Rest, kind: str) -> list[Fact]:
    return [record for record in rest.bootstrap if record.kind == kind]
