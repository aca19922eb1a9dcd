"""Webhooks: secrets, signatures (Standard Webhooks), addresses that may be called, and when to try again.

A secret is derived from the hub's key, the webhook's id and a number, so nothing of it is
stored and a new number is a new secret. An address may be called when it is public, or in
a network that the operator has allowed; it is judged as it is dialled, never as it is named.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from hmac import digest
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from cloud_hub.errors import Invalid

PREFIX = "whsec_"
ROTATION_MS = 24 * 3_600_000
"""So long both secrets sign after a new one was made."""
GIVE_UP_MS = 24 * 3_600_000
_BASE_MS = 5_000
_CAP_MS = 3_600_000
_ALLOWED = "networks that the operator has allowed (HUB_WEBHOOK_PRIVATE_NETS)"
_NAT64 = IPv6Network("64:ff9b::/96")
Address = IPv4Address | IPv6Address


def secret(key: bytes, webhook_id: str, serial: int) -> bytes:
    """The bytes that sign."""
    return digest(key, f"backstock webhook {webhook_id} {serial}".encode(), sha256)


def secret_text(made: bytes) -> str:
    """As the receiver's library wants it."""
    return PREFIX + b64encode(made).decode()


def signatures(secrets: Sequence[bytes], message_id: str, timestamp_s: int, body: bytes) -> str:
    """The header `webhook-signature`: one per secret."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return " ".join(f"v1,{b64encode(digest(each, signed, sha256)).decode()}" for each in secrets)


def wait_ms(attempts: int) -> int:
    """How long to wait after this many failures: 5 s, 20 s, 80 s, … at most an hour."""
    return int(min(_BASE_MS * 4 ** min(attempts - 1, 10), _CAP_MS))


def require_url(url: str, allowed: Sequence[str]) -> None:
    """What can be said without asking a resolver. Raises Invalid."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("https", "http") or not host or port == 0 or parts.username is not None or parts.fragment:
        raise _refused("an https:// URL with a host, without a user or a fragment")
    if parts.scheme == "http" and not allowed:
        raise _refused(f"https://; http:// is for {_ALLOWED}")
    literal = _literal(host)
    if literal is not None and not may_call(literal, allowed):
        raise _refused(f"a public address, or one in {_ALLOWED}; got {host}")


def may_call(address: Address, allowed: Sequence[str]) -> bool:
    """Whether a request may be sent to this address."""
    inner = _unwrapped(address)
    if any(inner in network for network in map(ip_network, allowed) if network.version == inner.version):
        return True
    return inner.is_global and not inner.is_multicast and not inner.is_reserved and not inner.is_unspecified


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo is not None else address)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _refused(expected: str) -> Invalid:
    return Invalid("webhook_url", f"expected {expected}", pointer="/url")
