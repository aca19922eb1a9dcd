"""The commands of `cloud-hub` that do one thing and end."""

from pathlib import Path

from cloud_hub.api import enrolment_of, probes_of
from cloud_hub.config import Config
from cloud_hub.core import Core, now_ms, open_core
from cloud_hub.domain.permissions import Role
from cloud_hub.errors import Conflict, Invalid
from cloud_hub.services import backup as backups
from cloud_hub.services import verification
from cloud_hub.services.accounts import Accounts
from cloud_hub.services.health import Check, Health
from cloud_hub.services.passwords import Passwords
from cloud_hub.services.sites import Sites
from cloud_hub.storage import migrate as migrations

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
            accounts = Accounts(core.database, core.keyring, passwords, open_registration=False)
            user = await accounts.create(username, password, Role.ADMIN, None, now_ms())
    finally:
        passwords.close()
    return f"administrator {user.username} ({user.id})"


async def enrol_code(config: Config, site: str) -> str:
    """A one-time code for a new box of a site (code or id)."""
    async with open_core(config) as core:
        found = await Sites(core.database, core.reads).find(site)
        made = await enrolment_of(core, config.http_port).make_code(found.id, "cloud-hub enrol-code", now_ms())
    return made.text


async def verify(config: Config) -> list[str]:
    """What is not as it must be, a line each."""
    async with open_core(config) as core, core.database.transaction(isolation="repeatable_read") as connection:
        return [f"{problem.check}: {problem.detail}" for problem in await verification.verify(connection)]


async def doctor(config: Config) -> list[Check]:
    """Every check; those that need a database fail with a remedy when there is none."""
    async with open_core(config) as core:
        return await Health(probes_of(core)).check()


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
