"""Child processes that say when they are ready, and end when they are told to.

A program prints one JSON line `{"event": "ready", ...}` on stdout; all else it says goes to
its log. Processes are ended by their own id only.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0


class StackError(Exception):
    """A process that did not come up or answer; the message has the end of its log."""


@dataclass
class Program:
    """One child process whose first line on stdout says that it is ready."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[str] | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None

    def start(self) -> "Program":
        """End what a killed run left under this name, start it, wait for its ready line."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        end_leftover(self._note)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command, env={**os.environ, **self.environment}, stdout=subprocess.PIPE, stderr=log,
                text=True, start_new_session=True,
            )  # fmt: skip
        self._note.write_text(f"{self.process.pid} {started_at(self.process.pid)}", encoding="utf-8")
        self.ready = self._wait_ready()
        return self

    @property
    def _note(self) -> Path:
        """Says which process this is, for the run after a kill of this one."""
        return self.log.with_suffix(".pid")

    def stop(self) -> int | None:
        """Ask it to end, wait, and kill what does not listen; the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would: SIGKILL."""
        self._end(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Send a signal (SIGSTOP, SIGCONT)."""
        if self.process is not None:
            self.process.send_signal(number)

    def restart(self) -> "Program":
        self.stop()
        return self.start()

    def _end(self, number: int) -> int | None:
        if self.process is None:
            return None
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        code, self.process = self.process.returncode, None
        self._note.unlink(missing_ok=True)
        return code

    def _wait_ready(self) -> dict[str, Any]:
        assert self.process is not None and self.process.stdout is not None
        watchdog = _Deadline(READY_TIMEOUT_S, self.process)
        with watchdog, self.log.open("a") as log:
            for line in self.process.stdout:
                log.write(line)
                with suppress(json.JSONDecodeError):
                    said = json.loads(line)
                    if isinstance(said, dict) and said.get("event") == "ready":
                        _drain(self.process, self.log)
                        return said
        self.process.stdout.close()
        code = self.process.wait()
        raise StackError(f"{self.name} ended with {code} before it was ready:\n{tail(self.log)}")


class _Deadline:
    """Kills a process that says nothing in time, so that reading its output ends."""

    def __init__(self, seconds: float, process: subprocess.Popen[str]) -> None:
        self._timer = threading.Timer(seconds, process.kill)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def started_at(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty when there is none. With the pid it is an identity."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except OSError:
        return ""


def end_leftover(note: Path) -> None:
    """End the very process that a note names, if it still runs; a pid that was given again is left alone."""
    try:
        pid, ticks = note.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + STOP_TIMEOUT_S
    number = signal.SIGTERM
    while started_at(int(pid)) == ticks and not _is_zombie(int(pid)):
        with suppress(ProcessLookupError):
            os.kill(int(pid), number)
        if time.monotonic() > deadline:
            number = signal.SIGKILL
        time.sleep(0.1)


def _is_zombie(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    return True


def _drain(process: subprocess.Popen[str], log: Path) -> None:
    """Keep reading stdout into the log until the child ends, so that it never blocks on a full pipe."""
    assert process.stdout is not None
    said = process.stdout

    def copy() -> None:
        with suppress(ValueError, OSError), said, log.open("a") as file:
            for line in said:
                file.write(line)
                file.flush()

    threading.Thread(target=copy, daemon=True).start()


def tail(path: Path, lines: int = 25) -> str:
    """The end of a log, for an error message."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


def run_to_end(command: list[str], environment: Mapping[str, str], timeout_s: float = 300) -> str:
    """Run a command that ends by itself; its output. Raises StackError when it fails."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode:
        raise StackError(f"{' '.join(command[1:])} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
