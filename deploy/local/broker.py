"""A private MQTT 5 broker on loopback: mosquitto where it is installed, else the one from a wheel.

Owns the broker's process, folder, port. Two doors: a plain one for the demo and most tests
(anyone on this machine may use it, so it never leaves 127.0.0.1), and, on mosquitto only, the
production one with client certificates, ACL and CRL. Correctness never depends on what a
broker remembers: `kill` and `wipe` are there to prove it.
"""

import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGHUP, SIGKILL, SIGTERM, Signals
from typing import Literal, Self

from deploy.local import broker_settings
from deploy.local.broker_settings import Certificates
from deploy.local.ports import free_port

Kind = Literal["mosquitto", "embedded"]
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 10.0
# The wheel's own entry point filters a log line per packet; the child ends when our end of its stdin closes.
_EMBEDDED = "import sys; sys.path[:] = [p for p in sys.path if p]; from iotcore._serve import main; main()"


class BrokerUnavailable(Exception):
    """No such broker here, or one that did not come up; the message has the end of its log."""


def mosquitto_program() -> str | None:
    """Debian puts it into /usr/sbin, which is not on everyone's PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def resolve(kind: str) -> Kind:
    """`auto` is mosquitto if installed. Raises BrokerUnavailable."""
    if kind in ("auto", "mosquitto") and mosquitto_program():
        return "mosquitto"
    if kind == "mosquitto":
        raise BrokerUnavailable("mosquitto is not installed: apt install mosquitto, or --broker embedded")
    return "embedded"


@dataclass
class Broker:
    """One broker process; `port` stays the same over restarts."""

    folder: Path
    kind: Kind
    port: int
    certificates: Certificates | None = None
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> Self:
        """Write the settings, start, wait until it accepts connections."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._accepts():
            if self.pid is None or time.monotonic() > deadline:
                self.kill()
                raise BrokerUnavailable(f"{self.kind} did not come up:\n{self._log_end()}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """In order: mosquitto writes its sessions to disk, the embedded one has none."""
        self._end(SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(SIGKILL)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def wipe(self) -> None:
        """Lose everything a broker may remember: kill it, remove its data, start it anew."""
        self.kill()
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self.start()

    def reload(self) -> None:
        """Read the ACL and the CRL again (mosquitto only); live sessions stay."""
        self.signal(SIGHUP)

    def signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _command(self) -> list[str]:
        if self.kind == "embedded":
            settings = broker_settings.embedded(self.folder, self.port)
            return [sys.executable, "-c", _EMBEDDED, broker_settings.embedded_options(settings)]
        (self.folder / "data").mkdir(exist_ok=True)
        settings = broker_settings.mosquitto(self.folder, self.port, self.certificates)
        leash = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        return [*leash, str(mosquitto_program()), "-c", str(settings)]

    def _accepts(self) -> bool:
        with suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
            return True
        return False

    def _end(self, number: Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdin:
            process.stdin.close()

    def _log_end(self) -> str:
        return "\n".join((self.folder / "broker.log").read_text(errors="replace").splitlines()[-15:])


def start_broker(
    folder: Path,
    *,
    kind: str = "auto",
    port: int | None = None,
    password: str = "",  # noqa: ARG001 - neither broker has "any user with this password"; loopback is the fence
    certificates: Certificates | None = None,
) -> Broker:
    """Start a broker in its folder. With `certificates` it is mosquitto behind mutual TLS."""
    chosen = resolve("mosquitto" if certificates else kind)
    return Broker(folder.resolve(), chosen, port or free_port(), certificates).start()
