"""The commands of `cloud-hub` that do one thing and end."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from cloud_hub.api import enrolment_of
from cloud_hub.config import Config
from cloud_hub.core import Core, now_ms, open_core
from cloud_hub.domain.permissions import Role
from cloud_hub.errors import Conflict, Invalid, Misconfigured, NotFound
from cloud_hub.services import backup as backups
from cloud_hub.services import certifying, rolling, verification
from cloud_hub.services import doctor as checks
from cloud_hub.services.accounts import COMMAND_LINE, Accounts, Person
from cloud_hub.services.catalogue import Catalogue
from cloud_hub.services.health import Check, Health
from cloud_hub.services.passwords import Passwords
from cloud_hub.services.posting import Posting
from cloud_hub.services.principals import Principals
from cloud_hub.services.sampling import Sampling
from cloud_hub.services.sites import Sites
from cloud_hub.services.upserting import Upserting
from cloud_hub.storage import devices
from cloud_hub.storage import migrate as migrations
from cloud_hub.storage.database import connect
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.state_files import StateFolder
from cloud_hub.transport import kick as kicking

PASSWORD_LEAST = 10


async def migrate(config: Config, direction: str, revision: str | None) -> str:
    """Bring the schema up, or down to a revision."""
    if direction == "up":
        await migrations.upgrade(config.database_url, revision or "head")
    elif direction == "down" and revision is not None:
        await migrations.downgrade(config.database_url, revision)
    else:
        raise Invalid("direction", "expected `up`, or `down REVISION` (`base` for an empty database)")
    return f"schema: {await migrations.current(config.database_url) or 'empty'}"


async def create_admin(config: Config, username: str, password: str) -> str:
    """Make an administrator."""
    if len(password) < PASSWORD_LEAST:
        raise Invalid("password", f"expected a password of at least {PASSWORD_LEAST} characters")
    await migrations.upgrade(config.database_url)
    passwords = Passwords()
    try:
        async with open_core(config) as core:
            accounts = Accounts(core.database, core.reads, passwords, Principals(), open_registration=False)
            made = await accounts.create(Person(username), password, Role.ADMIN, None, COMMAND_LINE, now_ms())
    finally:
        passwords.close()
    return f"administrator {made.user.known_as} ({made.user.id})"


def replace_token_key(config: Config, *, forget_old: bool) -> str:
    """Sign people's access tokens with a new key; every process finds it by itself."""
    now = datetime.now(UTC)
    tokens = StateFolder(config.state_dir).open_keyring(now).tokens
    tokens.replace(int(now.timestamp()), forget_old=forget_old)
    kid, _ = tokens.signing()
    return f"{kid} signs; {len(tokens.verifying())} key(s) verify"


async def enrol_code(config: Config, site: str) -> str:
    """A one-time code for a new box of a site (code or id)."""
    async with open_core(config) as core:
        found = await Sites(core.database, core.reads).find(site)
        made = await enrolment_of(core, config.http_port).make_code(found.id, "cloud-hub enrol-code", now_ms())
    return made.text


async def sample(config: Config, code: str, size: int, days: int, seed: int) -> str:
    """Sample products, and their trade until yesterday at a site of the hub's, which is made when there is none."""
    async with open_core(config) as core:
        sites = Sites(core.database, core.reads)
        site = next((each for each in await sites.list() if each.code == code), None)
        site = site or await sites.create(code, code, "hub", now_ms())
        posting = Posting(core.database, sign=core.keyring.hub_key.sign)
        upserting = Upserting(core.database, Catalogue(core.database, core.reads))
        filled = await Sampling(core.database, core.reads, upserting, posting).fill(site, size, days, seed, now_ms())
    return f"{filled.products} products, {filled.movements} movements at {site.code}"


async def verify(config: Config) -> list[str]:
    """What is not as it must be, a line each."""
    async with open_core(config) as core, core.database.transaction(isolation="repeatable_read") as connection:
        return [f"{problem.check}: {problem.detail}" for problem in await verification.verify(connection)]


async def rebuild_rollups(config: Config) -> str:
    """Count all ledgers anew for the reports."""
    async with open_core(config) as core:
        rounds = await rolling.rebuild(core.database, now_ms())
    return f"counted again in {rounds} round(s)"


async def doctor(config: Config) -> list[Check]:
    """Every check; those that need a database fail with a remedy when there is none."""
    folder = StateFolder(config.state_dir)
    keyring = folder.open_keyring(datetime.now(UTC))
    reads = Reads(partial(connect, config.database_url), config.read_connections)
    try:
        found = checks.probes(reads, folder, keyring, database_url=config.database_url, broker=config.broker)
        return await Health([*found, *checks.own_certificates(config.http_cert, config.broker_cert)]).check()
    finally:
        await reads.close()


def certify(config: Config, name: str, folder: Path, hosts: list[str]) -> list[Path]:
    """A key and a certificate of the chain's authority: a server's under `hosts`, else a client's."""
    now = datetime.now(UTC)
    return certifying.certify(StateFolder(config.state_dir).open_keyring(now).authority, folder, name, hosts, now)


async def kick(config: Config, device_id: str) -> str:
    """End a revoked box's live session at the broker. Raises Conflict while it is not revoked."""
    if config.broker is None or not config.broker.tls:
        raise Misconfigured("broker_url", "broker_url (HUB_BROKER_URL): expected mqtts://…, the door with certificates")
    async with open_core(config) as core:
        device = await core.reads.run(devices.find, device_id) if _is_id(device_id) else None
        if device is None:
            raise NotFound("device", f"expected the id of a box, got {device_id[:60]!r}")
        if device.state == "active":
            raise Conflict(
                "device_active", f"expected a revoked box, got {device.name}, which is active: revoke it first"
            )
        await kicking.kick(config.broker, core.keyring.authority, device.id, datetime.now(UTC))
    return f"{device.name} has no session at {config.broker.host}:{config.broker.port} any more"


async def backup(config: Config, file: Path, *, is_verified: bool) -> str:
    """One file with everything; a verified one moves the safe marks."""
    made = await backups.make(config.database_url, file, now_ms=now_ms())
    if not is_verified:
        return f"{file}: {made.bytes} bytes, not verified"
    problems = await backups.verify(config.database_url, made, now_ms=now_ms())
    if problems:
        raise Conflict("backup_unverified", "; ".join(f"{each.check}: {each.detail}" for each in problems[:10]))
    return f"{file}: {made.bytes} bytes, verified"


async def restore(config: Config, file: Path) -> str:
    """Fill an empty database; stores re-send what the backup had not seen."""
    manifest = await backups.restore(config.database_url, file, now_ms=now_ms())
    async with open_core(config) as core:
        await _apply_revocations(core)
    return f"restored {file}: {len(manifest.get('marks', {}))} origins"


async def _apply_revocations(core: Core) -> None:
    await enrolment_of(core, core.config.http_port).apply_revocations(now_ms())


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
