"""What was released is read for ever: each folder beside this file holds the wire files of a release."""

import json
from pathlib import Path
from typing import Any

import pytest

from sync_protocol import batch, bootstrap, chain, digest, keys, messages, snapshot
from sync_protocol.changes import CHANGES, parse_change
from sync_protocol.errors import Malformed
from sync_protocol.facts import FACTS, parse_fact
from sync_protocol.receiver import Accepted, receive
from sync_protocol.records import Fact, Unknown, decode, encode
from tests.golden.generate import files

RELEASES = sorted(path for path in Path(__file__).parent.iterdir() if path.name.startswith("v"))


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def release(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def facts(release: Path) -> Any:
    return json.loads((release / "facts.json").read_bytes())


def accepted(release: Path, facts: Any, name: str, origin: str, mark: int, mark_hash: bytes) -> Accepted:
    verify = keys.verifier(bytes.fromhex(facts["public_key"]))
    found = batch.parse((release / name).read_bytes())
    assert found.origin_id == origin
    outcome = receive(found, mark=mark, mark_hash=mark_hash, verify=verify)
    assert isinstance(outcome, Accepted)
    return outcome


def test_there_is_a_release() -> None:
    assert RELEASES


def test_records_keep_their_canonical_bytes_hashes_and_ids(facts: Any) -> None:
    encoded = [text.encode() for text in facts["records"]]
    assert [encode(decode(text)) for text in encoded] == encoded  # type: ignore[arg-type]
    assert chain.genesis(facts["site_id"], facts["origin_id"]).hex() == facts["genesis"]
    hashes = chain.extend_each(bytes.fromhex(facts["genesis"]), encoded)
    assert [value.hex() for value in hashes] == facts["hashes"]
    assert [str(chain.movement_id(value)) for value in hashes] == facts["ids"]


def test_columns_give_back_the_records(release: Path, facts: Any) -> None:
    got = accepted(release, facts, "up_columns.batch", facts["origin_id"], 0, bytes.fromhex(facts["genesis"]))
    assert [text.decode() for text, _ in got.rows] == facts["records"]
    assert got.hashes[-1].hex() == facts["hashes"][-1]
    assert all(parse_fact(record) for _, record in got.rows if isinstance(record, Fact))


def test_raw_frames_give_back_the_records_and_reject_the_unreadable_one(release: Path, facts: Any) -> None:
    got = accepted(release, facts, "up_raw.batch", facts["origin_id"], 0, bytes.fromhex(facts["genesis"]))
    assert [text.decode() for text, _ in got.rows[:-1]] == facts["records"]
    assert got.rejected == [len(facts["records"]) + 1]


def test_what_was_later_then_is_known_or_kept_now(release: Path, facts: Any) -> None:
    mark, mark_hash = len(facts["records"]), bytes.fromhex(facts["hashes"][-1])
    got = accepted(release, facts, "up_later.batch", facts["origin_id"], mark, mark_hash)
    assert [text.decode() for text, _ in got.rows] == facts["later"]
    assert not any(isinstance(record, Unknown) and record.kind == batch.UNREADABLE for _, record in got.rows)


def test_the_feed_and_the_snapshot_give_back_the_changes(release: Path, facts: Any) -> None:
    found = batch.parse((release / "down.batch").read_bytes())
    rows = batch.open_batch(found).rows
    assert [text.decode() for text, _ in rows] == facts["changes"]
    assert all(isinstance(record, Fact) and parse_change(record) for _, record in rows)
    lines = snapshot.open_chunk(facts["chunk"], (release / "snapshot.chunk").read_bytes())
    assert [line.decode() for line in lines] == facts["changes"]


def test_the_manifest_and_the_certificate_are_believed(release: Path, facts: Any) -> None:
    verify = keys.verifier(bytes.fromhex(facts["public_key"]))
    manifest = snapshot.read_manifest((release / "manifest.json").read_bytes(), verify)
    assert manifest.chunks[0].hash == facts["chunk"]
    claims = keys.read_certificate((release / "certificate.txt").read_text(), verify)
    assert (claims.origin_id, claims.predecessor is not None) == (facts["origin_id"], True)


def test_every_message_is_read_without_losing_a_field(release: Path) -> None:
    for said in json.loads((release / "messages.json").read_bytes()):
        data = json.dumps(said).encode()
        try:
            message = messages.decode_up(data)
        except Malformed:
            message = messages.decode_down(data)  # type: ignore[assignment]
        read = json.loads(messages.encode(message))
        assert {name: read.get(name) for name in said} == said


def test_the_digest_is_the_same_for_ever(facts: Any) -> None:
    assert digest.bucket_sums([tuple(level) for level in facts["levels"]]).hex() == facts["digest"]


def test_this_version_still_writes_what_the_newest_release_wrote(facts: Any) -> None:
    newest = json.loads((RELEASES[-1] / "facts.json").read_bytes())
    now = json.loads(files()["facts.json"])
    for name in ("records", "hashes", "ids", "changes", "bootstrap", "digest", "genesis"):
        assert now[name] == newest[name]


def test_the_newest_release_has_every_kind_of_fact_change_and_line() -> None:
    newest = json.loads((RELEASES[-1] / "facts.json").read_bytes())
    kinds = {name: {json.loads(text)[0] for text in newest[name]} for name in ("records", "changes", "bootstrap")}
    assert kinds["records"] >= FACTS.keys()
    assert kinds["changes"] == CHANGES.keys()
    assert kinds["bootstrap"] == {bootstrap.LEVEL, bootstrap.LOT, bootstrap.KEY, bootstrap.FORMER}


def test_what_a_successor_was_told_is_read(facts: Any) -> None:
    lines = [record for text in facts.get("bootstrap", []) if isinstance(record := decode(text.encode()), Fact)]
    of = {kind: [line for line in lines if line.kind == kind] for kind in (bootstrap.LEVEL, bootstrap.LOT)}
    levels = {bootstrap.parse_level(line) for line in of[bootstrap.LEVEL]}
    assert sum(quantity for *_, quantity in levels) == sum(bootstrap.parse_lot(line)[3] for line in of[bootstrap.LOT])
    assert all(bootstrap.parse_used_key(line) for line in lines if line.kind == bootstrap.KEY)
    former = list(bootstrap.parse_formers(line for line in lines if line.kind == bootstrap.FORMER))
    assert [(sequence, len(encoded)) for _, sequence, encoded, _ in former] == ([(3, 8), (4, 8_000)] if lines else [])
