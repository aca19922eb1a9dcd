"""The store's program as a process of its own: its commands, its start, its end, its API."""

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from edge_agent.services import enrolment
from edge_agent.storage.files import Folder

ROOT = Path(__file__).parents[3]


@dataclass
class AgentProcess:
    """One `edge-agent run`."""

    folder: Folder
    environment: dict[str, str]
    process: asyncio.subprocess.Process | None = None
    api: str = ""
    boot: int = 0

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run another command of the program to its end."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge_agent", "--data", str(self.folder.path), *arguments, cwd=ROOT,
            env={**os.environ, **self.environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(child.communicate(), 30)
        return child.returncode or 0, out.decode(), err.decode()

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge_agent", "--data", str(self.folder.path), "run", cwd=ROOT,
            env={**os.environ, **self.environment}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            async for line in self.process.stdout:
                said = json.loads(line)
                if said.get("event") == "ready":
                    self.api, self.boot = said["api"], said["boot"]
                    self._draining = asyncio.create_task(self.process.stdout.read())
                    return
        raise AssertionError("the agent ended before it was ready")

    async def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code, and how long that took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), 10)
        self.process = None
        return code, time.monotonic() - started

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        key = next(iter(enrolment.api_keys(self.folder)))
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
            session.request(method, self.api + path, json=body) as answer,
        ):
            return answer.status, await answer.json()

    async def sell(self, code: str) -> int:
        status, answer = await self.ask("POST", "/api/v1/scans", {"code": code, "mode": "sell"})
        assert status == 201, answer
        return int(answer["position"])
