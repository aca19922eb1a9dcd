"""Control messages, topics, keys and quantities: validated where they cross the border."""

from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol import keys, messages, topics
from sync_protocol.errors import BadCertificate, BadSignature, Malformed, TooLarge
from sync_protocol.quantity import format_money, format_quantity, parse_money, parse_quantity
from tests.unit.sync_protocol.build import DEVICE, KEY, LEASE, ORIGIN, SITE, VERIFY, ack, hello


def test_what_an_edge_says_is_read_as_it_was_said() -> None:
    said = hello()
    assert messages.decode_up(messages.encode(said)) == said


def test_what_the_hub_says_is_read_as_it_was_said() -> None:
    assert messages.decode_down(messages.encode(ack(5))) == ack(5)


def test_a_later_versions_fields_are_ignored() -> None:
    data = messages.encode(ack(5))[:-1] + b',"later":{"x":[1]}}'
    assert messages.decode_down(data) == ack(5)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b'{"type":"nonsense"}', b'{"type":"ack"}', b"\xff\xfe", b"[" * 3_000,
        messages.encode(ack(5)).replace(b'"mark":5', b'"mark":"5"'),
        messages.encode(ack(5)).replace(b'"mark":5', b'"mark":5.0'),
        messages.encode(ack(5)).replace(b'"mark":5', b'"mark":true'),
        messages.encode(ack(5)).replace(b'"mark":5', b'"mark":-1'),
        messages.encode(ack(5)).replace(b'"mark":5', b'"mark":4611686018427387904'),
        messages.encode(ack(5)).replace(LEASE.encode(), b"zz"),
    ],
)  # fmt: skip
def test_what_is_not_a_message_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        messages.decode_down(data)


def test_up_and_down_have_their_own_words() -> None:
    with pytest.raises(Malformed):
        messages.decode_up(messages.encode(ack(5)))


def test_a_message_beyond_the_limit_is_not_parsed() -> None:
    with pytest.raises(TooLarge):
        messages.decode_down(b" " * 70_000)


def test_a_frame_carries_its_lease_and_no_json_is_a_frame() -> None:
    framed = messages.frame("ab" * 8, b"batch")
    assert messages.is_frame(framed)
    assert messages.unframe(framed) == ("ab" * 8, b"batch")
    assert not messages.is_frame(messages.encode(ack(5)))
    assert not messages.is_frame(b"")


@pytest.mark.parametrize("data", [b"", b"\0", b"\0" + bytes(8), b"x" + bytes(20)])
def test_a_frame_without_lease_or_batch_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        messages.unframe(data)


def test_an_up_topic_names_its_device_and_origin() -> None:
    assert topics.parse_up(topics.up(DEVICE, ORIGIN)) == (DEVICE, ORIGIN)
    assert topics.parse_device(topics.presence(DEVICE)) == DEVICE


def test_the_shard_of_a_device_is_the_same_for_ever() -> None:
    assert topics.shard_of(DEVICE) == 44
    assert {topics.shard_of(str(n)) for n in range(2_000)} == set(range(topics.SHARDS))


@pytest.mark.parametrize(
    "topic",
    [
        "", "backstock/v1/up/1", "other/v1/up/0/a/b", topics.up(DEVICE, "x"),
        topics.up(DEVICE, ORIGIN).replace("/up/", "/up/0"), topics.up(DEVICE, ORIGIN) + "/more",
    ],
)  # fmt: skip
def test_a_topic_that_is_not_the_devices_is_malformed(topic: str) -> None:
    with pytest.raises(Malformed):
        topics.parse_up(topic)


def test_a_certificate_is_believed_with_the_hubs_signature_only() -> None:
    claims = keys.Claims(
        site_id=SITE, device_id=DEVICE, origin_id=ORIGIN, public_key="00" * 32, hub_epoch=1, issued_at=5
    )
    text = keys.issue(claims, KEY.sign)
    assert keys.read_certificate(text, VERIFY) == claims
    for bad in ("", "x", text[:-2] + "00", text.replace(SITE, ORIGIN), text + "é"):
        with pytest.raises(BadCertificate):
            keys.read_certificate(bad, VERIFY)
    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(BadCertificate):
        keys.read_certificate(keys.issue(claims, stranger.sign), VERIFY)


def test_a_signature_of_the_wrong_length_is_a_bad_signature() -> None:
    with pytest.raises(BadSignature):
        VERIFY(b"short", b"data")


@pytest.mark.parametrize(
    ("text", "thousandths"), [("1.5", 1500), ("-0.001", -1), (3, 3000), (Decimal("2.50"), 2500), ("1e2", 100_000)]
)
def test_a_decimal_is_read_as_thousandths(text: str | int | Decimal, thousandths: int) -> None:
    assert parse_quantity(text) == thousandths
    assert parse_quantity(format_quantity(thousandths)) == thousandths


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0.0001",
        "NaN",
        "Infinity",
        "1e30",
        "1e999999999",
        pytest.param(10**5000, id="five thousand digits"),
        "1e999999",
        "1.0000000000000000000000000000001",
        True,
        0.5,
    ],
)
def test_what_is_no_quantity_is_malformed(text: str | float) -> None:
    with pytest.raises(Malformed):
        parse_quantity(text)  # type: ignore[arg-type]


def test_money_has_its_currencys_decimals() -> None:
    assert [format_money(parse_money("5", code), code) for code in ("EUR", "JPY", "KWD")] == ["5.00", "5", "5.000"]
    with pytest.raises(Malformed):
        parse_money("5.5", "JPY")
