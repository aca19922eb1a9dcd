"""Sheets in and out of a hub under test: upload, let a worker run, look at the job."""

import asyncio
from dataclasses import dataclass
from typing import Any

from cloud_hub import clockwork
from cloud_hub.services.sheets import CSV_TYPE, XLSX_TYPE
from cloud_hub.services.working import Worker
from tests.integration.hub_web.conftest import Client, Reply, Running

__all__ = ["CSV_TYPE", "XLSX_TYPE", "Sheets"]


@dataclass
class Sheets:
    """Imports and exports as one person, with the hub's own worker."""

    hub: Running
    client: Client

    async def post(self, path: str, content: bytes, media_type: str = CSV_TYPE, **headers: str) -> Reply:
        names = {"Authorization": f"Bearer {self.client.token}", "Content-Type": media_type}
        names |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.hub.session.post(f"{self.hub.url}/api/v1{path}", data=content, headers=names) as response:
            return Reply(response.status, response.headers, await response.json())

    async def work(self) -> None:
        """Run every job that waits."""
        core = self.hub.core
        worker = Worker(database=core.database, kinds=clockwork.kinds(core), name="w", asked=asyncio.Event().wait)
        while await worker.run_next("w"):
            pass

    async def done(self, reply: Reply) -> dict[str, Any]:
        """The job that this answer told of, after it was run."""
        assert reply.status == 202, reply.body
        await self.work()
        return dict((await self.client.get(f"/jobs/{reply.body['id']}")).body)

    async def load(
        self, sheet: str, content: str | bytes, media_type: str = CSV_TYPE, **options: str
    ) -> dict[str, Any]:
        """Import and wait for it."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        data = content.encode() if isinstance(content, str) else content
        return await self.done(await self.post(f"/imports/{sheet}?{query}", data, media_type))

    async def errors(self, job: dict[str, Any]) -> list[tuple[int, str | None, str]]:
        """(row, column, code) of what was refused."""
        items = (await self.client.get(f"/jobs/{job['id']}/errors")).body["items"]
        return [(item["row"], item["column"], item["code"]) for item in items]

    async def dump(self, sheet: str, form: str = "csv") -> bytes:
        """Export, and the file."""
        job = await self.done(await self.client.post(f"/exports/{sheet}?format={form}"))
        assert job["state"] == "done", job
        names = {"Authorization": f"Bearer {self.client.token}"}
        async with self.hub.session.get(self.hub.url + job["result"]["file"], headers=names) as response:
            assert response.status == 200
            assert "attachment" in response.headers["Content-Disposition"]
            return await response.read()
