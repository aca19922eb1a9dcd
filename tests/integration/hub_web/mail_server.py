"""A mail server on a loopback port: speaks enough SMTP to take a mail, and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class MailServer:
    """What came; `answer` is what it says to a whole mail, `silent`: nothing."""

    url: str = ""
    answer: str = "250 ok"
    tries: int = 0
    got: list[tuple[list[str], bytes]] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[asyncio.StreamWriter] = field(default_factory=list)

    async def let_go(self) -> None:
        """End the conversations that got no answer."""
        for writer in self.waiting:
            writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receivers: list[str] = []
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                receivers.append(line.decode().split("<")[1].split(">")[0])
            if verb != b"DATA":
                writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                continue
            writer.write(b"354 go on\r\n")
            body = await reader.readuntil(b"\r\n.\r\n")
            self.tries += 1
            self.asked.set()
            if self.answer == "silent":
                self.waiting.append(writer)
                return
            if self.answer.startswith("250"):
                self.got.append((receivers, body))
            writer.write(f"{self.answer}\r\n".encode())
        writer.close()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """Listening on 127.0.0.1."""
    made = MailServer()
    server = await asyncio.start_server(made.talk, "127.0.0.1", 0)
    made.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        await made.let_go()
        server.close()
