"""What the scanners were set to at the screen: a file, so that a restart does not turn receiving into selling.

It holds against the configuration only for as long as that says what it said when the mode was
set: who edits edge.toml afterwards means it.
"""

from pathlib import Path

import orjson
import structlog

from edge_agent.storage.files import write_private

log = structlog.get_logger(__name__)


class ScannerModes:
    """By the scanner's name: the configured mode then, and the one that was set."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._set: dict[str, tuple[str, str]] = _read(path)

    def of(self, name: str, configured: str) -> str:
        """The mode of a scanner at the start."""
        then, mode = self._set.get(name, (configured, configured))
        return mode if then == configured else configured

    def keep(self, name: str, configured: str, mode: str) -> None:
        """Durable when this returns; blocks."""
        self._set = {**self._set, name: (configured, mode)}
        write_private(self._path, orjson.dumps(self._set))


def _read(path: Path) -> dict[str, tuple[str, str]]:
    try:
        found = orjson.loads(path.read_bytes())
        return {str(name): (str(then), str(mode)) for name, (then, mode) in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.error("the scanners' modes cannot be read: those of edge.toml hold", file=str(path), detail=str(error))
        return {}
