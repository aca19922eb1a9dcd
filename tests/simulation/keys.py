"""Signatures for the simulator: a keyed hash in the place of Ed25519, which it injects.

The protocol takes `sign` and `verify` as arguments; Ed25519 itself is tested elsewhere and
would cost half of each run. A signature is 64 bytes, as on the wire; only who has the key
can make or check one, and the simulator gives each party the right ones.
"""

from hashlib import blake2b

from sync_protocol.errors import BadSignature


class Key:
    """Signs and verifies as one party."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, signed: bytes) -> bytes:
        return blake2b(signed, key=self._secret, digest_size=64).digest()

    def verify(self, signature: bytes, signed: bytes) -> None:
        if self.sign(signed) != signature:
            raise BadSignature("not signed by the key this origin is enrolled with")
