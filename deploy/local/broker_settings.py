"""The settings files of private brokers; the mutual-TLS one is the production file with local paths.

Invariant: what a test of TLS, ACL or CRL runs on is `deploy/broker/mosquitto.conf` itself.
"""

import getpass
import json
from dataclasses import dataclass
from pathlib import Path

PRODUCTION = Path(__file__).resolve().parents[1] / "broker"
PACKET_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Files of the mutual-TLS door: who signs boxes, who the broker is, who is revoked."""

    ca: Path
    certificate: Path
    key: Path
    crl: Path | None = None


_PLAIN = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/data/
set_tcp_nodelay true
max_packet_size {packet}
max_inflight_messages 1000
max_queued_messages 100000
log_dest stderr
log_type error
log_type warning
log_type notice
user {user}
"""

_EMBEDDED = """\
# Without the v5 listener this broker speaks MQTT 3.1.1 only, on every interface, in packets of 20 KB.
id = 0
[router]
id = 0
max_connections = 2000
max_outgoing_packet_count = 1000
max_segment_size = 67108864
max_segment_count = 8
[v5.1]
name = "backstock"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 0
[v5.1.connections]
connection_timeout_ms = 10000
max_payload_size = {packet}
max_inflight_count = 1000
dynamic_filters = true
"""


def embedded(folder: Path, port: int) -> Path:
    """Settings of the wheel's broker: MQTT 5, loopback, large packets, memory only."""
    path = folder / "embedded.toml"
    path.write_text(_EMBEDDED.format(port=port, packet=PACKET_BYTES_MAX), encoding="utf-8")
    return path


def embedded_options(path: Path) -> str:
    """What the wheel's child process takes as its argument."""
    return json.dumps({"config_path": str(path)})


def mosquitto(folder: Path, port: int, certificates: Certificates | None) -> Path:
    """Settings of a private mosquitto."""
    path = folder / "mosquitto.conf"
    if certificates is None:
        text = _PLAIN.format(port=port, folder=folder, packet=PACKET_BYTES_MAX, user=getpass.getuser())
    else:
        text = _production(folder, port, certificates)
    path.write_text(text, encoding="utf-8")
    return path


def _production(folder: Path, port: int, certificates: Certificates) -> str:
    local = {
        "listener 8883": f"listener {port} 127.0.0.1",
        "/etc/mosquitto/backstock/ca.crt": str(certificates.ca),
        "/etc/mosquitto/backstock/broker.crt": str(certificates.certificate),
        "/etc/mosquitto/backstock/broker.key": str(certificates.key),
        "/etc/mosquitto/backstock/acl": str(_acl(folder)),
        "/var/lib/mosquitto/": f"{folder}/data/",
        "log_dest syslog": "log_dest stderr",
    }
    if certificates.crl is not None:
        local["/etc/mosquitto/backstock/revoked.crl"] = str(certificates.crl)
    else:
        local["crlfile"] = "# crlfile"
    text = (PRODUCTION / "mosquitto.conf").read_text(encoding="utf-8")
    for name, replacement in local.items():
        if name not in text:
            raise ValueError(f"deploy/broker/mosquitto.conf: expected a line with {name!r}")
        text = text.replace(name, replacement)
    return f"{text}\nuser {getpass.getuser()}\n"


def _acl(folder: Path) -> Path:
    path = folder / "acl"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text((PRODUCTION / "acl").read_text(encoding="utf-8"), encoding="utf-8")
    return path
