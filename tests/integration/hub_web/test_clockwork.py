"""The clocked work of FEATURES section 5: each is there, and of two hubs at once exactly one runs each slot."""

import asyncio
from pathlib import Path

from cloud_hub import clockwork
from cloud_hub.core import now_ms
from cloud_hub.services.clock import Clock
from tests.integration.hub_web.conftest import Running, Serve

DUTIES = {
    "alert_sweep": "hourly: alerts that time alone raises or resolves, and damped ones", "watch_boxes": "silent boxes",
    "stock_reports": "daily, weekly, monthly reports", "prune": "retention", "partitions": "of the ledger",
    "digest_audit": "levels proved equal", "backup": "nightly, verified", "revocations": "the CRL anew",
    "token_key": "the key of access tokens", "audit": "the chain of the audit", "reservations": "what is out of time",
}  # fmt: skip
"""Webhooks and mails are tried again by `telling`, a device's certificate is renewed by its box."""


async def test_of_two_hubs_one_runs_each_slot_of_all_clocked_work_and_none_fails(serve: Serve, tmp_path: Path) -> None:
    running: Running
    async with serve(backup_dir=tmp_path / "backups") as running:
        works, at = clockwork.clocked(running.core), now_ms()
        assert {work.name.split()[0] for work in works} == {*DUTIES, "reread"}
        hubs = [Clock(running.core.database, works, worker=name, now=lambda: at) for name in ("one", "two")]
        for work in works:
            ran = await asyncio.gather(*(hub.run_due(work) for hub in hubs))
            assert sorted(ran) == [False, True], work.name
            assert not await hubs[0].run_due(work)
        async with running.core.database.connection() as connection:
            slots = await connection.fetch("SELECT job, error FROM slots")
        assert {row["job"]: row["error"] for row in slots} == {work.name: None for work in works}
        (backup,) = (tmp_path / "backups").glob("hub-*.backup")
        assert backup.stat().st_size > 0
