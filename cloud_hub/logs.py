"""Logs: JSON lines (coloured text on a terminal) with constant messages and facts as fields.

`log` says which of the three each line belongs to: `activity` (who did or was refused what),
`movement` (what moved on which ledger) or `system` (all else). What is said while a request
is served carries its trace id. Tracebacks never show local variables: a password or a token
may be among them. Lines of one turn of the event loop are written together.
"""

import asyncio
import atexit
import logging
import sys
import time
from contextvars import ContextVar
from typing import Any, TextIO

import orjson
import structlog

KINDS = ("activity", "movement", "system")
TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""Of the request that is being served."""


def configure(level: str, stream: TextIO = sys.stderr) -> None:
    """Call once, first. A program that serves logs to stdout; a command's stdout is its answer."""
    numeric = logging.getLevelNamesMapping()[level.upper()]
    out = _Out(stream)
    atexit.register(out.flush)
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer: structlog.typing.Processor = plain if stream.isatty() else _json
    always: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        _placed,
        _Stamp(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*always, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=lambda *names: _Lines(out, names[0] if names and names[0] in KINDS else "system"),
        cache_logger_on_first_use=True,
    )
    _configure_libraries(numeric, stream, always, renderer)


class _Out:
    """Where lines go: those of one turn of the event loop by one write, those of other threads at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []

    def say(self, line: str) -> None:
        """Write a line, soon."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write(line + "\n")
            return
        if not self._lines:
            loop.call_soon(self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        """Write what waits."""
        lines, self._lines = self._lines, []
        if lines:
            self._write("\n".join(lines) + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class _Lines:
    """An output, and which of the logs its lines belong to."""

    def __init__(self, out: _Out, kind: str) -> None:
        self.kind = kind
        self.msg = self.debug = self.info = self.warning = self.error = self.critical = self.exception = out.say


def _configure_libraries(
    level: int, stream: TextIO, always: list[structlog.typing.Processor], renderer: structlog.typing.Processor
) -> None:
    """What libraries say through `logging` becomes the same lines."""
    steps: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    said = logging.StreamHandler(stream)
    said.setFormatter(structlog.stdlib.ProcessorFormatter(processors=steps, foreign_pre_chain=always))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[said], force=True)


def _placed(logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event["log"] = getattr(logger, "kind", "system")
    trace_id = TRACE_ID.get()
    if trace_id is not None:
        event.setdefault("trace_id", trace_id)
    return event


class _Stamp:
    """The moment, as RFC 3339; spelling out a second costs as much as all the rest of a line, so it is done once."""

    def __init__(self) -> None:
        self._second, self._spelled = 0, ""

    def __call__(self, _logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        second, rest = divmod(time.time_ns(), 1_000_000_000)
        if second != self._second:
            self._second, self._spelled = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        event["timestamp"] = f"{self._spelled}.{rest // 1_000:06d}Z"
        return event


def _json(_logger: Any, _method: str, event: structlog.typing.EventDict) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
