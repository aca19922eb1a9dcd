"""Loopback ports: the one that was wished for if nobody has it, else any free one."""

import socket
from contextlib import suppress
from random import SystemRandom

# The kernel lends ports of 32768 and above to whoever opens a connection (Linux, ip_local_port_range).
# A server that is to come back on its port after a kill needs one that no client can be sitting on.
_OWN = range(15000, 32000)
_TRIES = 100


def free_port(wished: int = 0) -> int:
    """A port of 127.0.0.1 that nobody listens on now, and that no outgoing connection will be given."""
    candidates = SystemRandom().sample(_OWN, _TRIES)
    for port in [wished, *candidates] if wished else candidates:
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port on 127.0.0.1")
