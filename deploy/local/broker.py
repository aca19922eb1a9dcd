"""A private MQTT 5 broker on loopback: mosquitto where it is installed, else the embedded one.

Both speak plain MQTT to two users, `hub` and `store`, with one password: enough for a demo
and for tests, never for production (deploy/broker/ has that). `secured` starts a mosquitto
as production has it: TLS, client certificates, ACL and CRL. Neither broker's memory is
trusted by the protocol, which is why `kill` and `wipe` are here.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

START_TIMEOUT_S = 15.0
PACKET_BYTES_MAX = 1_048_576
USERS = ("hub", "store")


class BrokerError(Exception):
    """The broker could not be found or started."""


def mosquitto() -> str | None:
    """The installed mosquitto, also where PATH lacks /usr/sbin."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def start_broker(folder: Path, *, kind: str = "auto", port: int | None = None, password: str) -> "Broker":
    """Start a broker for `USERS` with this password. `kind`: auto, mosquitto or embedded."""
    if kind == "auto":
        kind = "mosquitto" if mosquitto() else "embedded"
    if kind == "mosquitto":
        return Broker(folder, kind, port, _mosquitto_files(password)).start()
    if kind == "embedded":
        return Broker(folder, kind, port, _embedded_files(password)).start()
    raise BrokerError(f"expected a broker of kind auto, mosquitto or embedded, got {kind!r}")


def start_secured(
    folder: Path, *, ca: Path, certificate: Path, key: Path, crl: Path, acl: Path, port: int | None = None
) -> "Broker":
    """A mosquitto that requires client certificates, as deploy/broker/mosquitto.conf does."""
    return Broker(folder, "mosquitto", port, _secured_files(ca, certificate, key, crl, acl)).start()


class Files:
    """What a kind of broker needs: files to write and the command that reads them."""

    def __init__(self, texts: dict[str, str], command: list[str]) -> None:
        self.texts = texts
        self.command = command


class Broker:
    """One broker process; restarting keeps its port, so clients find it again."""

    def __init__(self, folder: Path, kind: str, port: int | None, files: Files) -> None:
        self.folder = folder.resolve()
        self.kind = kind
        self.host = "127.0.0.1"
        self.port = port or _free_port()
        self._files = files
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> Self:
        """Write its files, start it, wait until it listens. Raises BrokerError."""
        (self.folder / "store").mkdir(parents=True, exist_ok=True)
        for name, text in self._files.texts.items():
            path = self.folder / name
            path.write_text(text.replace("@PORT@", str(self.port)).replace("@FOLDER@", str(self.folder)))
            path.chmod(0o600)
        self._prepare_passwords()
        command = [part.replace("@FOLDER@", str(self.folder)) for part in self._files.command]
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        self._wait()
        return self

    def stop(self) -> None:
        """SIGTERM, then wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what was only in its memory is gone."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def wipe(self) -> None:
        """Remove what a stopped broker had stored: retained messages, sessions, queues."""
        shutil.rmtree(self.folder / "store", ignore_errors=True)

    def signal(self, number: int) -> None:
        """Send a signal (SIGHUP to reload the CRL, SIGSTOP, SIGCONT)."""
        if self._process is not None:
            self._process.send_signal(number)

    def _prepare_passwords(self) -> None:
        """mosquitto keeps hashes: its own tool turns the plain file into them."""
        file = self.folder / "passwords"
        tool = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
        if file.exists():
            subprocess.run([tool, "-U", str(file)], check=True, capture_output=True)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0:
                    return
            time.sleep(0.02)
        log = (self.folder / "broker.log").read_text(errors="replace")[-2_000:]
        self.stop()
        raise BrokerError(f"the {self.kind} broker does not listen on {self.port}:\n{log}")

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


def _mosquitto_files(password: str) -> Files:
    program = mosquitto()
    if program is None:
        raise BrokerError("mosquitto is not installed: apt install mosquitto, or use the embedded broker")
    configuration = _COMMON + "listener @PORT@ 127.0.0.1\nallow_anonymous false\npassword_file @FOLDER@/passwords\n"
    passwords = "".join(f"{user}:{password}\n" for user in USERS)
    return Files({"mosquitto.conf": configuration, "passwords": passwords}, [program, "-c", "@FOLDER@/mosquitto.conf"])


def _secured_files(ca: Path, certificate: Path, key: Path, crl: Path, acl: Path) -> Files:
    program = mosquitto()
    if program is None:
        raise BrokerError("client certificates need mosquitto: apt install mosquitto")
    configuration = _COMMON + (
        "listener @PORT@ 127.0.0.1\nallow_anonymous false\nrequire_certificate true\nuse_identity_as_username true\n"
        f"use_username_as_clientid true\ntls_version tlsv1.3\ncafile {ca}\ncertfile {certificate}\nkeyfile {key}\n"
        f"crlfile {crl}\nacl_file {acl}\n"
    )
    return Files({"mosquitto.conf": configuration}, [program, "-c", "@FOLDER@/mosquitto.conf"])


def _embedded_files(password: str) -> Files:
    users = "".join(f'{user} = "{password}"\n' for user in USERS)
    # It runs until its stdin closes, so it never outlives the one who started it.
    code = (
        "import sys; from iotcore import Broker;"
        " b = Broker(config_path=sys.argv[1]); b.start(); sys.stdin.read(); b.stop()"
    )
    return Files({"broker.toml": _EMBEDDED + users}, [sys.executable, "-c", code, "@FOLDER@/broker.toml"])


_USER = "user root\n" if os.getuid() == 0 else ""
_COMMON = f"""{_USER}per_listener_settings false
persistence true
persistence_location @FOLDER@/store/
autosave_interval 30
max_queued_messages 1000
max_inflight_messages 64
max_packet_size {PACKET_BYTES_MAX}
set_tcp_nodelay true
log_type error
log_type warning
log_dest stderr
"""

_EMBEDDED = f"""id = 0

[router]
id = 0
max_connections = 4000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v5.1]
name = "backstock"
listen = "127.0.0.1:@PORT@"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 10000
max_payload_size = {PACKET_BYTES_MAX}
max_inflight_count = 500
dynamic_filters = true

[v5.1.connections.auth]
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
