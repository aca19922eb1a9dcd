"""Access tokens of people and 60-second tokens of boxes: EdDSA JWTs, checked without mercy.

The algorithm is pinned, keys are found by `kid` in our own table and never by anything
the token says, and all claims that we rely on are required. Pure: `now` is an argument.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_hub.errors import Unauthenticated

ISSUER = "backstock"
AUDIENCE = "backstock-api"
TYPE = "at+jwt"
ACCESS_S = 15 * 60
DEVICE_AUDIENCE = "backstock-hub"
DEVICE_S = 60
LEEWAY_S = 5
DEVICE_LEEWAY_S = 60
"""A box corrects its clock by `hub_time`; this is what may be left of the error."""
TOKEN_CHARS_MAX = 2_048


def issue(user_id: str, sign_in_id: str, token_id: str, *, kid: str, key: Ed25519PrivateKey, now_s: int) -> str:
    """An access token in the form of RFC 9068. What the user may do is not in it: it is looked up."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": user_id, "sid": sign_in_id, "jti": token_id, "iat": now_s,
              "nbf": now_s, "exp": now_s + ACCESS_S}  # fmt: skip
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": kid, "typ": TYPE})


def read(token: str, keys: Mapping[str, Ed25519PublicKey], now_s: int) -> dict[str, Any]:
    """The claims of an access token of ours. Raises Unauthenticated."""
    header = _header(token)
    key = keys.get(str(header.get("kid")))
    if key is None or header.get("typ") != TYPE:
        raise Unauthenticated("token", "expected an access token of this hub")
    claims = _decode(token, key, AUDIENCE, ["exp", "iat", "nbf", "aud", "iss", "sub", "sid"])
    if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
        raise Unauthenticated("token", "expected an access token of this hub")
    if claims["exp"] + LEEWAY_S < now_s or claims["nbf"] - LEEWAY_S > now_s:
        raise Unauthenticated("token_expired", "the token's time is over; log in again")
    return claims


def published(keys: Mapping[str, Ed25519PublicKey]) -> dict[str, Any]:
    """The JSON Web Key Set (RFC 7517, 8037) by which others can check our access tokens."""
    return {
        "keys": [
            {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid,
             "x": urlsafe_b64encode(key.public_bytes_raw()).decode().rstrip("=")}
            for kid, key in keys.items()
        ]
    }  # fmt: skip


def device_of(token: str) -> str:
    """The device that a device token claims to be of; nothing is believed yet."""
    _header(token)
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise Unauthenticated("token", "expected a device token") from error
    return str(claims.get("sub"))


def read_device(token: str, key: Ed25519PublicKey, now_s: int) -> dict[str, Any]:
    """The claims of a device token signed by the record key. Raises Unauthenticated."""
    claims = _decode(token, key, DEVICE_AUDIENCE, ["exp", "iat", "aud", "sub"])
    if claims["exp"] - claims["iat"] > DEVICE_S:
        raise Unauthenticated("token", f"expected a token of at most {DEVICE_S} seconds")
    if claims["exp"] + DEVICE_LEEWAY_S < now_s or claims["iat"] - DEVICE_LEEWAY_S > now_s:
        raise Unauthenticated("token_clock", f"expected a token of now; the hub's time is {now_s}")
    return claims


def _header(token: str) -> dict[str, Any]:
    if len(token) > TOKEN_CHARS_MAX:
        raise Unauthenticated("token", "expected a shorter token")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise Unauthenticated("token", "expected a JSON web token") from error
    if header.get("alg") != "EdDSA":
        raise Unauthenticated("token", "expected a token signed with EdDSA")
    return header


def _decode(token: str, key: Ed25519PublicKey, audience: str, required: list[str]) -> dict[str, Any]:
    # Times are checked by the callers against their own `now`; everything else here.
    options: Any = {"require": required, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["EdDSA"], audience=audience, options=options)
    except jwt.PyJWTError as error:
        raise Unauthenticated("token", "expected a token signed by a key we know") from error
    if any(type(claims[name]) is not int for name in ("exp", "iat", "nbf") if name in claims):
        raise Unauthenticated("token", "expected whole seconds in exp, iat and nbf")
    return claims
