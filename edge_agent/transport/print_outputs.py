"""The two ways to a printer: its raw TCP port (9100), and a command that takes the document on standard input.

Each says for certain that nothing came out (NotPrinted), or that it cannot know
(PerhapsPrinted). A run counts as handed over when the printer has acknowledged its last byte,
or the command has ended with 0.
"""

import asyncio
import fcntl
import struct
import termios
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from edge_agent import apart
from edge_agent.errors import NotPrinted, NotStarted, PerhapsPrinted

CONNECT_S = 5.0
SEND_S = 120.0
"""A printer reads on only when it has printed: 25 labels take half a minute."""
CLOSE_S = 2.0
"""How long a printer has to close its side, or to drop what it has not read yet."""
COMMAND_S = 60.0
PORT = 9100
_LOOK_S = 0.02


async def hand_over(output: str | Sequence[str], document: bytes) -> None:
    """Give it to the printer. Raises NotPrinted, PerhapsPrinted."""
    if isinstance(output, str):
        parts = urlsplit(output)
        await _by_tcp(parts.hostname or "", parts.port or PORT, document)
    else:
        await _by_command(output, document)


async def _by_tcp(host: str, port: int, document: bytes) -> None:
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        why = str(error) or f"no answer within {CONNECT_S:.0f} s"
        raise NotPrinted("printer_away", f"{host}:{port} cannot be reached: {why}") from error
    try:
        async with asyncio.timeout(SEND_S):
            writer.transport.set_write_buffer_limits(0)
            writer.write(document)
            await writer.drain()
            writer.write_eof()
            await _acknowledged(reader, writer)
    except (OSError, TimeoutError) as error:
        why = str(error) or f"it took nothing for {SEND_S:.0f} s"
        raise PerhapsPrinted("printer_lost", f"{host}:{port} was lost while it was being told: {why}") from error
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _acknowledged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the printer has everything: it closes as well, or, if it never does so, nothing is left unacknowledged.

    Raises OSError when it drops the connection instead.
    """
    number = writer.get_extra_info("socket").fileno()
    closing = asyncio.create_task(_read_out(reader))
    try:
        await asyncio.wait((closing,), timeout=CLOSE_S)
        while not closing.done() and _unacknowledged(number):
            await asyncio.wait((closing,), timeout=_LOOK_S)
        if closing.done():
            closing.result()
    finally:
        closing.cancel()


async def _read_out(reader: asyncio.StreamReader) -> None:
    """What a printer says of itself is not asked for."""
    while await reader.read(4_096):
        pass


def _unacknowledged(number: int) -> int:
    """Bytes in the kernel that the other side has not acknowledged (SIOCOUTQ)."""
    (count,) = struct.unpack("i", fcntl.ioctl(number, termios.TIOCOUTQ, b"\0\0\0\0"))
    return int(count)


async def _by_command(arguments: Sequence[str], document: bytes) -> None:
    try:
        status, _, said = await apart.run(arguments, document, COMMAND_S, is_heard=False)
    except NotStarted as error:
        raise NotPrinted("print_command", error.detail) from error
    except TimeoutError as error:
        raise PerhapsPrinted("print_command", f"{arguments[0]} did not end within {COMMAND_S:.0f} s") from error
    if status:
        words = said.decode(errors="replace").strip()[-200:]
        raise NotPrinted("print_command", f"{arguments[0]} ended with {status}: {words or 'no word why'}")
