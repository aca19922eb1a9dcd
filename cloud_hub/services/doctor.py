"""The hub's checks: database, schema, keys, certificates, broker, disk; each with its remedy."""

import asyncio
import shutil
import stat
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509

from cloud_hub.domain.certificates import Authority
from cloud_hub.services.health import Probe, Unwell
from cloud_hub.storage import fleet, hub_state, migrate, repairs, shards
from cloud_hub.storage.database import Connection
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.state_files import Keyring, StateFolder
from sync_protocol.topics import SHARDS
from sync_protocol.transport.address import BrokerAddress, tls_context

DISK_LEAST = 512 * 1024 * 1024
CRL_LEAST = timedelta(days=7)
CA_LEAST = timedelta(days=90)
OWN_LEAST = timedelta(days=14)
CLOCK_MOST_S = 5.0
REFUSAL_S = 0.3


def probes(
    reads: Reads, folder: StateFolder, keyring: Keyring, *, database_url: str, broker: BrokerAddress | None
) -> list[Probe]:
    """All checks of a hub process."""
    found = [
        Probe("database", partial(reads.run, _database), "start PostgreSQL, or mend HUB_DATABASE_URL", is_vital=True),
        Probe("schema", partial(_schema, database_url), "run: cloud-hub migrate up"),
        Probe("keys", partial(_keys, reads, folder, keyring), "give this process the state folder of its chain"),
        Probe("authority", partial(_authority, keyring.authority), "make a new CA and enrol the boxes again in time"),
        Probe("revocation list", partial(_crl, folder), "run the jobs role, which signs it daily"),
        Probe("disk", partial(_disk, folder), "free space where the state folder is"),
        Probe("boxes", partial(reads.run, _boxes), "look at GET /api/v1/fleet"),
        Probe(
            "exceptions",
            partial(reads.run, _exceptions),
            "read GET /api/v1/exceptions?state=open, then POST /api/v1/exceptions/{id}/done",
        ),
        Probe("clock", partial(reads.run, _clock), "switch time synchronisation on, here and at the database"),
    ]
    if broker is not None:
        remedy = "start the broker, or mend HUB_BROKER_URL and the certificates"
        found.append(Probe("broker", partial(_broker, broker), remedy))
    return found


def hearing(reads: Reads) -> Probe:
    """Whether boxes are heard, by this process or another: only asked while a hub runs."""
    remedy = "start the broker, and a hub with the role ingest"
    return Probe("ingest", partial(reads.run, _ingest), remedy, is_of_service=True)


def own_certificates(*paths: Path | None) -> list[Probe]:
    """The certificates that this process shows to others."""
    remedy = "run: cloud-hub certify, and restart"
    return [Probe(f"certificate {path.name}", partial(_own, path), remedy) for path in paths if path is not None]


async def _database(connection: Connection) -> str:
    state = await hub_state.get(connection)
    return f"hub {state.hub_id}, epoch {state.hub_epoch}"


async def _schema(url: str) -> str:
    found, wanted = await migrate.current(url), migrate.newest()
    if found != wanted:
        raise Unwell(f"expected revision {wanted}, got {found}")
    return f"revision {found}"


async def _keys(reads: Reads, folder: StateFolder, keyring: Keyring) -> str:
    state = await reads.run(hub_state.get)
    if state.public_key not in (None, keyring.hub_public_key):
        raise Unwell("the hub's key is not the one that this database's certificates were signed with")
    for path in [*folder.folder.glob("*.key"), *folder.folder.glob("tokens/*.key")]:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Unwell(f"{path.name}: expected mode 0600")
    return f"{len(keyring.tokens.verifying())} token key(s)"


async def _authority(authority: Authority) -> str:
    begin, end = authority.certificate.not_valid_before_utc, authority.certificate.not_valid_after_utc
    if datetime.now(UTC) < begin:
        raise Unwell(f"this machine's clock is before the CA's beginning ({begin:%Y-%m-%d %H:%M}): set the clock")
    if end - datetime.now(UTC) < CA_LEAST:
        raise Unwell(f"the CA ends on {end.date()}")
    return f"valid until {end.date()}"


async def _crl(folder: StateFolder) -> str:
    crl = x509.load_pem_x509_crl((folder.folder / "crl.pem").read_bytes())
    end = crl.next_update_utc
    if end is None or end - datetime.now(UTC) < CRL_LEAST:
        raise Unwell(f"the list ends on {end}: boxes are locked out when it is over")
    return f"{len(crl)} revoked, valid until {end.date()}"


async def _disk(folder: StateFolder) -> str:
    free = shutil.disk_usage(folder.folder).free
    if free < DISK_LEAST:
        raise Unwell(f"expected at least {DISK_LEAST >> 20} MiB free, got {free >> 20}")
    return f"{free >> 20} MiB free"


async def _ingest(connection: Connection) -> str:
    served = await shards.count_served(connection)
    if served < SHARDS:
        raise Unwell(f"{SHARDS - served} of {SHARDS} shards of boxes are not heard: no hub is connected to the broker")
    return "every box is heard"


async def _boxes(connection: Connection) -> str:
    found = [box for box in await fleet.boxes(connection) if box.device_state == "active"]
    ill = [box.device_name for box in found if box.last_error]
    if ill:
        raise Unwell(f"{len(ill)} of {len(found)} boxes report an error: {', '.join(ill[:5])}")
    return f"{len(found)} boxes"


async def _exceptions(connection: Connection) -> str:
    found = await repairs.list_exceptions(connection, None, "open", None, 0, 100)
    if found:
        raise Unwell(f"{len(found)} open for a person to look at, the newest: {found[0].kind}")
    return "none open"


async def _own(path: Path) -> str:
    found = x509.load_pem_x509_certificate(await asyncio.to_thread(path.read_bytes))
    left = found.not_valid_after_utc - datetime.now(UTC)
    if left < OWN_LEAST:
        raise Unwell(f"{path} ends in {left.days} days")
    return f"good for {left.days} days"


async def _clock(connection: Connection) -> str:
    ahead = time.time() - (await hub_state.clock_ms(connection)) / 1000
    if abs(ahead) > CLOCK_MOST_S:
        raise Unwell(f"{ahead:+.1f} s from the database's")
    return f"{ahead:+.3f} s from the database's"


async def _broker(address: BrokerAddress) -> str:
    """Shake hands; no MQTT, since a second connection in the hub's name would end the first."""
    tls = tls_context(address) if address.tls else None
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=tls)
    try:
        # TLS 1.3 tells a client only afterwards that its certificate is not liked.
        async with asyncio.timeout(REFUSAL_S):
            if tls is not None and not await reader.read(1):
                raise Unwell(f"{address.host}:{address.port} hung up after the handshake: see the broker's log")
    except TimeoutError:
        pass
    finally:
        writer.close()
    return f"{address.host}:{address.port} answers"
