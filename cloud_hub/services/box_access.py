"""What people log in with at the boxes of their stores: a PIN and a badge, set at head office.

The hub keeps hashes only, keyed with the people key, which boxes have too and no database holds.
"""

from collections.abc import Callable
from dataclasses import replace

from cloud_hub.domain.permissions import Principal
from cloud_hub.errors import Invalid
from cloud_hub.services import activity, staff_news
from cloud_hub.services.accounts import Accounts
from cloud_hub.services.passwords import Passwords
from cloud_hub.storage import users
from cloud_hub.storage.users import User
from sync_protocol import credentials


class BoxAccess:
    """The use cases of PINs and badges. Each raises NotFound; Forbidden for whom the caller may not govern."""

    def __init__(self, accounts: Accounts, passwords: Passwords, *, people_key: bytes) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._people_key = people_key

    async def set_pin(self, user_id: str, pin: str, who: Principal, now_ms: int) -> User:
        """Raises Invalid for a weak one."""
        if why := credentials.why_bad_pin(pin):
            raise Invalid("pin_weak", why, pointer="/pin")
        user = await self._accounts.require_governed(user_id, who)
        made = await self._passwords.hash(credentials.pin_secret(self._people_key, user.id, pin))
        return await self._change(user_id, "PIN set", lambda user: _with_pin(user, made, now_ms), who, now_ms)

    async def drop_pin(self, user_id: str, who: Principal, now_ms: int) -> User:
        """Take it away, also the one that was set at a box."""
        return await self._change(user_id, "PIN taken away", lambda user: _with_pin(user, None, now_ms), who, now_ms)

    async def set_badge(self, user_id: str, badge: str, who: Principal, now_ms: int) -> User:
        """The code that a scanner reads from it. Raises Invalid; Conflict when somebody has it."""
        if why := credentials.why_bad_badge(badge):
            raise Invalid("badge", why, pointer="/badge")
        made = bytes.fromhex(credentials.badge_hash(self._people_key, badge))
        return await self._change(user_id, "badge set", lambda user: replace(user, badge_hash=made), who, now_ms)

    async def drop_badge(self, user_id: str, who: Principal, now_ms: int) -> User:
        """Take it away: it was lost."""
        return await self._change(user_id, "badge taken away", lambda user: replace(user, badge_hash=None), who, now_ms)

    async def _change(
        self, user_id: str, action: str, change: Callable[[User], User], who: Principal, now_ms: int
    ) -> User:
        async with self._accounts.governed(user_id, who, None) as (connection, user):
            saved = await users.save(connection, change(user))
            await staff_news.tell(connection, user, saved, now_ms)
            activity.done(action, who.id, user_id)
        return saved


def _with_pin(user: User, pin_hash: str | None, now_ms: int) -> User:
    """Later than the one before it, whatever clock that was set by."""
    return replace(user, pin_hash=pin_hash, pin_set_at_ms=max(now_ms, user.pin_set_at_ms + 1))
