"""SPEC.md says what the code does: limits, timers, verdicts, messages, kinds, words, topics."""

import re
import typing
from pathlib import Path

import pytest

from edge_agent.domain.movement import OWN, ROUTES
from sync_protocol import bootstrap, limits, messages, vocabulary
from sync_protocol.changes import CHANGES, COMMAND_KINDS
from sync_protocol.facts import FACTS
from sync_protocol.handshake import ACTIONS, Action, FeedVerdict
from sync_protocol.records import Fact, Item, Movement, encode
from sync_protocol.transport import mqtt

SPEC = (Path(limits.__file__).parent / "SPEC.md").read_text()


def section(title: str) -> str:
    found = re.search(rf"^## \d+\. {title}.*?(?=^## |\Z)", SPEC, re.MULTILINE | re.DOTALL)
    assert found, f"SPEC.md has no section {title}"
    return found.group()


def missing(words: typing.Iterable[str], text: str) -> list[str]:
    return [word for word in words if f"`{word}`" not in text]


def test_every_verdict_is_in_the_table_with_its_answer() -> None:
    answers = {Action.WELCOME: "welcome", Action.FENCE: "fenced", Action.REFUSE: "refused"}
    rows = re.findall(r"^\| `(\w+)` \| .*? \| `(\w+)`", section("Hello"), re.MULTILINE)
    assert dict(rows) == {str(verdict): answers[action] for verdict, (action, _) in ACTIONS.items()}
    assert missing(FeedVerdict, section("Hello")) == []


def test_every_message_is_named() -> None:
    unions = (messages.UpMessage, messages.DownMessage)
    models = [model for union in unions for model in typing.get_args(typing.get_args(union)[0])]
    assert missing((model.model_fields["type"].default for model in models), section("Messages")) == []


def test_every_kind_command_location_and_reason_is_named() -> None:
    lines = (bootstrap.LEVEL, bootstrap.LOT, bootstrap.KEY, bootstrap.FORMER)
    assert missing([*FACTS, *CHANGES, *lines], section("Records")) == []
    assert missing(COMMAND_KINDS, section("Commands")) == []
    assert missing([*vocabulary.Location, *vocabulary.Reason], section("Vocabulary")) == []
    assert missing(vocabulary.CommandStatus, section("Commands")) == []


def test_every_reason_is_told_with_the_places_it_moves_stock_between() -> None:
    def place(kinds: frozenset[str]) -> str:
        return "own" if kinds == OWN else "".join(kinds)

    told = dict(re.findall(r"^\| `(\w+)` \| (.* → .*) \|$", section("Vocabulary"), re.MULTILINE))
    assert {reason: set(routes.split(", ")) for reason, routes in told.items()} == {
        str(reason): {f"{place(source)} → {place(target)}" for source, target in routes}
        for reason, routes in ROUTES.items()
    }


def test_the_fields_of_positional_records_are_in_their_order() -> None:
    text = re.sub(r" \(default [^)]*\)", "", section("Records"))
    for fields in (Item._fields, Movement._fields):
        assert ", ".join(fields) in text


@pytest.mark.parametrize(
    "number",
    [
        limits.RECORD_BYTES_MAX, limits.BATCH_RECORDS_MAX, limits.BATCH_RECORDS_BACKLOG, limits.BATCH_BYTES_MAX,
        limits.PAYLOAD_BYTES_MAX, limits.CONTROL_BYTES_MAX, limits.CREDITS_MAX, limits.CHECKPOINTS_MAX,
        limits.KEY_CHARS_MAX, limits.TEXT_CHARS_MAX, limits.SNAPSHOT_CHUNK_BYTES_MAX, mqtt.PACKET_BYTES_MAX,
    ],
)  # fmt: skip
def test_every_limit_is_told(number: int) -> None:
    assert re.search(rf"\b{number:,}\b", section("Limits"))


def test_every_timer_is_told() -> None:
    told = section("Timers")
    for wait_ms in (
        limits.HELLO_TIMEOUT_MS, limits.RESEND_TIMEOUT_MS, limits.STALL_TIMEOUT_MS, limits.PING_AFTER_MS,
        limits.RECONNECT_CAP_MS,
    ):  # fmt: skip
        assert f"{wait_ms // 1000} s" in told
    assert f"{limits.RETENTION_MS // 86_400_000} days" in section("Uplink")


def test_the_example_of_a_movement_is_canonical() -> None:
    sale = Movement(7, 2000, "shelf", "customer", "sale", 1_790_000_000_000, -250)
    assert f"`{encode(sale).decode()}`" in section("Records")


def test_control_characters_and_keys_are_written_as_the_spec_says() -> None:
    body = {"\U0001f600": 1, "\uff5e": 2, "a": '\x01\x1f\x7f\n"\\/é'}
    assert encode(Fact("task", body)) == (
        '["task",{"a":"\\u0001\\u001f\x7f\\n\\"\\\\/é","\uff5e":2,"\U0001f600":1}]'.encode()
    )


def test_the_contents_lead_to_the_sections() -> None:
    titles = re.findall(r"^## (\d+\. .*)$", SPEC, re.MULTILINE)
    anchors = {title.lower().replace(".", "").replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]*)\)", SPEC)) == anchors
