"""Where a broker is, who we are to it, and why it could not be reached: no MQTT in here.

Every way in which a TCP or TLS connection fails has one stable code, so that a person at
the box reads "unknown_host" and not a library's text.
"""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from sync_protocol.errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where the broker is and who we are to it."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


def tls_context(address: BrokerAddress) -> ssl.SSLContext:
    """TLS 1.2 or later, with our certificate if there is one. Raises Unavailable (`credentials`)."""
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if address.cert_file is not None:
            context.load_cert_chain(address.cert_file, address.key_file)
    except (OSError, ValueError) as error:
        raise Unavailable("credentials", f"cannot read the certificates: {error}") from error
    return context


def failure_code(error: Exception) -> str:
    """The code of a failed connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "bad_server_certificate"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, socket.gaierror):
        return "unknown_host"
    return "timeout" if isinstance(error, TimeoutError) else "unreachable"
