"""The files of the data directory beside the database: names, private modes, whole or not at all.

A file is written to a temporary name with mode 0600, synced and renamed, so a power cut
leaves the old one or the new one. Nothing here knows what the bytes mean.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_agent.crashpoints import crashpoint
from edge_agent.errors import Conflict

PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Folder:
    """The data directory of one box."""

    path: Path

    @property
    def database(self) -> Path:
        return self.path / "store.db"

    @property
    def record_key(self) -> Path:
        """Ed25519; signs batches and tokens. The next successor's key is made beside it."""
        return self.path / "record.key"

    @property
    def device_key(self) -> Path:
        """P-256 key of the client certificate."""
        return self.path / "device.key"

    @property
    def device_certificate(self) -> Path:
        return self.path / "device.crt"

    @property
    def ca(self) -> Path:
        return self.path / "ca.crt"

    @property
    def api_key(self) -> Path:
        """Lines of NAME KEY; the name is the actor."""
        return self.path / "api.key"

    @property
    def https(self) -> Path:
        """Key and certificate of the box's own HTTPS, in one file."""
        return self.path / "https.pem"

    @property
    def people_key(self) -> Path:
        """Keys what is hashed of PINs and badges; hex."""
        return self.path / "people.key"

    @property
    def enrolment(self) -> Path:
        """Who this box is and where its hub is; its presence means: enrolled."""
        return self.path / "enrolment.json"

    @property
    def generation(self) -> Path:
        """What the box remembers outside the database, to notice that this was put back."""
        return self.path / "generation"

    @property
    def safe_notes(self) -> Path:
        """When the hub's safe mark was where; says what may be pruned."""
        return self.path / "safe.json"

    @property
    def ballast(self) -> Path:
        return self.path / "ballast"

    @property
    def snapshot(self) -> Path:
        """Chunks of a snapshot that is being fetched."""
        return self.path / "snapshot"

    @property
    def ready(self) -> Path:
        """Where the running agent's API is; there is none while it does not run."""
        return self.path / "agent.json"

    @property
    def lock(self) -> Path:
        return self.path / "agent.lock"


def make_private(path: Path) -> None:
    """Create the directory, readable by this user only."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private(path: Path, data: bytes) -> None:
    """Replace a file as a whole, mode 0600, durable when this returns."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    try:
        os.fchmod(descriptor, PRIVATE)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    crashpoint("edge.file.before_rename")
    temporary.replace(path)
    sync_directory(path.parent)
    crashpoint("edge.file.after_rename")


def sync_directory(path: Path) -> None:
    """Make renames and removals in this directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def lock(folder: Folder) -> Iterator[None]:
    """One process owns the data directory. Raises Conflict while another one does."""
    if not folder.path.is_dir():
        raise Conflict("not_enrolled", f"{folder.path}: expected a data directory",
                       remedy="run: edge-agent --data DIR enrol URL CODE")  # fmt: skip
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT, PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Conflict("running", f"{folder.path}: an agent runs here", remedy="stop it first") from error
    try:
        yield
    finally:
        os.close(descriptor)
