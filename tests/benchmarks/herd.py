"""A thousand stores come back in the same second: nothing lost, nothing doubled, nobody starved."""

import asyncio
import os
import random
import secrets
import statistics
import time

import asyncpg
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cloud_hub.api import enrolment_of
from cloud_hub.config import Config
from cloud_hub.core import Core, open_core
from cloud_hub.services.enrolment import EnrolmentRequest
from cloud_hub.services.sites import Sites
from deploy.local.stack import Stack
from sync_protocol.transport.mqtt import BrokerAddress
from tests.benchmarks.emulated_edges import EmulatedEdge, drain
from tests.benchmarks.harness import Figures, percentile
from tests.benchmarks.material import product_ids


def herd(stack: Stack, stores: int, each: int) -> Figures:
    """Seconds until the last of `stores` with `each` unsent sales is acknowledged, all starting at once."""
    environment = dict(os.environ)
    os.environ.update(stack.hub_environment())
    try:
        return asyncio.run(_herd(stack, stores, each))
    finally:
        os.environ.clear()
        os.environ.update(environment)


async def _herd(stack: Stack, stores: int, each: int) -> Figures:
    async with open_core(Config.load(None)) as core:
        edges = [await _enrolled(core, number) for number in range(stores)]
    rng = random.Random(3)
    for edge in edges:
        edge.sell(product_ids(), each, rng)
    broker = BrokerAddress(host="127.0.0.1", port=stack.broker.port, username="store", password=stack.password)
    seconds = await drain(edges, broker)
    started = max(edge.acked_at for edge in edges) - seconds
    await _check(stack, edges)
    waits = [edge.acked_at - started for edge in edges]
    return {
        "seconds": seconds, "rate": stores * each / seconds, "median_wait_s": statistics.median(waits),
        "p99_wait_s": percentile(waits, 99),
    }  # fmt: skip


async def _enrolled(core: Core, number: int) -> EmulatedEdge:
    """A site with a box, enrolled as a real one is."""
    now_ms = time.time_ns() // 1_000_000
    site = await Sites(core.database, core.reads).create(
        f"herd-{number}-{secrets.token_hex(3)}", f"Store {number}", "edge", now_ms
    )
    enrolment = enrolment_of(core, 0)
    code = await enrolment.make_code(site.id, "benchmark", now_ms)
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    granted = await enrolment.enrol(EnrolmentRequest(code.text, public, _csr(), f"box {number}"), now_ms)
    return EmulatedEdge(
        site_id=granted.site_id, device_id=granted.device_id, origin_id=granted.origin_id,
        certificate=granted.certificate, key=key, hub_key=bytes.fromhex(granted.hub_key),
    )  # fmt: skip


def _csr() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "box")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    return request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


async def _check(stack: Stack, edges: list[EmulatedEdge]) -> None:
    """Each origin's mark and hash are the store's own; its movements are there once."""
    connection = await asyncpg.connect(stack.postgres.url("backstock"))
    known = {
        str(row["origin_id"]): row for row in await connection.fetch("SELECT origin_id, mark, chain_hash FROM origins")
    }
    counts = {
        str(row["origin_id"]): row["n"]
        for row in await connection.fetch(
            "SELECT origin_id, count(*) + (SELECT count(*) FROM items i WHERE i.origin_id = m.origin_id) AS n"
            " FROM movements m GROUP BY origin_id"
        )
    }
    await connection.close()
    for edge in edges:
        row = known[edge.origin_id]
        assert (row["mark"], bytes(row["chain_hash"])) == (len(edge.records), edge.hashes[-1])
        assert counts[edge.origin_id] == len(edge.records)
