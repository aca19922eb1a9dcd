"""Commands from another shell: a private socket, one line in, an answer out.

The socket's thread only hands lines on; the main thread runs them, because processes that it
starts live as long as the thread that started them.
"""

import json
import queue
import shutil
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple, Self

from deploy.local.postgres import short_folder

ANSWER_TIMEOUT_S = 90.0
LINE_BYTES_MAX = 4096


class Answer(NamedTuple):
    """What came of a line."""

    text: str
    is_refused: bool = False


class Control:
    """Listens while the demo runs; the folder of its socket is ours alone."""

    def __init__(self) -> None:
        self._folder = short_folder("demo-")
        self.path = self._folder / "control"
        self._waiting: queue.Queue[tuple[str, Future[Answer]]] = queue.Queue()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.path))
        self._socket.listen()

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True, name="control").start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def answer_waiting(self, run: Callable[[str], Answer]) -> None:
        """Run what has come in, on this thread."""
        with suppress(queue.Empty):
            while True:
                line, answer = self._waiting.get_nowait()
                try:
                    answer.set_result(run(line))
                except BaseException as error:
                    answer.set_result(Answer("the demo ends"))
                    raise error from None

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._socket.accept()
                threading.Thread(target=self._talk, args=(caller,), daemon=True).start()

    def _talk(self, caller: socket.socket) -> None:
        with caller, suppress(OSError, TimeoutError):
            line = caller.makefile("r", encoding="utf-8").readline(LINE_BYTES_MAX)
            answer: Future[Answer] = Future()
            self._waiting.put((line.strip(), answer))
            caller.sendall(json.dumps(answer.result(ANSWER_TIMEOUT_S)).encode())


def tell(path: str, line: str) -> Answer:
    """Send a line to a running demo; its answer. Raises OSError when there is none."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(ANSWER_TIMEOUT_S + 5)
        caller.connect(path)
        caller.sendall(f"{line}\n".encode())
        said = caller.makefile("r", encoding="utf-8").read()
    if not said:
        return Answer(f"the demo gave no answer; its own window says what it does: {line}", is_refused=True)
    return Answer(*json.loads(said))
