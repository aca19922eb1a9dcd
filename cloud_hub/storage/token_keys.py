"""The keys of people's access tokens: `tokens/TIME.key`, the newest signs, all verify.

The folder is looked at whenever a key is needed and read again when it has changed, so
every process knows a new key as soon as it is written and none has to be restarted; a
key that was replaced goes on verifying until its last token has expired.
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

OVERLAP_S = 20 * 60
"""Longer than an access token lives."""


class TokenKeys:
    """One folder of keys; `load` reads a file and `save` writes one that does not exist yet."""

    def __init__(
        self, folder: Path, load: Callable[[Path], Ed25519PrivateKey], save: Callable[[Path, Ed25519PrivateKey], None]
    ) -> None:
        self._folder = folder
        self._load = load
        self._save = save
        self._read_at = 0
        self._keys: dict[str, Ed25519PrivateKey] = {}
        self._public: dict[str, Ed25519PublicKey] = {}

    def signing(self) -> tuple[str, Ed25519PrivateKey]:
        """The newest key and its `kid`."""
        self._look()
        return list(self._keys.items())[-1]

    def verifying(self) -> dict[str, Ed25519PublicKey]:
        """By kid, oldest first."""
        self._look()
        return self._public

    def open(self, now_s: int) -> None:
        """Make the first key if there is none, and read them all."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if not self._paths():
            self._save(self._folder / f"{now_s}.key", Ed25519PrivateKey.generate())
        self._look()

    def replace(self, now_s: int, *, forget_old: bool = False) -> None:
        """Sign with a new key from now on; the old ones verify for a while, or never again."""
        self._save(self._folder / f"{now_s}.key", Ed25519PrivateKey.generate())
        paths = self._paths()
        for path, successor in pairwise(paths):
            if forget_old or int(successor.stem) < now_s - OVERLAP_S:
                path.unlink()

    def _look(self) -> None:
        changed = self._folder.stat().st_mtime_ns
        if changed != self._read_at:
            keys = []
            for path in self._paths():
                with suppress(FileNotFoundError):  # taken away just now: the folder changed again
                    keys.append(self._load(path))
            self._keys = {_kid(key): key for key in keys}
            self._public = {kid: key.public_key() for kid, key in self._keys.items()}
            self._read_at = changed

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.key"))


def _kid(key: Ed25519PrivateKey) -> str:
    return sha256(key.public_key().public_bytes_raw()).hexdigest()[:16]
