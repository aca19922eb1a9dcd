"""Logs: JSON lines (coloured text on a terminal) with constant messages and facts as fields.

`log` says which of the three each line belongs to: `activity` (who did or was refused what),
`movement` (what moved on which ledger) or `system` (all else). What is said while a request
is served carries its trace id. Tracebacks never show local variables: a password or a token
may be among them.
"""

import logging
import sys
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
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer: structlog.typing.Processor = plain if stream.isatty() else structlog.processors.JSONRenderer(_json)
    always: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        _placed,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*always, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=lambda *names: _Lines(stream, names[0] if names and names[0] in KINDS else "system"),
        cache_logger_on_first_use=True,
    )
    _configure_libraries(numeric, stream, always, renderer)


class _Lines(structlog.PrintLogger):
    """A stream, and which of the logs its lines belong to."""

    def __init__(self, stream: TextIO, kind: str) -> None:
        super().__init__(stream)
        self.kind = kind


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


def _json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
