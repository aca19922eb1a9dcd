"""Ed25519 keys and the hub's certificates of enrolment and take-over.

A certificate is canonical JSON claims and the hub's signature over them. A box presents
it in every Hello, so that a hub restored from a backup knows boxes enrolled after it.
"""

from collections.abc import Callable

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError

from sync_protocol.errors import BadCertificate, BadSignature
from sync_protocol.fields import Count, Hash, Id


class Predecessor(BaseModel):
    """Where the origin before this one was closed: the site's prefix is its 1..position, then ours."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    origin_id: Id
    position: Count
    hash: Hash


class Opened(BaseModel):
    """An origin as its own certificate named it."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    origin_id: Id
    device_id: Id
    public_key: str
    predecessor: Predecessor | None = None


class Claims(BaseModel):
    """What the hub certifies about one origin."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    site_id: Id
    device_id: Id
    origin_id: Id
    public_key: str
    """hex of the box's Ed25519 record key."""
    predecessor: Predecessor | None = None
    before: list[Opened] | None = None
    """The origins before this one that no verified backup holds, the oldest first: a hub restored to
    before them learns of them here."""
    hub_epoch: Count
    issued_at: int


def verifier(public_key: bytes) -> Callable[[bytes, bytes], None]:
    """A function (signature, signed) that raises BadSignature unless the key's owner signed."""
    key = Ed25519PublicKey.from_public_bytes(public_key)

    def verify(signature: bytes, signed: bytes) -> None:
        try:
            key.verify(signature, signed)
        except InvalidSignature as error:
            raise BadSignature("not signed by the key this origin is enrolled with") from error

    return verify


def issue(claims: Claims, sign: Callable[[bytes], bytes]) -> str:
    """The certificate as text: canonical claims, a dot, hex of the signature."""
    text = orjson.dumps(claims.model_dump(mode="json", exclude_none=True), option=orjson.OPT_SORT_KEYS)
    return f"{text.decode()}.{sign(text).hex()}"


def read_certificate(text: str, verify: Callable[[bytes, bytes], None]) -> Claims:
    """The claims of a certificate that the hub signed. Raises BadCertificate."""
    body, _, signature = text.rpartition(".")
    try:
        verify(bytes.fromhex(signature), body.encode())
        return Claims.model_validate_json(body)
    except (BadSignature, ValidationError, ValueError) as error:
        raise BadCertificate("expected claims signed by this chain's hub") from error
