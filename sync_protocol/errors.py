"""What can go wrong between two ends that speak the protocol.

ProtocolError           .code is stable and travels in Nack and Refused
+-- Malformed           bytes or fields that are not what the SPEC says
+-- TooLarge            a limit of limits.py is exceeded
+-- UnsupportedVersion  neither end can speak the other's version
+-- BadSignature        not signed by the key that the origin is enrolled with
+-- BrokenChain         the records do not continue the chain they claim to continue
+-- BadCertificate      an enrolment or take-over certificate that the hub did not sign

TransportError          .code names what happened to the connection, see transport/mqtt.py
+-- Unavailable         the broker cannot be reached or refuses
+-- Lost                the connection is over
"""


class ProtocolError(Exception):
    """Something the peer sent that must not be obeyed; nothing was changed by it."""

    code = "protocol"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Malformed(ProtocolError):
    code = "malformed"


class TooLarge(ProtocolError):
    code = "too_large"


class UnsupportedVersion(ProtocolError):
    code = "unsupported_version"


class BadSignature(ProtocolError):
    code = "bad_signature"


class BrokenChain(ProtocolError):
    code = "broken_chain"


class BadCertificate(ProtocolError):
    code = "bad_certificate"


class TransportError(Exception):
    """The broker or the way to it; nothing is known of what was on its way."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Unavailable(TransportError):
    """The broker cannot be reached or does not let us do this."""


class Lost(TransportError):
    """The connection is over: make a new one and say Hello again."""
