"""A forgotten password, without an administrator: a token by mail, good once and for half an hour.

Whoever asks is not told whether there is such a person: asking only puts the address into the
outbox, and who it is turns out when the mail is sent. There the token is made, so nothing but
the mail ever holds it. One mail in five minutes to an address: who asks in somebody's name
fills no mailbox, and keeps its owner from nothing, for the owner has the newest token.
"""

import secrets
from hashlib import sha256
from uuid import UUID, uuid5

from cloud_hub.domain.rates import Rates
from cloud_hub.domain.wording import password_mail
from cloud_hub.errors import Conflict, Unauthenticated
from cloud_hub.services import activity
from cloud_hub.services.ports import SendMail, Undelivered
from cloud_hub.services.profiles import Profiles
from cloud_hub.storage import audit, deliveries, password_resets, users
from cloud_hub.storage.audit import Entry
from cloud_hub.storage.database import Connection, Database
from cloud_hub.storage.deliveries import Delivery
from cloud_hub.storage.password_resets import PasswordReset
from cloud_hub.storage.users import User

CHANNEL = "password_reset"
TOKEN_BYTES = 32
LIFE_MS = 30 * 60_000
PAUSE_MS = 5 * 60_000
_ADDRESSES = UUID("6f1f7b0e-5d43-5c1b-9a55-2f3c8a0c3d11")


class PasswordResets:
    """The use cases of who cannot log in."""

    def __init__(self, database: Database, profiles: Profiles, tries: Rates, *, has_mail: bool) -> None:
        self._database = database
        self._profiles = profiles
        self._tries = tries
        self._has_mail = has_mail

    async def ask(self, email: str, address: str, now_ms: int) -> None:
        """Mail a token to this address, if somebody has it. Raises TooMany; Conflict of a hub without mail."""
        if not self._has_mail:
            raise Conflict("no_mail", "expected a hub that sends mails; ask an administrator for a one-time code")
        self._tries.require(f"reset:{address}", now_ms)
        row = {
            "channel": CHANNEL, "receiver": uuid5(_ADDRESSES, email.lower()), "subject": str(now_ms // PAUSE_MS),
            "type": CHANNEL, "position": 0, "payload": {"to": email, "address": address}, "due_at": now_ms,
            "created_at": now_ms,
        }  # fmt: skip
        async with self._database.transaction() as connection:
            await deliveries.add(connection, [row])

    async def confirm(self, token: str, new: str, address: str, now_ms: int) -> None:
        """Set the password and log out everywhere. Raises Unauthenticated, Invalid; TooMany."""
        self._tries.require(f"reset:{address}", now_ms)
        async with self._database.connection() as connection, connection.transaction():
            await users.lock(connection)  # token and password of one moment: who uses the token changes both
            user = await _owner(connection, token, now_ms)
        if user is None:
            raise Unauthenticated("reset_token", "expected the newest token mailed to a user, not used and not expired")
        await self._profiles.replace_password(user, new, now_ms, "/password")
        self._tries.forgive(f"login:{user.id}:{address}")


class ResetChannel:
    """Sends the tokens; a mail that may have been sent is not sent again."""

    may_repeat = False

    def __init__(self, database: Database, send_mail: SendMail, page: str | None) -> None:
        self._database = database
        self._send_mail = send_mail
        self._page = page

    async def send(self, delivery: Delivery, now_ms: int) -> None:
        """Raises Undelivered."""
        if now_ms > delivery.created_at_ms + LIFE_MS:
            raise Undelivered("nobody waits for it any more", is_final=True)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        async with self._database.transaction() as connection:
            user = await users.find_typed(connection, delivery.payload["to"])
            if user is None or user.email is None or user.state != "active":
                return
            await password_resets.save(connection, PasswordReset(user.id, user.email, now_ms + LIFE_MS), _hash(token))
            detail = {"name": "", "address": delivery.payload["address"], "delivery_id": delivery.id}
            activity.done("password reset mailed", "", user.id, address=detail["address"])
            await audit.add(connection, [Entry(now_ms, "", "password_reset_mailed", f"/users/{user.id}", detail)])
        subject, text = password_mail(user.known_as, token, LIFE_MS // 60_000, self._page)
        await self._send_mail(user.email, subject, text, delivery.id)

    async def failed(self, delivery: Delivery, now_ms: int, next_ms: int) -> None:
        """The outbox says it all."""


async def _owner(connection: Connection, token: str, now_ms: int) -> User | None:
    """Whose token it is; an address that was changed since is not theirs any more."""
    reset = await password_resets.find(connection, _hash(token))
    if reset is None or reset.expires_at_ms <= now_ms:
        return None
    user = await users.find(connection, reset.user_id)
    return user if user is not None and user.state == "active" and user.email == reset.email else None


def _hash(token: str) -> bytes:
    return sha256(b"backstock password reset " + token.encode()).digest()
