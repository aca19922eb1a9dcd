"""F39, FEATURES 6: long work is a job with progress, row errors and cancel, done once whatever dies."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest

from cloud_hub.core import now_ms
from cloud_hub.domain.jobs import ATTEMPTS_MAX, OPEN_MAX
from cloud_hub.domain.permissions import Principal, Role
from cloud_hub.errors import Conflict, TooMany
from cloud_hub.services.jobs import Job, Jobs
from cloud_hub.services.working import Kind, Run, Worker
from cloud_hub.storage.jobs import RowError
from tests.integration.hub_web.conftest import Client, Running

Work = Callable[[Run], Awaitable[Mapping[str, Any] | None]]


def worker(hub: Running, work: Work, *, lease_ms: int = 30_000, within_s: int = 60) -> Worker:
    async def never() -> None:
        await asyncio.Event().wait()

    kinds = [Kind(name="count", run=work, within_s=within_s)]
    return Worker(database=hub.core.database, kinds=kinds, name="w", asked=never, lease_ms=lease_ms)


async def ask(hub: Running, client: Client, key: str | None = None, **body: Any) -> Job:
    me = (await client.get("/me")).body
    who = Principal(id=me["id"], name=me["username"], role=Role.ADMIN)
    jobs = Jobs(hub.core.database, hub.core.reads)
    return (await jobs.ask("count", body, key or uuid4().hex, who, now_ms()))[0]


async def counting(run: Run) -> dict[str, Any]:
    """Ten steps from where an earlier run stopped; each says in `steps` that it was done."""
    first = run.job.checkpoint or 0
    for step in range(first, 10):
        async with run.database.transaction() as connection:
            await connection.execute("INSERT INTO steps VALUES ($1)", step)
            await run.save(connection, done=step + 1, total=10, checkpoint=step + 1)
    return {"began_at": first}


@pytest.fixture
async def steps(hub: Running) -> Callable[[], Awaitable[list[int]]]:
    """Which steps were committed, in order."""
    async with hub.core.database.transaction() as connection:
        await connection.execute("CREATE TABLE steps (step bigint)")

    async def found() -> list[int]:
        async with hub.core.database.connection() as connection:
            return [row["step"] for row in await connection.fetch("SELECT step FROM steps ORDER BY step")]

    return found


Steps = Callable[[], Awaitable[list[int]]]


async def test_a_job_is_seen_waiting_and_then_done_with_its_result(hub: Running, admin: Client, steps: Steps) -> None:
    job = await ask(hub, admin)
    waiting = (await admin.get(f"/jobs/{job.id}")).body
    assert (waiting["state"], waiting["done"], waiting["total"]) == ("queued", 0, None)

    assert await worker(hub, counting).run_next("w")

    done = (await admin.get(f"/jobs/{job.id}")).body
    assert (done["state"], done["done"], done["total"], done["result"]) == ("done", 10, 10, {"began_at": 0})
    assert [each["id"] for each in (await admin.get("/jobs?kind=count&state=done")).body["items"]] == [job.id]
    assert not await worker(hub, counting).run_next("w")


async def test_two_hubs_at_once_run_each_job_once(hub: Running, admin: Client) -> None:
    runs: list[str] = []

    async def note(run: Run) -> None:
        runs.append(run.job.id)
        await asyncio.sleep(0)

    jobs = [(await ask(hub, admin)).id for _ in range(12)]
    hubs = [worker(hub, note) for _ in range(4)]

    async def drain(each: Worker, name: str) -> None:
        while await each.run_next(name):
            pass

    await asyncio.gather(*(drain(each, f"hub-{number}") for number, each in enumerate(hubs)))
    assert sorted(runs) == sorted(jobs)


async def test_a_job_whose_worker_died_goes_on_where_it_stopped_and_repeats_nothing(
    hub: Running, admin: Client, steps: Steps
) -> None:
    async def dies(run: Run) -> None:
        for step in range(4):
            async with run.database.transaction() as connection:
                await connection.execute("INSERT INTO steps VALUES ($1)", step)
                await run.save(connection, done=step + 1, checkpoint=step + 1)
        # What a killed process leaves behind: a running job with a lease that ends.
        async with run.database.transaction() as connection:
            await connection.execute("UPDATE jobs SET worker = 'dead', leased_until = 0")

    job = await ask(hub, admin)
    await worker(hub, dies).run_next("w")
    assert (await admin.get(f"/jobs/{job.id}")).body["state"] == "running"

    await worker(hub, counting).run_next("next")

    done = (await admin.get(f"/jobs/{job.id}")).body
    assert (done["state"], done["attempts"], done["result"]) == ("done", 2, {"began_at": 4})
    assert await steps() == list(range(10))


async def test_a_worker_that_lost_its_lease_commits_nothing_more(hub: Running, admin: Client, steps: Steps) -> None:
    async def slow(run: Run) -> None:
        async with run.database.transaction() as connection:
            await connection.execute("UPDATE jobs SET leased_until = 0")
        assert await worker(hub, counting).run_next("quick")
        await counting(run)

    job = await ask(hub, admin)
    await worker(hub, slow).run_next("slow")
    assert await steps() == list(range(10))
    assert (await admin.get(f"/jobs/{job.id}")).body["state"] == "done"


async def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_step(
    hub: Running, admin: Client, steps: Steps
) -> None:
    waiting = await ask(hub, admin)
    assert (await admin.post(f"/jobs/{waiting.id}/cancel")).body["state"] == "cancelled"
    assert (await admin.post(f"/jobs/{waiting.id}/cancel")).status == 409

    async def cancelled_meanwhile(run: Run) -> dict[str, Any]:
        async with run.database.transaction() as connection:
            await connection.execute("INSERT INTO steps VALUES (0)")
            await run.save(connection, done=1, checkpoint=1)
        reply = await admin.post(f"/jobs/{run.job.id}/cancel")
        assert (reply.body["state"], reply.body["cancel_asked"]) == ("running", True)
        return await counting(run)

    running = await ask(hub, admin)
    await worker(hub, cancelled_meanwhile).run_next("w")
    ended = (await admin.get(f"/jobs/{running.id}")).body
    assert (ended["state"], ended["done"], await steps()) == ("cancelled", 1, [0])


async def test_a_refusal_fails_a_job_with_its_code_and_row_errors_are_listed(hub: Running, admin: Client) -> None:
    async def refuse(run: Run) -> None:
        async with run.database.transaction() as connection:
            errors = [RowError(row, "price", "decimal", f"row {row}") for row in range(2, 1_302)]
            await run.save(connection, done=1_300, total=1_300, errors=errors)
        raise Conflict("no_room", "expected room")

    job = await ask(hub, admin)
    await worker(hub, refuse).run_next("w")
    failed = (await admin.get(f"/jobs/{job.id}")).body
    assert (failed["state"], failed["code"], failed["errors"]) == ("failed", "no_room", 1_300)
    path, rows = f"/jobs/{job.id}/errors?limit=400", []
    while path:
        page = (await admin.get(path)).body
        rows += [(row["row"], row["column"]) for row in page["items"]]
        path = f"/jobs/{job.id}/errors?limit=400&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert rows == [(row, "price") for row in range(2, 1_002)]


async def test_a_job_that_breaks_is_tried_again_later_and_not_for_ever(hub: Running, admin: Client) -> None:
    async def break_down(_: Run) -> None:
        raise ValueError("secret detail")

    job = await ask(hub, admin)
    for attempt in range(1, ATTEMPTS_MAX + 1):
        assert await worker(hub, break_down).run_next("w")
        now = (await admin.get(f"/jobs/{job.id}")).body
        assert (now["attempts"], now["state"]) == (attempt, "queued" if attempt < ATTEMPTS_MAX else "failed")
        assert not await worker(hub, break_down).run_next("w"), "it waits before the next try"
        async with hub.core.database.transaction() as connection:
            await connection.execute("UPDATE jobs SET run_at = 0")
    assert (now["code"], "secret" in now["detail"]) == ("internal", False)


async def test_a_worker_that_stops_hands_its_job_on_without_counting_an_attempt(hub: Running, admin: Client) -> None:
    begun = asyncio.Event()

    async def wait(_: Run) -> None:
        begun.set()
        await asyncio.Event().wait()

    job = await ask(hub, admin)
    task = asyncio.create_task(worker(hub, wait).run_next("w"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    now = (await admin.get(f"/jobs/{job.id}")).body
    assert (now["state"], now["attempts"]) == ("queued", 0)


async def test_a_job_that_takes_too_long_fails(hub: Running, admin: Client) -> None:
    async def wait(_: Run) -> None:
        await asyncio.Event().wait()

    job = await ask(hub, admin)
    await worker(hub, wait, within_s=0).run_next("w")
    assert (await admin.get(f"/jobs/{job.id}")).body["code"] == "too_long"


async def test_a_long_step_keeps_its_lease(hub: Running, admin: Client, steps: Steps) -> None:
    async def long(run: Run) -> dict[str, Any]:
        async with run.database.connection() as connection:
            first = await connection.fetchval("SELECT leased_until FROM jobs")
            while await connection.fetchval("SELECT leased_until FROM jobs") == first:
                pass
        return {}

    await ask(hub, admin)
    await asyncio.wait_for(worker(hub, long, lease_ms=60).run_next("w"), 10)


async def test_a_caller_sees_their_own_jobs_only_and_has_a_bounded_number_of_open_ones(
    hub: Running, admin: Client
) -> None:
    clerk = await hub.add_user("clerk", Role.STAFF)
    theirs, ours = await ask(hub, clerk), await ask(hub, admin)
    assert [each["id"] for each in (await clerk.get("/jobs")).body["items"]] == [theirs.id]
    assert (await clerk.get(f"/jobs/{ours.id}")).status == 404
    assert (await clerk.post(f"/jobs/{ours.id}/cancel")).status == 404
    assert [each["id"] for each in (await admin.get("/jobs")).body["items"]] == [ours.id, theirs.id]
    assert [each["id"] for each in (await admin.get("/jobs?mine=true")).body["items"]] == [ours.id]
    of_one_site = await hub.add_user("of-one-site", Role.ADMIN, [await admin.make_site("hub")])
    assert (await of_one_site.get("/jobs")).body["items"] == []
    for _ in range(OPEN_MAX - 1):
        await ask(hub, clerk)
    with pytest.raises(TooMany):
        await ask(hub, clerk)


async def test_the_same_key_asks_for_one_job(hub: Running, admin: Client) -> None:
    jobs = await asyncio.gather(*(ask(hub, admin, "once", size=1) for _ in range(5)))
    assert len({job.id for job in jobs}) == 1
