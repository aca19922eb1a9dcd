"""The demo as it runs: customers come, commands are obeyed, somebody may watch.

One loop on the main thread does everything that changes the chain; a second thread only asks
how things stand. With a terminal it draws; without one it prints a block of lines now and
then, and everything that happens.
"""

import sys
import threading
import time
from collections import deque
from contextlib import ExitStack
from typing import Self

from rich.console import Console
from rich.live import Live

from deploy.local.demo import commands
from deploy.local.demo.access import access, listed
from deploy.local.demo.chain import Chain
from deploy.local.demo.control import Answer, Control
from deploy.local.demo.status import Status, look, render_plain
from deploy.local.demo.terminal import Keyboard, command_for
from deploy.local.demo.view import picture

CUSTOMER_EVERY_S = 0.7
LOOK_EVERY_S = 0.5
PLAIN_EVERY_S = 15.0
STEP_S = 0.1


class Watcher:
    """Keeps the newest status; asking may block on what is down, so it has a thread of its own."""

    def __init__(self, chain: Chain) -> None:
        self.status: Status | None = None
        self._chain = chain
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="watcher")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            self.status = look(self._chain)


class Session:
    """A running demo; `run` returns when somebody says stop."""

    def __init__(self, chain: Chain, control: Control, watcher: Watcher) -> None:
        self.chain, self.control, self.watcher, self.access = chain, control, watcher, access(chain)
        self.said: deque[str] = deque(maxlen=7)
        self._customer_at = time.monotonic()

    def say(self, line: str) -> Answer:
        """Obey a line, or say why not, and note what came of it."""
        try:
            answer = Answer(commands.run(self.chain, line))
        except commands.Refused as refused:
            answer = Answer(str(refused), is_refused=True)
        if not line.startswith(("status", "help", "where")):
            self.said.append(f"{time.strftime('%H:%M:%S')}  {answer.text}")
        return answer

    def step(self) -> None:
        """One turn: customers, commands from elsewhere."""
        self.control.answer_waiting(self.say)
        if time.monotonic() >= self._customer_at:
            self._customer_at = time.monotonic() + CUSTOMER_EVERY_S
            self.chain.tick()


def run(chain: Chain, control: Control) -> None:
    """Until `stop`, `q` or a signal."""
    with Watcher(chain) as watcher:
        session = Session(chain, control, watcher)
        try:
            _draw(session) if sys.stdin.isatty() and sys.stdout.isatty() else _print(session)
        except commands.Stop:
            return


def _draw(session: Session) -> None:
    names = list(session.chain.stores)
    chosen = 0
    with ExitStack() as screen:
        keyboard = screen.enter_context(Keyboard())
        live = screen.enter_context(Live(console=Console(), screen=True, auto_refresh=False))
        while True:
            session.step()
            for key in keyboard.read(STEP_S):
                if key == "\t":
                    chosen = (chosen + 1) % len(names)
                elif line := command_for(key, session.chain, names[chosen]):
                    session.say(line)
            live.update(picture(session.watcher.status, names[chosen], session.access, session.said), refresh=True)


def _print(session: Session) -> None:
    print(listed(session.chain), flush=True)
    printed_at = 0.0
    while True:
        session.step()
        while session.said:
            print(session.said.popleft(), flush=True)
        if session.watcher.status is not None and time.monotonic() - printed_at > PLAIN_EVERY_S:
            printed_at = time.monotonic()
            print(render_plain(session.watcher.status), flush=True)
        time.sleep(STEP_S)
