"""The box's scanners over its API: state, mode, and what arrives byte by byte, on real pseudo-terminals."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from edge_agent.config import ScannerConfig
from edge_agent.services.link_status import LinkStatus
from edge_agent.storage.database import Database
from edge_agent.transport.scanners import SEEN_MAX, WATCHERS_MAX, Scanners
from edge_agent.web.server import StoreApi
from scanner_drivers import PtyScanner
from tests.integration.scanners.pipes import PipeScanner
from tests.integration.scanners.running import until
from tests.unit.scanner_drivers.keyboards import typed

CODE = b"]d20104006381333931\x1d10A"


class Box:
    """A box with scanners, and a screen."""

    def __init__(self, client: TestClient[Any, Any], room: Scanners, booked: list[tuple[bytes, str]]) -> None:
        self.client, self.room, self.booked = client, room, booked

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": "Bearer secret"}
        async with self.client.request(method, f"/api/v1{path}", headers=headers, json=body) as response:
            return response.status, await response.json(content_type=None)

    async def scanner(self, name: str = "till-1") -> Any:
        status, found = await self.call("GET", "/scanners")
        assert status == 200
        return next(one for one in found["items"] if one["name"] == name)

    async def up(self) -> None:
        await until(lambda: all(one.health.state == "up" for one in self.room.scanners))

    @asynccontextmanager
    async def watching(self, name: str = "till-1") -> AsyncIterator["Watcher"]:
        headers = {"Authorization": "Bearer secret"}
        async with self.client.get(f"/api/v1/scanners/{name}/raw", headers=headers) as response:
            assert (response.status, response.content_type) == (200, "text/event-stream")
            yield Watcher(response)


class Watcher:
    def __init__(self, response: ClientResponse) -> None:
        self._response = response

    async def next(self, kind: str) -> Any:
        """The next event of this kind; others before it are passed over."""
        async with asyncio.timeout(10):
            while True:
                event = (await self._response.content.readuntil(b"\n\n")).decode()
                if event.startswith(f"event: {kind}\n"):
                    return json.loads(event.split("data: ", 1)[1])


@asynccontextmanager
async def a_box(folder: Path, enrolled: Path, *settings: ScannerConfig) -> AsyncIterator[Box]:
    booked: list[tuple[bytes, str]] = []

    async def book(scan: Any, mode: str) -> None:
        booked.append((scan.raw, mode))

    async def checks() -> list[Any]:
        return []

    room = Scanners(settings, folder)
    database = Database.open(enrolled)
    store = StoreApi(
        database=database, status=LinkStatus(), api_keys={"secret": "till-1"}, boot=1, checks=checks, scanner_room=room
    )
    running = asyncio.create_task(room.run(book))
    async with TestClient(TestServer(store.app)) as client:
        yield Box(client, room, booked)
        await store.stop()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await database.close()


@pytest.fixture
def store_file(tmp_path: Path, enrolled: Path) -> Path:
    path = tmp_path / "store.db"
    path.write_bytes(enrolled.read_bytes())
    return path


def at_the_till(device: PtyScanner, mode: str = "sell") -> ScannerConfig:
    return ScannerConfig(url=f"serial://{device.path}", device="till-1", mode=mode)  # type: ignore[arg-type]


async def test_a_scanner_is_listed_with_its_state_and_last_bytes(tmp_path: Path, store_file: Path) -> None:
    with PtyScanner() as device:
        async with a_box(tmp_path, store_file, at_the_till(device)) as box:
            await box.up()
            assert (await box.scanner())["last_bytes"] is None
            device.scan(CODE)
            await until(lambda: len(box.booked) == 1)
            found = await box.scanner()
            device.unplug()
            await until(lambda: box.room.health[0].losses == 1)
            gone = await box.scanner()
    assert found["url"] == f"serial://{device.path}"
    assert (found["mode"], found["state"], found["scans"], found["opens"]) == ("sell", "up", 1, 1)
    assert found["last_bytes"]["ascii"] == "]d20104006381333931<GS>10A<CR>"
    assert found["last_bytes"]["hex"].endswith("31 30 41 0d")
    assert gone["state"] in ("lost", "absent")
    assert "unplugged" in gone["last_error"] or "not plugged in" in gone["last_error"]


async def test_what_arrives_is_streamed_byte_by_byte_while_the_scans_act_as_ever(
    tmp_path: Path, store_file: Path
) -> None:
    with PtyScanner() as pty:
        async with a_box(tmp_path, store_file, at_the_till(pty)) as box:
            await box.up()
            async with box.watching() as watcher:
                assert (await watcher.next("state"))["state"] == "up"
                assert (await watcher.next("opened"))["kind"] == "text"
                pty.send(b"4006381")
                assert (await watcher.next("bytes"))["ascii"] == "4006381"
                pty.send(b"333931\r")
                assert (await watcher.next("bytes"))["hex"] == "33 33 33 39 33 31 0d"
                frame = await watcher.next("frame")
                pty.unplug()
                assert (await watcher.next("state"))["state"] in ("lost", "absent")
            await until(lambda: box.booked == [(b"4006381333931", "sell")])
            device = box.room.scanners[0]
            await until(lambda: device.supervisor._device.taps == [device.recent])
    assert (frame["gtin"], frame["aim"], frame["ended_by"]) == ("04006381333931", None, "suffix")
    assert [one["code"] for one in frame["advice"]] == ["aim_off"]


async def test_a_wedge_is_shown_by_what_it_typed(tmp_path: Path, store_file: Path) -> None:
    with PipeScanner(tmp_path) as device:
        settings = ScannerConfig(url=f"evdev://{device.path}?layout=de", device="door", mode="receive")
        async with a_box(tmp_path, store_file, settings) as box:
            await box.up()
            async with box.watching("door") as watcher:
                await watcher.next("opened")
                device.send(typed("]E04006381333931\r", "de"))
                frame = await watcher.next("frame")
            assert (await box.scanner("door"))["last_bytes"]["ascii"] == "]E04006381333931<CR>"
    assert [one["code"] for one in frame["advice"]] == ["wedge"]


async def test_a_mode_set_at_the_screen_holds_from_the_next_beep_and_after_a_restart(
    tmp_path: Path, store_file: Path
) -> None:
    with PtyScanner() as device:
        async with a_box(tmp_path, store_file, at_the_till(device)) as box:
            await box.up()
            device.scan("96385074")
            await until(lambda: len(box.booked) == 1)
            status, answered = await box.call("PUT", "/scanners/till-1/mode", {"mode": "receive"})
            assert (status, answered["mode"]) == (200, "receive")
            device.scan("96385074")
            await until(lambda: len(box.booked) == 2)
            assert [mode for _, mode in box.booked] == ["sell", "receive"]
        async with a_box(tmp_path, store_file, at_the_till(device)) as box:
            assert (await box.scanner())["mode"] == "receive"
        async with a_box(tmp_path, store_file, at_the_till(device, "count")) as box:
            assert (await box.scanner())["mode"] == "count", "the configuration was changed since"


async def test_modes_set_for_two_scanners_at_the_same_moment_are_both_kept(tmp_path: Path, store_file: Path) -> None:
    names = [f"till-{number}" for number in range(8)]
    settings = [ScannerConfig(url=f"serial://{tmp_path}/{name}", device=name) for name in names]
    async with a_box(tmp_path, store_file, *settings) as box:
        await asyncio.gather(*(box.call("PUT", f"/scanners/{name}/mode", {"mode": "count"}) for name in names))
    async with a_box(tmp_path, store_file, *settings) as box:
        assert [one.mode for one in box.room.scanners] == ["count"] * 8


async def test_a_modes_file_that_cannot_be_read_leaves_the_configured_modes(tmp_path: Path, store_file: Path) -> None:
    (tmp_path / "scanner-modes.json").write_text('["half a fi')
    with PtyScanner() as device:
        async with a_box(tmp_path, store_file, at_the_till(device)) as box:
            assert (await box.scanner())["mode"] == "sell"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "/scanners/till-2/mode", {"mode": "sell"}, 404, "unknown_scanner"),
        ("GET", "/scanners/till-2/raw", None, 404, "unknown_scanner"),
        ("PUT", "/scanners/till-1/mode", {"mode": "steal"}, 422, "validation"),
        ("PUT", "/scanners/till-1/mode", {}, 422, "validation"),
        ("PUT", "/scanners/till-1/mode", {"mode": "sell", "also": 1}, 422, "validation"),
    ],
)
async def test_what_cannot_be_is_refused_and_says_what_was_expected(
    method: str, path: str, body: Any, status: int, code: str, tmp_path: Path, store_file: Path
) -> None:
    with PtyScanner() as device:
        async with a_box(tmp_path, store_file, at_the_till(device)) as box:
            got, answer = await box.call(method, path, body)
            assert (got, answer["code"]) == (status, code)
            assert "expected" in answer["detail"] + json.dumps(answer.get("errors", "")).lower() or status == 422
            assert (await box.scanner())["mode"] == "sell"


async def test_only_so_many_screens_watch_one_scanner(tmp_path: Path, store_file: Path) -> None:
    with PtyScanner() as device:
        async with a_box(tmp_path, store_file, at_the_till(device)) as box:
            await box.up()
            watching = [box.watching() for _ in range(WATCHERS_MAX)]
            for one in watching:
                await one.__aenter__()
            assert (await box.call("GET", "/scanners/till-1/raw"))[0] == 503
            for one in watching:
                await one.__aexit__(None, None, None)
            await until(lambda: box.room.scanners[0]._watchers == 0)


async def test_a_screen_that_takes_nothing_holds_up_no_scan_and_is_told_what_it_missed(
    tmp_path: Path, store_file: Path
) -> None:
    with PtyScanner() as device:
        async with a_box(tmp_path, store_file, at_the_till(device)) as box:
            await box.up()
            with box.room.scanners[0].watch() as seen:
                for number in range(2 * SEEN_MAX):
                    device.scan(b"%013d" % number)
                    await until(lambda number=number: box.room.health[0].frames == number + 1)  # type: ignore[misc]
                await until(lambda: len(box.booked) == 2 * SEEN_MAX)
                kinds = [seen.get_nowait()[0] for _ in range(seen.qsize())]
                device.scan("96385074")
                await until(lambda: seen.qsize() >= 2)
                missed = seen.get_nowait()
    assert len(kinds) == SEEN_MAX - 1
    assert missed[0] == "missed"
    assert missed[1]["events"] > SEEN_MAX


def test_two_scanners_of_one_name_are_refused(tmp_path: Path) -> None:
    from edge_agent.config import load
    from edge_agent.errors import BadConfig

    (tmp_path / "edge.toml").write_text(
        'scanners = [{url = "tcp://h:1", device = "till"}, {url = "tcp://h:2", device = "till"}]'
    )
    with pytest.raises(BadConfig, match="till is there twice"):
        load(tmp_path)
