"""Writes the wire files of a release: `python -m tests.golden.generate v0.2`.

Run once per release and commit the result. It refuses to touch a folder that exists:
what was released is read for ever, so a change that breaks an old file is a bug in the
change. All content is fixed (keys, ids, times), so that two machines write the same facts.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sync_protocol import batch, bootstrap, chain, digest, keys, messages, snapshot
from sync_protocol.changes import (
    Barcode,
    Command,
    Order,
    Person,
    Policy,
    Product,
    ProductGone,
    Site,
    TransferNotice,
    change,
)
from sync_protocol.facts import (
    Adoption,
    Alert,
    Approval,
    CountLine,
    CountRevision,
    Outcome,
    Pin,
    Proposal,
    Receipt,
    ReceiptLine,
    Stocktake,
    Task,
    Transfer,
    fact,
)
from sync_protocol.lots import UNKNOWN, Lot
from sync_protocol.records import Item, Record, encode
from sync_protocol.vocabulary import AlertState, CommandStatus, transit
from tests.unit.sync_protocol.build import (
    DEVICE,
    FEED,
    GENESIS,
    KEY,
    LEASE,
    ORIGIN,
    PRODUCT,
    SESSION,
    SITE,
    ack,
    cursor,
    hash_at,
    hello,
    movement,
    nack,
)

AT = 1_790_000_000_000
LEVELS = [(PRODUCT, "shelf", 12_500), (PRODUCT, "customer", -2_500), (SITE, transit(ORIGIN), 3_000)]

UP: list[Record] = [
    Item(1, PRODUCT, "04012345678901", 6_000, "each", 199, 120, "EUR"),
    Item(2, SITE),
    movement(from_location="supplier", to_location="backroom", reason="receipt", document="DN 4711", lot="L1",
             expiry="2027-01-31", actor="anna", key="dock-1"),
    movement(occurred_at=AT + 1, clock_offset=-250),
    movement(item=2, quantity=1, occurred_at=AT + 2, note="Käse “lose” €"),
    movement(item=2, reason="count", command=FEED, adopted="ab" * 32, occurred_at=-1),
    fact(CountLine(occurred_at=AT, line_id=ORIGIN, stocktake_id=SITE, product_id=PRODUCT, location="shelf",
                   counted=5_000, expected=6_000, after=3, until=3, status="posted", key="c1")),
    fact(CountRevision(occurred_at=AT, line_id=ORIGIN, stocktake_id=SITE, product_id=PRODUCT, variance=-1_000,
                       cause="till-1")),
    fact(Stocktake(occurred_at=AT, stocktake_id=SITE, state="closed", name="July")),
    fact(Transfer(occurred_at=AT, transfer_id=ORIGIN, from_site=SITE, to_site=FEED, step="dispatched")),
    fact(Alert(occurred_at=AT, alert_id=ORIGIN, rule="low_stock", product_id=PRODUCT, state=AlertState.OPENED,
               severity="critical", opened_at_position=4, available=-1_000)),
    fact(Task(occurred_at=AT, task_id=ORIGIN, rule="negative_stock", state="open", actor="anna")),
    fact(Outcome(occurred_at=AT, command_id=FEED, status=CommandStatus.REFUSED, code="quantity_changed")),
    fact(Proposal(occurred_at=AT, proposal_id=ORIGIN, entity="product", entity_id=PRODUCT, base_version=(1, 7),
                  hlc=(AT, 2), fields={"name": "Brie", "metadata": {"origin": ["FR", None, True]}})),
    fact(Adoption(occurred_at=AT, adopted="cd" * 32, status="no_effect")),
    fact(Receipt(occurred_at=AT, receipt_id=ORIGIN, order="PO-000007", document="DN 4711", actor="anna", lines=[
        ReceiptLine(product_id=PRODUCT, good=5_000, damaged=1_000, location="backroom", lot="L1", expiry="2027-01-31",
                    expected=7_000, reason="short", note="Karton naß"),
    ])),
    fact(Approval(occurred_at=AT, approval_id=ORIGIN, approved_by="boss", operation="expired_sale", actor="anna",
                  key="till-1")),
    fact(Pin(occurred_at=AT, person_id=SITE, pin_hash="$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", set_at=AT)),
]  # fmt: skip
DOWN: list[Record] = [
    change(Product(product_id=PRODUCT, version=(1, 7), sku="A-1", name="Brie", price=199, cost=120,
                   reorder_point=5_000, negative_policy="warn", barcodes=[Barcode(code="04012345678901")],
                   metadata={"brand": "Été"})),
    change(ProductGone(product_id=SITE, version=(1, 8))),
    change(Policy(version=(1, 1), reorder_point=1_000, settings={"retention_days": 35})),
    change(Site(site_id=FEED, code="S2", name="Store 2", version=(1, 1))),
    change(Command(command_id=ORIGIN, kind="adjust", key="hq-1", body={"product_id": PRODUCT, "delta": "-1"},
                   expected_quantity=6_000, expires_at=AT, actor="hq")),
    change(TransferNotice(transfer_id=ORIGIN, from_site=SITE, to_site=FEED, step="dispatched",
                          lines=[(PRODUCT, 3_000)])),
    change(Order(order_id=ORIGIN, version=(1, 2), number="PO-000007", state="sent", vendor="Alpine Dairy",
                 expected_on="2027-02-01", lines=[(PRODUCT, 24_000, 6_000)])),
    change(Person(person_id=SITE, version=(1, 3), username="anna", full_name="Anna Ößterreicher", role="staff",
                  permissions=["stock.read", "stock.write"], password_hash="$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$cGE",
                  pin_hash="$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$cGk", pin_set_at=AT, badge_hash="ab" * 32)),
    change(Policy(version=(1, 2), settings={
        "negative_stock": "warn", "expired_sale": "block", "blind_receiving": True, "needs_manager": ["adjust"],
        "instore_rules": ["27:PPPPPVVVVV/weight/3/kg"], "count_a_days": 30, "timezone": "Europe/Vienna",
    })),
]  # fmt: skip
BOOTSTRAP: list[Record] = [
    bootstrap.level(PRODUCT, "shelf", 12_500), bootstrap.lot(PRODUCT, "shelf", Lot("L1", "2027-01-31"), 12_000),
    bootstrap.lot(PRODUCT, "shelf", UNKNOWN, 500), bootstrap.used_key("till-1/17", bytes(range(32))),
    *bootstrap.former(ORIGIN, 3, b'["x",{}]', bytes(32)), *bootstrap.former(ORIGIN, 4, b"\xff" * 8_000, bytes(32)),
]  # fmt: skip
"""What a successor's snapshot has besides changes."""
LATER = [
    b'["hologram",{"a":1},2]',
    b'["m",1,1000,"shelf","customer","sale",1,null,null,null,null,null,null,null,null,null,7]',
]


def said() -> list[BaseModel]:
    """One message of each type."""
    return [
        hello(checkpoints=[{"position": 100, "hash": hash_at(100)}], feed=cursor(40).model_dump()),
        messages.Welcome(
            session=SESSION, lease=LEASE, verdict="lost_ack", mark=95, mark_hash=hash_at(95), safe_mark=50,
            hub_epoch=1, hub_time_ms=AT, credits=4, start_after_ms=250, feed=cursor(50), feed_verdict="normal",
        ),
        messages.Fenced(session=SESSION, verdict="fork", detail="two hashes", salvage_lease=LEASE, salvage_after=7),
        messages.Successor(session=SESSION, certificate="x"),
        messages.Refused(session=SESSION, code="busy", detail="later", retry_after_ms=5_000),
        ack(95), nack("gap", 96),
        messages.FeedAck(lease=LEASE, feed=cursor(50), expected=51),
        messages.FeedSafe(lease=LEASE, origin_id=FEED, safe_mark=40),
        messages.Digest(lease=LEASE, position=95, chain_hash=hash_at(95), incomplete=[7],
                        buckets=base64.b64encode(digest.bucket_sums(LEVELS)).decode()),
        messages.DigestResult(lease=LEASE, position=95, equal=False, differing=[3, 250]),
        messages.BucketLevels(lease=LEASE, position=95, levels=LEVELS),
        messages.RebuildLevels(lease=LEASE, products=[PRODUCT]),
        messages.LevelSummary(lease=LEASE, head=100, available=[(PRODUCT, 12_500)]),
        messages.PrunedLevels(lease=LEASE, position=10, chain_hash=hash_at(10), part=0, parts=1, levels=LEVELS,
                              items=[(1, PRODUCT, "04012345678901", 6_000, "each", 199, 120, "EUR")], last_item=1,
                              signature="ab" * 64),
        messages.Ping(lease=LEASE),
        messages.Goodbye(lease=LEASE),
    ]  # fmt: skip


def files() -> dict[str, bytes]:
    """Name and content of each file of a release."""
    encoded = [encode(record) for record in UP]
    hashes = chain.extend_each(GENESIS, encoded)
    lines = [encode(record) for record in DOWN]
    (part,) = snapshot.chunk(lines)
    manifest = snapshot.Manifest(
        site_id=SITE, kind="catalogue", feed=cursor(50), uplink=snapshot.Uplink(origin_id=ORIGIN, position=95),
        chunks=[snapshot.ChunkRef(hash=part.hash, bytes=len(part.data), records=part.records)], products=1,
    )  # fmt: skip
    claims = keys.Claims(
        site_id=SITE, device_id=DEVICE, origin_id=ORIGIN, public_key=KEY.public_key().public_bytes_raw().hex(),
        predecessor=keys.Predecessor(origin_id=FEED, position=7, hash=hash_at(7)), hub_epoch=1, issued_at=AT,
    )  # fmt: skip
    facts = {
        "site_id": SITE, "origin_id": ORIGIN, "public_key": KEY.public_key().public_bytes_raw().hex(),
        "genesis": GENESIS.hex(), "records": [text.decode() for text in encoded],
        "hashes": [value.hex() for value in hashes], "ids": [str(chain.movement_id(value)) for value in hashes],
        "changes": [text.decode() for text in lines], "later": [text.decode() for text in LATER],
        "bootstrap": [encode(line).decode() for line in BOOTSTRAP],
        "chunk": part.hash, "levels": LEVELS, "digest": digest.bucket_sums(LEVELS).hex(),
    }  # fmt: skip
    return {
        "facts.json": _json(facts),
        "up_columns.batch": batch.seal(ORIGIN, 1, GENESIS, encoded, KEY.sign),
        "up_raw.batch": batch.seal(ORIGIN, 1, GENESIS, [*encoded, b"\xff junk"], KEY.sign, raw=True),
        "up_later.batch": batch.seal(ORIGIN, len(encoded) + 1, hashes[-1], LATER, KEY.sign),
        "down.batch": batch.seal(FEED, 1, chain.genesis(SITE, FEED), lines, KEY.sign),
        "snapshot.chunk": part.data,
        "manifest.json": snapshot.sign_manifest(manifest, KEY.sign).model_dump_json().encode(),
        "certificate.txt": keys.issue(claims, KEY.sign).encode(),
        "messages.json": _json([json.loads(messages.encode(message)) for message in said()]),  # type: ignore[arg-type]
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def main(release: str) -> None:
    folder = Path(__file__).parent / release
    folder.mkdir()
    for name, data in files().items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
