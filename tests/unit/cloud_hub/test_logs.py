"""F34: log lines are JSON with their moment, and those of one turn of the event loop are written together."""

import asyncio
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from cloud_hub import logs


class Stream(io.StringIO):
    """Counts what is written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def stream() -> Iterator[Stream]:
    before = structlog.get_config()
    stream = Stream()
    logs.configure("info", stream)
    yield stream
    structlog.configure(**before)


async def test_lines_of_one_turn_are_written_together_in_their_order(stream: Stream) -> None:
    for number in range(3):
        structlog.get_logger("activity").info("said", number=number)
    assert stream.writes == 0

    await asyncio.sleep(0)

    assert [line["number"] for line in stream.lines] == [0, 1, 2]
    assert stream.writes == 1


def test_where_no_loop_runs_a_line_is_written_at_once(stream: Stream) -> None:
    structlog.get_logger().warning("said")

    assert [(line["event"], line["level"], line["log"]) for line in stream.lines] == [("said", "warning", "system")]


def test_a_line_says_when_it_was_said_in_utc(stream: Stream) -> None:
    before = datetime.now(UTC)
    structlog.get_logger("movement").info("said")
    structlog.get_logger("movement").info("said")

    for line in stream.lines:
        assert str(line["timestamp"]).endswith("Z")
        assert before <= datetime.fromisoformat(str(line["timestamp"])) <= datetime.now(UTC)


def test_an_error_that_is_logged_brings_its_traceback(stream: Stream) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("failed")

    assert "ValueError: broken" in str(stream.lines[0]["exception"])
