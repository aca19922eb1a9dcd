"""Records: one canonical form, strict about types, lenient about a later version's fields."""

import pytest

from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.records import Fact, Item, Movement, Unknown, decode, encode
from tests.unit.sync_protocol.build import PRODUCT, movement

HEAD = '["m",1,1000,"shelf","customer","sale",1790000000000'


def test_canonical_bytes_of_a_movement_cut_trailing_nulls() -> None:
    assert encode(movement()) == f"{HEAD}]".encode()
    assert encode(movement(key="k")) == f'{HEAD},null,null,null,null,null,"k"]'.encode()


def test_canonical_bytes_of_a_fact_sort_its_keys() -> None:
    assert encode(Fact("task", {"b": 1, "a": [None, {"d": True, "c": "é"}]})) == (
        '["task",{"a":[null,{"c":"é","d":true}],"b":1}]'.encode()
    )


@pytest.mark.parametrize(
    "record",
    [
        movement(), movement(key="k", note="n", clock_offset=-5), Item(1, PRODUCT), Fact("task", {"a": 1}),
        Item(2, PRODUCT, "04012345678901", 6000, "each", 199, 120, "EUR"),
    ],
)  # fmt: skip
def test_what_was_encoded_decodes_to_the_same_record(record: Movement | Item | Fact) -> None:
    assert decode(encode(record)) == record


def test_a_later_versions_extra_fields_are_cut_and_the_movement_still_counts() -> None:
    fields = ",null" * 9
    assert decode(f'{HEAD}{fields},"from the future",7]'.encode()) == movement()


def test_a_kind_of_a_later_version_keeps_its_bytes() -> None:
    for text in (b'["hologram",1,2]', b'["hologram"]', b'["hologram",[1]]'):
        assert decode(text) == Unknown("hologram", text)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"null", b"{}", b"[]", b"[1]", b'["m"]', b'[""]', b'["?",{}]', b'["UPPER",{}]', b'["m"', b"\xff",
        b'["m",true,1000,"shelf","customer","sale",1]',
        b'["m",1,1000.0,"shelf","customer","sale",1]',
        b'["m",1,NaN,"shelf","customer","sale",1]',
        b'["m",1,1e3,"shelf","customer","sale",1]',
        b'["m",1,0,"shelf","customer","sale",1]',
        b'["m",1,-5,"shelf","customer","sale",1]',
        b'["m",1,1000,"shelf","shelf","sale",1]',
        b'["m",1,1000,null,"customer","sale",1]',
        b'["m",1,9223372036854775808,"shelf","customer","sale",1]',
        b'["m",1,99999999999999999999999,"shelf","customer","sale",1]',
        b'["m",1,1000,"shelf","customer","sale",1,null,{"a":1}]',
        b'["m",1,1000,"\\ud800","customer","sale",1]',
        b'["i",1]', b'["i",1,null]', b'["i",1,"p",null,null]',
        b"[" * 5000,
    ],
)  # fmt: skip
def test_bytes_that_are_no_record_are_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        decode(text)


@pytest.mark.parametrize(
    "record",
    [
        movement(quantity=0), movement(item=True), movement(quantity=1.0), movement(quantity=2**63),
        movement(to_location="shelf"), movement(note="\ud800"), Item(1, None),  # type: ignore[arg-type]
        Fact("task", {"a": 0.5}), Fact("task", {"a": [{"b": float("nan")}]}), Fact("task", {"a": 2**70}),
        Fact("m", {}), Fact("", {}), Fact("?", {}), Fact("task", {1: 2}),  # type: ignore[dict-item]
    ],
)  # fmt: skip
def test_a_writer_never_makes_what_no_reader_may_accept(record: Movement | Item | Fact) -> None:
    with pytest.raises(Malformed):
        encode(record)


def test_a_record_beyond_the_limit_is_refused_in_both_directions() -> None:
    with pytest.raises(TooLarge):
        encode(movement(note="x" * 16_384))
    with pytest.raises(TooLarge):
        decode(b'["task",{"a":"' + b"x" * 16_384 + b'"}]')
