"""Under which names and addresses a box may serve people in its store.

The chain's authority also vouches for the hub and the broker, so a stolen box must not get a
certificate that passes for one of them: names of local networks only, never those of the hub's own.
"""

import re
from collections.abc import Collection
from ipaddress import ip_address

NAMES_MAX = 20
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOCAL_ENDS = (".local", ".lan", ".home.arpa", ".internal", ".localdomain")
"""Endings that no public name has."""
_LOOPBACK = "localhost"


def may_be_called(host: str, of_the_hub: Collection[str]) -> bool:
    """Whether a box may have a certificate for this host name or address."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == _LOOPBACK or (_is_local_name(host) and host not in of_the_hub)
    if address.is_loopback:
        return True
    return (address.is_private or address.is_link_local) and not address.is_unspecified and host not in of_the_hub


def _is_local_name(host: str) -> bool:
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        return False
    return "." not in host or host.endswith(_LOCAL_ENDS)
