"""A successor's kept records of its predecessor, sealed for a hub that was restored."""

import sqlite3

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.services.former import sealed_stretch
from edge_agent.storage import origins
from sync_protocol import batch, chain
from sync_protocol.messages import Former
from tests.unit.edge_agent.a_store import ORIGIN, SITE, a_store

OLD = ORIGIN[:-1] + "8"
KEY = Ed25519PrivateKey.generate()
Records = list[tuple[int, bytes, bytes]]


def stretch(texts: list[bytes], after: int = 0, previous: bytes | None = None) -> Records:
    previous = previous or chain.genesis(SITE, OLD)
    hashes = chain.extend_each(previous, texts)
    return [(after + 1 + i, text, hashes[i]) for i, text in enumerate(texts)]


def a_successor(*kept: Records) -> sqlite3.Connection:
    connection = a_store()
    for records in kept:
        origins.keep_former(connection, OLD, records)
    return connection


def told(connection: sqlite3.Connection, records: Records, position: int) -> list[tuple[int, bytes, bytes]]:
    wanted = Former(
        origin_id=OLD, position=position, hash=records[position - 1][2].hex(), last=records[-1][0],
        last_hash=records[-1][2].hex(),
    )  # fmt: skip
    found = []
    for sealed in sealed_stretch(connection, wanted, KEY.sign):
        parsed = batch.parse(sealed)
        KEY.public_key().verify(parsed.signature, parsed.signed)
        opened = batch.open_batch(parsed)
        found += [
            (parsed.first + i, encoded, opened.hashes[i]) for i, (encoded, _) in enumerate(opened.rows)
        ]  # fmt: skip
    return found


def hubs() -> Records:
    return stretch([b'["task",{"n":%d}]' % n for n in range(1, 1201)])


def test_all_that_the_hub_lacks_is_told_in_order() -> None:
    records = hubs()

    assert told(a_successor(records), records, 7) == records[7:]


def test_an_own_branch_beside_the_hubs_records_is_left_out() -> None:
    records = hubs()
    branch = stretch([b'["task",{"own":%d}]' % n for n in range(5)], 10, records[9][2])

    assert told(a_successor(branch, records), records, 7) == records[7:]


@pytest.mark.parametrize("hole", [8, 500, 1200])
def test_nothing_is_told_when_one_record_is_missing(hole: int) -> None:
    records = hubs()

    assert told(a_successor([each for each in records if each[0] != hole]), records, 7) == []
