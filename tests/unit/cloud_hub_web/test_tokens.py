"""Access tokens: what is not exactly ours is refused, whatever it says of itself."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_hub.domain import api_keys, refreshing, tokens
from cloud_hub.domain.refreshing import Token
from cloud_hub.errors import Unauthenticated

NOW = 1_790_000_000
KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)
KEYS = {"k1": KEY.public_key()}
GOOD = {"iss": tokens.ISSUER, "aud": tokens.AUDIENCE, "sub": "u", "sid": "s", "iat": NOW, "nbf": NOW, "exp": NOW + 900}
HEADER = {"kid": "k1", "typ": tokens.TYPE}


def sign(claims: dict[str, Any], key: Any = KEY, algorithm: str = "EdDSA", **header: Any) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers={**HEADER, **header})


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_of_ours_names_its_user() -> None:
    token = tokens.issue("user-1", "sign-in-1", "id", kid="k1", key=KEY, now_s=NOW)
    assert tokens.read(token, KEYS, NOW + 899)["sub"] == "user-1"


FORGED = {
    "another key": sign(GOOD, OTHER),
    "unknown kid": sign(GOOD, kid="k2"),
    "kid as a path": sign(GOOD, kid="../../etc/passwd"),
    "kid as SQL": sign(GOOD, kid="' OR 1=1 --"),
    "another type": sign(GOOD, typ="JWT"),
    "expired": sign({**GOOD, "exp": NOW - 60}),
    "not yet": sign({**GOOD, "nbf": NOW + 60}),
    "another audience": sign({**GOOD, "aud": "else"}),
    "another issuer": sign({**GOOD, "iss": "else"}),
    "no expiry": sign(without("exp")),
    "no subject": sign(without("sub")),
    "no audience": sign(without("aud")),
    "no issuer": sign(without("iss")),
    "no nbf": sign(without("nbf")),
    "expiry as text": sign({**GOOD, "exp": "9999999999"}),
    "expiry as float": sign({**GOOD, "exp": NOW + 900.5}),
    "expiry as true": sign({**GOOD, "exp": True}),
    "device audience": sign({**GOOD, "aud": tokens.DEVICE_AUDIENCE}),
    "symmetric with the public key": sign(GOOD, KEY.public_key().public_bytes_raw().hex(), "HS256"),
    "none": f"{part({'alg': 'none', **HEADER})}.{part(GOOD)}.",
    "None": f"{part({'alg': 'None', **HEADER})}.{part(GOOD)}.",
    "empty signature": sign(GOOD).rpartition(".")[0] + ".",
    "cut signature": sign(GOOD)[:-10],
    "changed claims": ".".join([sign(GOOD).split(".")[0], part({**GOOD, "sub": "admin"}), sign(GOOD).split(".")[2]]),
    "two parts": sign(GOOD).rpartition(".")[0],
    "nothing": "",
    "spaces": "  ",
    "a megabyte": "a" * 1_000_000,
    "not base64": "{}.{}.{}",
    "key in the header": jwt.encode(
        GOOD, OTHER, algorithm="EdDSA", headers={"typ": tokens.TYPE, "jwk": {"kty": "OKP"}}
    ),
    "key at a URL": jwt.encode(GOOD, OTHER, algorithm="EdDSA", headers={"typ": tokens.TYPE, "jku": "http://x/"}),
    "certificate in the header": jwt.encode(
        GOOD, OTHER, algorithm="EdDSA", headers={"typ": tokens.TYPE, "x5u": "http://x/", "x5c": ["x"]}
    ),
    "no kid": jwt.encode(GOOD, KEY, algorithm="EdDSA", headers={"typ": tokens.TYPE}),
    "no type": jwt.encode(GOOD, KEY, algorithm="EdDSA", headers={"kid": "k1", "typ": None}),
    "no sign-in": sign(without("sid")),
    "no beginning": sign(without("iat")),
    "several audiences": sign({**GOOD, "aud": [tokens.AUDIENCE, "else"]}),
    "a refresh token": refreshing.make(Token("01a1fcc5-f651-7101-8512-e520c8fc5825", 1), b"k" * 32),
    "a refresh token's type": sign(GOOD, typ="refresh+jwt"),
    "an integration's key": api_keys.make_text(b"k" * 32),
    "another curve": sign(GOOD, ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "an RSA signature": sign(GOOD, RSA, "RS256"),
    "an RSA-PSS signature": sign(GOOD, RSA, "PS256"),
    "eddsa": f"{part({'alg': 'eddsa', **HEADER})}.{part(GOOD)}.{'A' * 86}",
    "a list of algorithms": f"{part({'alg': ['EdDSA', 'none'], **HEADER})}.{part(GOOD)}.{'A' * 86}",
    "kid as a list": f"{part({'alg': 'EdDSA', **HEADER, 'kid': ['k1']})}.{part(GOOD)}.{'A' * 86}",
    "a header that must be understood": sign(GOOD, crit=["b64"], b64=False),
    "signature of zeros": sign(GOOD).rpartition(".")[0] + "." + "A" * 86,
    "four parts": sign(GOOD) + ".AAAA",
    "spaces around": f" {sign(GOOD)} ",
    "deep JSON": f"{part({'alg': 'EdDSA', **HEADER})}.{'W' * 1500}.AAAA",
    "claims as a list": f"{part({'alg': 'EdDSA', **HEADER})}.{part([1])}.{'A' * 86}",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused(name: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(FORGED[name], KEYS, NOW)


def device_token(**changes: Any) -> str:
    claims = {"aud": tokens.DEVICE_AUDIENCE, "sub": "device-1", "iat": NOW, "exp": NOW + 60, **changes}
    return jwt.encode(claims, KEY, algorithm="EdDSA", headers={"kid": "device-1"})


def test_a_device_token_signed_by_the_record_key_is_believed() -> None:
    assert tokens.device_of(device_token()) == "device-1"
    assert tokens.read_device(device_token(), KEY.public_key(), NOW + 30)["sub"] == "device-1"


@pytest.mark.parametrize(
    "changes",
    [{"exp": NOW + 3600}, {"iat": NOW - 600, "exp": NOW - 540}, {"iat": NOW + 600, "exp": NOW + 660},
     {"aud": tokens.AUDIENCE}, {"exp": None}],
    ids=["too long", "of the past", "of the future", "another audience", "no end"],
)  # fmt: skip
def test_a_device_token_of_another_time_or_purpose_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read_device(device_token(**changes), KEY.public_key(), NOW)


def test_an_access_token_is_no_device_token() -> None:
    with pytest.raises(Unauthenticated):
        tokens.read_device(sign(GOOD), KEY.public_key(), NOW)
