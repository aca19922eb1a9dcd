"""Bad payloads on a real broker, at a real hub and a real store: nothing is changed, and trade goes on."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.local.calls import wait_until
from deploy.local.stack import Stack, Store
from sync_protocol import messages, topics
from sync_protocol.transport.mqtt import BrokerAddress, Connection
from tests.integration.bad_input import hostile
from tests.system.chain import (
    Chain,
    a_chain,
    assert_equal_to_the_unit,
    caught_up,
    edge_ledger,
    hub_rows,
    sell,
    stock_up,
)
from tests.system.wire import eavesdropping

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

CONTENT = ("movements", "levels", "facts", "items", "quarantine", "transfers", "stocktakes", "products", "commands")


async def content(stack: Stack) -> dict[str, str]:
    """What the hub holds, as a hash per table."""
    found = {}
    for table in CONTENT:
        rows = await hub_rows(stack, f"SELECT t::text AS line FROM {table} t ORDER BY 1")
        found[table] = sha256("\n".join(row["line"] for row in rows).encode()).hexdigest()
    return found


def own_key(store: Store) -> Ed25519PrivateKey:
    key = load_pem_private_key((store.folder / "record.key").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def peak_memory_kb(pid: int | None) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


@asynccontextmanager
async def at_the_broker(stack: Stack) -> AsyncIterator[Connection]:
    address = BrokerAddress(host="127.0.0.1", port=stack.broker.port, username="x", password=stack.password)
    connection = await Connection.open(address, client_id="attacker")
    try:
        yield connection
    finally:
        await connection.close()


async def trade_goes_on(stack: Chain, store: Store, key: str) -> None:
    """One more sale gets through, and both ends hold the same."""
    assert sell(store, stack.products[0], key=key).status == 201
    # Who spoke in the store's name may have cost it its session; it asks again after a minute of silence.
    wait_until(lambda: caught_up(stack, store), f"{store.name} and the hub agree", 120)
    await assert_equal_to_the_unit(stack, store)


async def test_bad_payloads_in_a_stores_name_change_nothing_at_the_hub(tmp_path: Path) -> None:
    choose = random.Random(20_261)
    with a_chain(tmp_path, "north", "south") as stack:
        north, south = stack.stores["north"], stack.stores["south"]
        async with eavesdropping(stack, north) as heard, eavesdropping(stack, south) as other:
            for store in (north, south):
                store.stop()
                store.start()
                stock_up(store, stack.products, "50")
            stack.wait_converged()
            await heard.settle()
            frames = [payload for payload in heard.payloads if messages.is_frame(payload)]
            [hello, *_] = [payload for payload in heard.payloads if b'"hello"' in payload]
            before, pid = await content(stack), stack.hub.pid

            await heard.publish([
                *hostile.noise(choose, 60), *hostile.broken(choose, frames, 60),
                *(hostile.of_a_future_version(frame) for frame in frames), hostile.hello_of_a_future_version(hello),
                *hostile.bombs(frames[-1], Ed25519PrivateKey.generate().sign),
                *(payload for payload in other.payloads if messages.is_frame(payload)),
                *frames, *frames,
            ])  # fmt: skip
            await trade_goes_on(stack, south, "south goes on")
            assert stack.hub.pid == pid, "the hub lives"
            await trade_goes_on(stack, north, "north goes on")

        after = await content(stack)
        sold = {"movements", "levels", "items"}
        assert {table for table in CONTENT if after[table] != before[table]} <= sold
        [row] = await hub_rows(stack, "SELECT count(*) AS n FROM movements")
        assert row["n"] == 2 * len(stack.products) + 2


async def test_a_bomb_signed_by_the_stores_own_key_costs_the_hub_nothing(tmp_path: Path) -> None:
    with a_chain(tmp_path, "north") as stack:
        north = stack.stores["north"]
        async with eavesdropping(stack, north) as heard:
            stock_up(north, stack.products, "50")
            stack.wait_converged()
            await heard.settle()
            frames = [payload for payload in heard.payloads if messages.is_frame(payload)]
            before = await content(stack)

            # One by one: of a group that the hub takes together, only the first that is wrong is judged.
            for bomb in hostile.bombs(frames[-1], own_key(north).sign):
                await heard.publish([bomb])
                await heard.settle()
            stock = stack.expect("GET", f"/api/v1/inventory?site_id={north.site_id}")
            await heard.settle()

            assert len(stock["items"]) == len(stack.products)
            assert await content(stack) == before
            assert peak_memory_kb(stack.hub.pid) < 300_000
            found = await hub_rows(stack, "SELECT kind, detail::text AS detail FROM exceptions")
            assert {row["kind"] for row in found} == {"batch_chain"}, found
        await trade_goes_on(stack, north, "goes on")


async def test_bad_payloads_in_the_hubs_name_change_nothing_in_a_store(tmp_path: Path) -> None:
    choose = random.Random(20_262)
    with a_chain(tmp_path, "north", "south") as stack:
        north, south = stack.stores["north"], stack.stores["south"]
        down = {
            store.name: topics.down(store.sync()["device_id"], store.sync()["origin_id"]) for store in (north, south)
        }
        async with at_the_broker(stack) as attacker:
            await attacker.subscribe(*down.values())
            stock_up(north, stack.products, "50")
            stack.expect("PATCH", f"/api/v1/products/{stack.products[0]['id']}", {"name": "Renamed"},
                         headers={"If-Match": f'"{stack.products[0]["version"]}"'})  # fmt: skip
            stack.wait_converged()
            heard = {name: list[bytes]() for name in down.values()}
            async for topic, payload in attacker.messages():
                heard[topic].append(payload)
                if all(any(map(messages.is_frame, payloads)) for payloads in heard.values()):
                    break
            ledger, products = edge_ledger(north), north.get("/api/v1/products?limit=100").body
            pid = north.program.pid if north.program else None
            frames = [payload for payload in heard[down["north"]] if messages.is_frame(payload)]
            foreign = [payload for payload in heard[down["south"]] if messages.is_frame(payload)]

            for payload in [
                *hostile.noise(choose, 40), *hostile.broken(choose, frames, 40), *frames, *foreign,
                *map(hostile.of_a_future_version, frames), *hostile.bombs(frames[-1], own_key(south).sign),
                b'{"type":"ack","lease":"0000000000000000","mark":9999,"mark_hash":"%s","safe_mark":9999,"credits":8}'
                % (b"0" * 64),
            ]:  # fmt: skip
                await attacker.publish_confirmed(down["north"], payload)

            await trade_goes_on(stack, north, "goes on")
        assert edge_ledger(north)[: len(ledger)] == ledger
        assert north.get("/api/v1/products?limit=100").body == products
        assert north.program is not None
        assert north.program.pid == pid, "the agent lives"
