"""Loopback ports: the one that was wished for if nobody has it, else any free one."""

import socket
from contextlib import suppress


def free_port(wished: int = 0) -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    for port in (wished, 0):
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
