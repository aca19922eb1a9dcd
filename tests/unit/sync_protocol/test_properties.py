"""Laws of the protocol that hold for any records, any network and any order of levels."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as some

from sync_protocol import batch, chain, digest
from sync_protocol.columns import pack, unpack
from sync_protocol.errors import Malformed
from sync_protocol.receiver import Accepted, Duplicate, Gap, receive
from sync_protocol.records import Fact, Item, Movement, decode, encode
from sync_protocol.sender import Sender, Stall
from tests.unit.sync_protocol.build import GENESIS, KEY, LEASE, ORIGIN, VERIFY, ack, nack, sales

whole = some.integers(-(2**63) + 1, 2**63 - 1)
text = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)
maybe = some.none()
movements = some.builds(
    Movement, whole, some.integers(1, 2**63 - 1), text.map("a".__add__), text.map("b".__add__), text, whole,
    maybe | whole, *[maybe | text] * 8,
)  # fmt: skip
items = some.builds(Item, whole, text, maybe | text, whole, text, maybe | whole, maybe | whole, maybe | text)
values = some.recursive(
    some.none() | some.booleans() | whole | text,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
facts = some.builds(
    Fact, some.sampled_from(["task", "alert", "later_kind"]), some.dictionaries(text, values, max_size=4)
)
records = some.lists(movements | items | facts, min_size=1, max_size=30)


@given(records)
def test_decoding_undoes_encoding_and_encoding_again_gives_the_same_bytes(made: list[Any]) -> None:
    for record in made:
        assert decode(encode(record)) == record
        assert encode(decode(encode(record))) == encode(record)  # type: ignore[arg-type]


@given(records)
def test_unpacking_undoes_packing(made: list[Any]) -> None:
    encoded = [encode(record) for record in made]
    try:
        packed = pack(encoded)
    except TypeError:  # deltas beyond 64 bits: the sender sends raw frames
        return
    assert unpack(packed, len(encoded)) == list(zip(encoded, made, strict=True))


odd = some.sampled_from([None, True, False, 0, 1, -1, 1.0, 0.5, "", "1", [], [1], {"a": 1}])


@given(some.lists(some.tuples(some.sampled_from((1, 3, 7, 9)), odd), min_size=1, max_size=6), some.booleans())
def test_columns_give_back_odd_rows_to_the_byte_or_refuse_them(changes: list[tuple[int, Any]], is_cut: bool) -> None:
    encoded = []
    for at, value in changes:
        row: list[Any] = ["m", 1, 1000, "shelf", "customer", "sale", 1, 1, *"abcdefgh"][: 8 if is_cut else 16]
        row[at % len(row)] = value
        encoded.append(orjson.dumps(row))
    try:
        given_back = unpack(pack(encoded), len(encoded))
    except (Malformed, TypeError):
        return
    assert [own for own, _ in given_back] == encoded


@given(records)
def test_opening_undoes_sealing(made: list[Any]) -> None:
    encoded = [encode(record) for record in made]
    opened = batch.open_batch(batch.parse(batch.seal(ORIGIN, 1, GENESIS, encoded, KEY.sign)))
    assert [own for own, _ in opened.rows] == encoded
    assert [record for _, record in opened.rows] == made
    assert opened.hashes == chain.extend_each(GENESIS, encoded)


@given(some.lists(some.binary(max_size=60), min_size=1, max_size=10))
def test_any_stored_bytes_arrive_as_they_are(stored: list[bytes]) -> None:
    opened = batch.open_batch(batch.parse(batch.seal(ORIGIN, 1, GENESIS, stored, KEY.sign)))
    assert [own for own, _ in opened.rows] == stored


@given(some.lists(some.tuples(text, text, whole), max_size=20), some.randoms(use_true_random=False))
def test_a_digest_does_not_depend_on_order(levels: list[tuple[str, str, int]], random: Any) -> None:
    mixed = levels.copy()
    random.shuffle(mixed)
    assert digest.bucket_sums(levels) == digest.bucket_sums(mixed)


class Wire:
    """A network that loses, repeats and reorders whatever hypothesis tells it to."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw
        self.held: list[Any] = []

    def put(self, message: Any) -> None:
        for _ in range(self._draw(some.sampled_from([0, 1, 1, 1, 1, 2]))):
            self.held.insert(self._draw(some.integers(max(0, len(self.held) - 3), len(self.held))), message)

    def take(self) -> list[Any]:
        taken, self.held = self.held, []
        return taken


ENCODED = sales(60)
HASHES = [GENESIS, *chain.extend_each(GENESIS, ENCODED)]


@given(some.data())
@settings(max_examples=60, deadline=None)
def test_any_loss_repetition_and_reordering_ends_with_both_ends_equal(data: Any) -> None:
    sender = Sender(batch_records_max=data.draw(some.integers(1, 9)))
    up, down = Wire(data.draw), Wire(data.draw)
    stored: list[bytes] = []
    now = 0
    sender.start(lease=LEASE, mark=0, head=len(ENCODED), credits=data.draw(some.integers(1, 6)), now=now)
    for turn in range(400):
        if turn > 40:
            up.put = up.held.append  # type: ignore[method-assign]
            down.put = down.held.append  # type: ignore[method-assign]
        while (wanted := sender.next_range(now)) is not None:
            own = ENCODED[wanted.first - 1 : wanted.last]
            up.put(batch.seal(ORIGIN, wanted.first, HASHES[wanted.first - 1], own, KEY.sign, raw=wanted.raw))
            sender.published(wanted)
        for sealed in up.take():
            down.put(_answer(sealed, stored))
        for answer in down.take():
            (sender.on_ack if answer.type == "ack" else sender.on_nack)(answer, now)
        if sender.pending == 0:
            break
        now += 1_000
        assert sender.timer() is not None, "pending records wait for nothing"
        if sender.on_timer(now) is Stall.RECONNECT:
            sender.start(lease=LEASE, mark=len(stored), head=len(ENCODED), credits=4, now=now)
    assert stored == ENCODED
    assert sender.mark == len(ENCODED)


def _answer(sealed: bytes, stored: list[bytes]) -> Any:
    mark = len(stored)
    outcome = receive(batch.parse(sealed), mark=mark, mark_hash=HASHES[mark], verify=VERIFY)
    if isinstance(outcome, Gap):
        return nack("gap", outcome.expected)
    assert isinstance(outcome, Accepted | Duplicate)
    if isinstance(outcome, Accepted):
        stored.extend(own for own, _ in outcome.rows)
    return ack(len(stored))
