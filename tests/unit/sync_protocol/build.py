"""Builders of protocol values for tests: real keys, real chains, seeded choices."""

from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol import batch, chain, keys
from sync_protocol.messages import Ack, FeedCursor, Hello, Nack
from sync_protocol.records import Movement, encode

SITE = "0190f000-0000-7000-8000-000000000001"
ORIGIN = "0190f000-0000-7000-8000-000000000002"
DEVICE = "0190f000-0000-7000-8000-000000000003"
FEED = "0190f000-0000-7000-8000-000000000004"
PRODUCT = "0190f000-0000-7000-8000-000000000005"
LEASE = "00" * 8
SESSION = "11" * 8
INSTANCE = "22" * 8
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFY = keys.verifier(KEY.public_key().public_bytes_raw())
GENESIS = chain.genesis(SITE, ORIGIN)


def movement(**changes: object) -> Movement:
    fields = {
        "item": 1, "quantity": 1000, "from_location": "shelf", "to_location": "customer",
        "reason": "sale", "occurred_at": 1_790_000_000_000,
    }  # fmt: skip
    return Movement(**{**fields, **changes})  # type: ignore[arg-type]


def sales(count: int, seed: int = 1) -> list[bytes]:
    """Encoded sales as a till makes them: most fields equal, times growing, some with a key."""
    random, at, made = Random(seed), 1_790_000_000_000, []
    for number in range(count):
        at += random.randrange(1_000, 60_000)
        key = f"till-{seed}-{number}" if random.random() < 0.3 else None
        made.append(encode(movement(item=random.randrange(1, 50), occurred_at=at, clock_offset=0, key=key)))
    return made


def sealed(encoded: list[bytes], first: int = 1, previous: bytes = GENESIS, *, raw: bool = False) -> bytes:
    return batch.seal(ORIGIN, first, previous, encoded, KEY.sign, raw=raw)


def hello(**changes: object) -> Hello:
    """A Hello of a healthy box with 100 records, 90 of them acknowledged."""
    fields = {
        "session": SESSION, "site_id": SITE, "origin_id": ORIGIN, "device_id": DEVICE, "boot": 5,
        "instance": INSTANCE, "head": 100, "chain_head": hash_at(100), "acked": 90, "acked_hash": hash_at(90),
        "first_retained": 11, "clock_ms": 1_790_000_000_000, "certificate": "x",
    }  # fmt: skip
    return Hello.model_validate({**fields, **changes})


def hash_at(position: int, branch: str = "main") -> str:
    """A made-up hash that differs per position and branch."""
    return chain.extend(branch.encode(), str(position).encode()).hex()


def cursor(position: int, origin: str = FEED, branch: str = "main") -> FeedCursor:
    return FeedCursor(origin_id=origin, position=position, hash=hash_at(position, branch))


def ack(mark: int, *, lease: str = LEASE, credits: int = 4) -> Ack:
    return Ack(lease=lease, mark=mark, mark_hash=hash_at(mark), safe_mark=0, credits=credits)


def nack(code: str, expected: int, *, lease: str = LEASE) -> Nack:
    return Nack.model_validate({"lease": lease, "code": code, "expected": expected})
