"""Under which names and addresses the other devices of the store reach this box.

Nothing is sent: a datagram socket that is pointed somewhere says which of our addresses it would use.
"""

import re
import socket
from collections.abc import Sequence
from contextlib import suppress

_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of documentation: nobody has them."""
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def own_names(more: Sequence[str] = ()) -> list[str]:
    """The host's name, the same in `.local`, what the settings add, its addresses, and the loopback's."""
    host = socket.gethostname().lower().partition(".")[0]
    named = [host, f"{host}.local"] if _LABEL.fullmatch(host) else []
    return list(dict.fromkeys([*named, *more, *_addresses(), "localhost", "127.0.0.1", "::1"]))


def _addresses() -> list[str]:
    found = []
    for family, elsewhere in _ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found.append(str(probe.getsockname()[0]))
    return found
