"""The hub's state folder: keys, CA and revocations, which must outlive any database restore.

    ca.key ca.crt        the chain's certificate authority (P-256)
    hub.key              signs enrolment certificates and feed batches (Ed25519)
    tokens/TIME.key      sign people's access tokens (storage/token_keys.py)
    refresh.key          seals refresh tokens; without it everybody logs in again
    webhook.key          makes the secrets that webhooks are signed with
    people.key           keys what is hashed of PINs and badges; boxes have it too
    revocations.json     devices and certificate serials that are revoked, also after a restore
    crl.pem              the same for the broker
    successions          certificates of take-overs whose boxes have come, one a line

Private files are 0600 in a 0700 folder; each is written to a temporary file, synced and
renamed. Several processes may start at once: the first file wins, the others read it.
"""

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from cloud_hub.crashpoints import crashpoint
from cloud_hub.domain.certificates import Authority, Revoked, make_authority, make_crl
from cloud_hub.errors import Misconfigured
from cloud_hub.storage.token_keys import TokenKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Everything that the hub signs with."""

    authority: Authority
    hub_key: Ed25519PrivateKey
    tokens: TokenKeys
    refresh_key: bytes
    webhook_key: bytes
    people_key: bytes

    @property
    def hub_public_key(self) -> bytes:
        return self.hub_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class Listed(NamedTuple):
    """A certificate on the list: since when, and when it ends by itself."""

    revoked_ms: int
    expires_ms: int


class Revocations(NamedTuple):
    """Boxes by id with their time, certificates by their serial in decimal."""

    devices: dict[str, int]
    serials: dict[str, Listed]


class StateFolder:
    """One folder of the files above."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read_at = 0
        self._denied: frozenset[str] = frozenset()

    def open_keyring(self, now: datetime) -> Keyring:
        """Read the keys, making those that do not exist yet."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            tokens = TokenKeys(self.folder / "tokens", lambda path: _ed25519(_load(path)), _save)
            tokens.open(int(now.timestamp()))
            for name in ("refresh.key", "webhook.key", "people.key"):
                _write_once(self.folder / name, secrets.token_bytes(32))
            keyring = Keyring(
                authority=self._authority(now),
                hub_key=_ed25519(self._private("hub.key", Ed25519PrivateKey.generate)),
                tokens=tokens,
                refresh_key=(self.folder / "refresh.key").read_bytes(),
                webhook_key=(self.folder / "webhook.key").read_bytes(),
                people_key=(self.folder / "people.key").read_bytes(),
            )
            if not (self.folder / "crl.pem").exists():
                self.write_crl(keyring.authority, now)
        except (OSError, ValueError, TypeError) as error:
            raise Misconfigured("state_folder", f"{self.folder}: expected readable keys: {error}") from error
        return keyring

    def revocations(self) -> Revocations:
        """What is revoked, whatever the database says."""
        path = self.folder / "revocations.json"
        found = orjson.loads(path.read_bytes()) if path.exists() else {}
        serials = {serial: Listed(*listed) for serial, listed in found.get("serials", {}).items()}
        return Revocations(found.get("devices", {}), serials)

    def is_denied(self, device_id: str) -> bool:
        """Whether a box was revoked, whatever the database says; the file is read again when it changes."""
        try:
            changed = (self.folder / "revocations.json").stat().st_mtime_ns
        except FileNotFoundError:
            return False
        if changed != self._read_at:
            self._denied = frozenset(self.revocations().devices)
            self._read_at = changed
        return device_id in self._denied

    def revoke(
        self, device_ids: Iterable[str], expires_ms: Mapping[int, int], authority: Authority, now: datetime
    ) -> None:
        """Add boxes and certificates (serial: when it ends) to the list and the CRL; on disk when this returns."""
        known = self.revocations()
        now_ms = int(now.timestamp() * 1000)
        devices = dict.fromkeys(device_ids, now_ms) | known.devices
        serials = {str(serial): Listed(now_ms, end_ms) for serial, end_ms in expires_ms.items()} | known.serials
        if (devices, serials) == known:
            return
        data = {"devices": devices, "serials": {serial: tuple(listed) for serial, listed in serials.items()}}
        write(self.folder / "revocations.json", orjson.dumps(data, option=orjson.OPT_SORT_KEYS))
        self.write_crl(authority, now)

    def note_succession(self, certificate: str) -> None:
        """A box goes on under this certificate; on disk when this returns."""
        known = self.successions()
        if certificate not in known:
            # Whole, beside the old one: a line cut short by a crash would swallow the next that is appended.
            write(self.folder / "successions", "".join(f"{each}\n" for each in [*known, certificate]).encode())

    def successions(self) -> list[str]:
        """All that were noted, in order."""
        path = self.folder / "successions"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def write_crl(self, authority: Authority, now: datetime) -> None:
        """Sign the list of all that have not ended anew (daily, and after each revocation)."""
        revoked = [
            Revoked(int(serial), datetime.fromtimestamp(listed.revoked_ms / 1000, UTC))
            for serial, listed in self.revocations().serials.items()
            if listed.expires_ms > now.timestamp() * 1000
        ]
        write(self.folder / "crl.pem", make_crl(authority, revoked, int(now.timestamp()), now), mode=0o644)

    def _authority(self, now: datetime) -> Authority:
        key = self._private("ca.key", lambda: ec.generate_private_key(ec.SECP256R1()))
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Misconfigured("state_folder", f"{self.folder}/ca.key: expected a P-256 key")
        path = self.folder / "ca.crt"
        made = make_authority(key, "Backstock CA", x509.random_serial_number(), now)
        _write_once(path, made.certificate.public_bytes(Encoding.PEM), mode=0o644)
        return Authority(key, x509.load_pem_x509_certificate(path.read_bytes()))

    def _private(self, name: str, make: Callable[[], object]) -> object:
        path = self.folder / name
        if not path.exists():
            key = make()
            assert isinstance(key, Ed25519PrivateKey | ec.EllipticCurvePrivateKey)
            _save(path, key)
        return _load(path)


def private_pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as the files hold it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _save(path: Path, key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> None:
    _write_once(path, private_pem(key))


def _load(path: Path) -> object:
    return load_pem_private_key(path.read_bytes(), password=None)


def _ed25519(key: object) -> Ed25519PrivateKey:
    if not isinstance(key, Ed25519PrivateKey):
        raise Misconfigured("state_folder", f"expected an Ed25519 key, got {type(key).__name__}")
    return key


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file whole; it is on disk when this returns."""
    temporary = _temporary(path, data, mode)
    crashpoint("file.before_rename")
    temporary.replace(path)
    _sync_folder(path.parent)
    crashpoint("file.after_rename")


def _write_once(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Like `write`, but a file that is there wins."""
    if path.exists():
        return
    temporary = _temporary(path, data, mode)
    crashpoint("file.before_rename")
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    _sync_folder(path.parent)
    crashpoint("file.after_rename")


def _temporary(path: Path, data: bytes, mode: int) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
