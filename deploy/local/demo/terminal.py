"""The keyboard without Enter, and what each key says as a command."""

import os
import select
import sys
import termios
import tty
from typing import Self

from deploy.local.demo.chain import Chain


class Keyboard:
    """Single key presses of a terminal; the terminal gets its manners back on exit."""

    def __enter__(self) -> Self:
        self._file = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._file)
        tty.setcbreak(self._file)
        return self

    def __exit__(self, *_: object) -> None:
        termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    def read(self, wait_s: float) -> str:
        """Keys pressed within the time; empty when none was."""
        ready, _, _ = select.select([self._file], [], [], wait_s)
        return os.read(self._file, 64).decode(errors="ignore") if ready else ""


def command_for(key: str, chain: Chain, chosen: str) -> str:
    """The line that a key stands for; empty for a key that means nothing."""

    def toggled(name: str) -> str:
        return f"kill {name}" if chain.is_up(name) else f"start {name}"

    meanings = {
        "c": f"{'mend' if chosen in chain.is_cut else 'cut'} {chosen}",
        "k": toggled(chosen),
        "s": f"scan {chosen}",
        "h": toggled("hub"),
        "b": toggled("broker"),
        "d": toggled("postgres"),
        " ": f"trade {'off' if chain.is_trading else 'on'}",
        "q": "stop",
    }
    return meanings.get(key, "")
