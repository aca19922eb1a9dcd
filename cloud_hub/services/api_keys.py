"""Keys of integrations: made, listed and revoked by administrators, used as bearer tokens.

A key outlives who made it (it belongs to the chain) until it expires or is revoked; a
revocation counts at once on this process and within 30 seconds on the others.
"""

import secrets
from collections.abc import Iterable
from typing import NamedTuple

from uuid_utils import uuid7

from cloud_hub.domain import api_keys as rules
from cloud_hub.domain.permissions import Permission, Principal, Role
from cloud_hub.errors import NotFound, Unauthenticated
from cloud_hub.services import activity
from cloud_hub.services.principals import Principals
from cloud_hub.storage import api_keys, sites
from cloud_hub.storage.api_keys import ApiKey
from cloud_hub.storage.database import Database
from cloud_hub.storage.reads import Reads

__all__ = ["ApiKey", "ApiKeys", "Draft", "Made"]
USED_EVERY_MS = 60_000
"""`last_used_at` is right to a minute, so that use costs no write each time."""


class Draft(NamedTuple):
    """A key that does not exist yet. `sites` None: every site; `expires_at_ms` None: never."""

    name: str
    scopes: Iterable[Permission]
    sites: frozenset[str] | None
    expires_at_ms: int | None


class Made(NamedTuple):
    """A new key, and its text for the one time that it is shown."""

    key: ApiKey
    text: str


class ApiKeys:
    """The use cases of keys."""

    def __init__(self, database: Database, reads: Reads, known: Principals) -> None:
        self._database = database
        self._reads = reads
        self._known = known

    async def create(self, draft: Draft, who: Principal, now_ms: int) -> Made:
        """Raises NotFound for a site that does not exist, Forbidden for what the maker does not have."""
        who.require_reach(draft.sites)
        text = rules.make_text(secrets.token_bytes(rules.KEY_BYTES))
        key = ApiKey(
            id=str(uuid7()), prefix=text[: rules.SHOWN_CHARS], name=draft.name,
            scopes=rules.scopes_of(draft.scopes, who), site_ids=draft.sites, made_by=who.id, created_at_ms=now_ms,
            expires_at_ms=draft.expires_at_ms,
        )  # fmt: skip
        async with self._database.transaction() as connection:
            await sites.require_all(connection, draft.sites or ())
            await api_keys.insert(connection, key, rules.hash_of(text))
            activity.done("api key made", who.id, key.id, scopes=sorted(key.scopes))
        return Made(key, text)

    async def list(self, before: tuple[int, str] | None, skip: int, limit: int) -> list[ApiKey]:
        """Newest first, revoked ones too."""
        return await self._reads.run(api_keys.list_newest, before, skip, limit)

    async def get(self, key_id: str) -> ApiKey:
        """Raises NotFound."""
        return _found(await self._reads.run(api_keys.find, key_id))

    async def revoke(self, key_id: str, who: Principal, now_ms: int) -> ApiKey:
        """Again: no effect. Raises NotFound; Forbidden for a key that reaches further than who asks."""
        async with self._database.transaction() as connection:
            who.require_reach(_found(await api_keys.find(connection, key_id)).site_ids)
            key = _found(await api_keys.revoke(connection, key_id, now_ms))
            activity.done("api key revoked", who.id, key_id)
        self._known.forget(lambda principal: principal.id == key_id)
        return key

    async def principal(self, text: str, now_ms: int) -> Principal:
        """The integration that holds this key, as of the last 30 seconds. Raises Unauthenticated."""
        if (known := self._known.find(text, now_ms)) is not None:
            return known
        key = await self._reads.run(api_keys.find_by_hash, rules.hash_of(text))
        if key is None or key.revoked_at_ms is not None or (key.expires_at_ms or now_ms + 1) <= now_ms:
            raise Unauthenticated("api_key", "expected a key that is known, not revoked and not expired")
        if now_ms - (key.last_used_at_ms or 0) >= USED_EVERY_MS:
            async with self._database.transaction() as connection:
                await api_keys.used(connection, key.id, now_ms)
        # A scope that a later version has dropped gives nothing; one that it has added was not meant.
        scopes = frozenset(permission for permission in Permission if permission in key.scopes)
        principal = Principal(id=key.id, name=key.name, role=Role.INTEGRATION, sites=key.site_ids, scopes=scopes)
        return self._known.remember(text, principal, now_ms, key.expires_at_ms)


def _found(key: ApiKey | None) -> ApiKey:
    if key is None:
        raise NotFound("api_key", "no such key")
    return key
