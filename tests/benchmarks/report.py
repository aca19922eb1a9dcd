"""The table of README.md: what is owed, what was measured, and the ratio in the same run."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.benchmarks.harness import Results

Measure = Callable[[Results], float]


class Row(NamedTuple):
    """One claim."""

    what: str
    reach: str
    measure: Measure
    unit: str
    holds: Callable[[float], bool]
    detail: Callable[[Results], str]


def write_report(results: Results, machine: Mapping[str, str]) -> str:
    """The whole README of the benchmarks."""
    lines = [
        _HEAD.rstrip(),
        "",
        "| what | reach | measured | met | in figures (median, min to max) |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        value = row.measure(results)
        if math.isnan(value):
            continue
        met = "yes" if row.holds(value) else "**no**"
        lines.append(f"| {row.what} | {row.reach} | {value:,.3g}{row.unit} | {met} | {row.detail(results)} |")
    facts = "; ".join(f"{key} {value}" for key, value in machine.items())
    return "\n".join([*lines, "", f"Machine: {facts}. Rounds: {len(results.rounds)}.", "", _TAIL.strip(), ""])


def _ratio(cell: str, reference: str, figure: str = "rate") -> Measure:
    return lambda results: results.ratio(cell, reference, figure)


def _median(cell: str, figure: str) -> Measure:
    return lambda results: results.median(cell, figure)


def _best_floor(results: Results) -> str:
    """The faster of the two floors."""
    return max(("floor copy", "floor unnest"), key=lambda name: results.median(name, "rate") or 0)


def _shown(*pairs: tuple[str, str]) -> Callable[[Results], str]:
    return lambda results: "; ".join(f"{cell} {figure} {results.spread(cell, figure)}" for cell, figure in pairs)


def _herd(results: Results) -> float:
    seconds = results.median("herd 1000 x 100", "seconds")
    return seconds / (100_000 / results.median("backlog 100k", "rate"))


def _beats(cell: str, reference: str) -> Measure:
    return lambda results: results.ratio(cell, reference, "p99_ms")


ROWS = (
    Row(
        "backlog of 100,000 movements, one store → hub, everything on, against the floor",
        "≥ 0.4 ×",
        lambda r: r.ratio("backlog 100k", _best_floor(r), "rate"),
        " ×",
        lambda v: v >= 0.4,
        _shown(("backlog 100k", "rate"), ("floor copy", "rate"), ("floor unnest", "rate")),
    ),
    Row(
        "the same, against PouchDB (batch 1000)",
        "≥ 5 ×",
        _ratio("backlog 100k", "pouchdb push"),
        " ×",
        lambda v: v >= 5,
        _shown(("pouchdb push", "rate")),
    ),
    Row(
        "the same, against one POST per movement",
        "≥ 80 ×",
        _ratio("backlog 100k", "outbox one post each"),
        " ×",
        lambda v: v >= 80,
        _shown(("outbox one post each", "rate")),
    ),
    Row(
        "1,000,000 movements, rate against that of 100,000",
        "≥ 0.8 ×",
        _ratio("backlog 1m", "backlog 100k"),
        " ×",
        lambda v: v >= 0.8,
        _shown(("backlog 1m", "rate")),
    ),
    Row(
        "hub memory in it",
        "≤ 250 MB",
        _median("backlog 1m", "hub_rss_mb"),
        " MB",
        lambda v: v <= 250,
        _shown(("backlog 1m", "hub_rss_mb")),
    ),
    Row(
        "edge memory in it",
        "≤ 200 MB",
        _median("backlog 1m", "edge_rss_mb"),
        " MB",
        lambda v: v <= 200,
        _shown(("backlog 1m", "edge_rss_mb")),
    ),
    Row(
        "1,000 stores × 100 movements back at once, time against one store × 100,000",
        "≤ 3 ×",
        _herd,
        " ×",
        lambda v: v <= 3,
        _shown(("herd 1000 x 100", "seconds"), ("herd 1000 x 100", "p99_wait_s")),
    ),
    Row(
        "scan → durable through the HTTP API, 1 client, p99 against FastAPI + ORM",
        "≤ 0.6 ×",
        _ratio("scan http 1", "peer http 1", "p99_ms"),
        " ×",
        lambda v: v <= 0.6,
        _shown(("scan http 1", "p99_ms"), ("peer http 1", "p99_ms")),
    ),
    Row(
        "the same, 16 clients, p99",
        "≤ 0.6 ×",
        _ratio("scan http 16", "peer http 16", "p99_ms"),
        " ×",
        lambda v: v <= 0.6,
        _shown(("scan http 16", "p99_ms"), ("peer http 16", "p99_ms")),
    ),
    Row(
        "the same, 16 clients, throughput",
        "≥ 10 ×",
        _ratio("scan http 16", "peer http 16"),
        " ×",
        lambda v: v >= 10,
        _shown(("scan http 16", "rate"), ("peer http 16", "rate")),
    ),
    Row(
        "the same while everything is sent to the hub, live, on the same two cores",
        "not owed",
        _ratio("scan http 16 linked", "peer http 16"),
        " ×",
        lambda _: True,
        _shown(("scan http 16 linked", "rate"), ("scan http 16 linked", "p99_ms")),
    ),
    Row(
        "scan → durable inside the agent, p50 against plain sqlite3",
        "≤ 3 ×",
        _ratio("scan inside", "plain sqlite", "p50_ms"),
        " ×",
        lambda v: v <= 3,
        _shown(("scan inside", "p50_ms"), ("plain sqlite", "p50_ms")),
    ),
    Row(
        "the same, p99",
        "≤ 3 ×",
        _ratio("scan inside", "plain sqlite", "p99_ms"),
        " ×",
        lambda v: v <= 3,
        _shown(("scan inside", "p99_ms"), ("plain sqlite", "p99_ms")),
    ),
    Row(
        "scan → visible at the hub, 20/s, p50",
        "≤ 6 ms",
        _median("live 20", "p50_ms"),
        " ms",
        lambda v: v <= 6,
        _shown(("live 20", "p50_ms"), ("pouchdb live 20", "p50_ms"), ("rxdb live 20", "p50_ms")),
    ),
    Row(
        "the same, p99",
        "≤ 20 ms",
        _median("live 20", "p99_ms"),
        " ms",
        lambda v: v <= 20,
        _shown(("live 20", "p99_ms")),
    ),
    Row(
        "the same, 200/s, p50",
        "≤ 6 ms",
        _median("live 200", "p50_ms"),
        " ms",
        lambda v: v <= 6,
        _shown(("live 200", "p50_ms"), ("pouchdb live 200", "p50_ms"), ("rxdb live 200", "p50_ms")),
    ),
    Row(
        "the same, p99",
        "≤ 20 ms",
        _median("live 200", "p99_ms"),
        " ms",
        lambda v: v <= 20,
        _shown(("live 200", "p99_ms")),
    ),
    *(
        Row(
            f"live {rate}/s, p99 against PouchDB (no fsync)",
            "< 1 ×",
            _beats(f"live {rate}", f"pouchdb live {rate}"),
            " ×",
            lambda v: v < 1,
            _shown((f"pouchdb live {rate}", "p99_ms")),
        )
        for rate in (20, 200)
    ),
    *(
        Row(
            f"live {rate}/s, p99 against RxDB (in memory)",
            "< 1 × aimed",
            _beats(f"live {rate}", f"rxdb live {rate}"),
            " ×",
            lambda v: v < 1,
            _shown((f"rxdb live {rate}", "p99_ms")),
        )
        for rate in (20, 200)
    ),
    Row(
        "wire, a backlog of sales, all overhead in",
        "≤ 20 bytes a movement",
        _median("wire backlog", "bytes"),
        " B",
        lambda v: v <= 20,
        _shown(("wire backlog", "bytes"), ("wire backlog", "movements"), ("wire backlog", "is_real")),
    ),
    Row(
        "wire, one live movement, payload",
        "≤ 300 bytes",
        _median("wire live", "payload_bytes"),
        " B",
        lambda v: v <= 300,
        _shown(("wire live", "payload_bytes"), ("wire live", "max_bytes")),
    ),
    Row(
        "snapshot of 50,000 products to a new box, durable and indexed",
        "≤ 1.2 s",
        _median("snapshot 50k", "seconds"),
        " s",
        lambda v: v <= 1.2,
        _shown(("snapshot 50k", "seconds"), ("pages 50k", "seconds")),
    ),
    Row(
        "the same, on the wire",
        "≤ 2.2 MB",
        _median("snapshot 50k", "megabytes"),
        " MB",
        lambda v: v <= 2.2,
        _shown(("snapshot 50k", "megabytes"), ("pages 50k", "megabytes")),
    ),
    Row(
        "edge agent, 50,000 products, after 100,000 movements",
        "≤ 100 MB",
        _median("edge memory", "rss_mb"),
        " MB",
        lambda v: v <= 100,
        _shown(("edge memory", "rss_mb"), ("edge memory", "interpreter_mb")),
    ),
    Row(
        "simulation",
        "≥ 20 schedules/s/core",
        _median("simulation", "rate"),
        " /s",
        lambda v: v >= 20,
        _shown(("simulation", "rate")),
    ),
)

_HEAD = """
# Benchmarks

`make bench` runs the product, the floors and the peers interleaved in one session on this machine and rewrites this
page; `make bench ARGS="--rounds 1 --only backlog"` runs a part, `ARGS=--million` adds the long cell. A figure is the
median of the rounds, a ratio the median of the per-round ratios. Nothing here is a timed unit test.
"""

_TAIL = """
How to read it: the floor is PostgreSQL alone (the hub's own rows by COPY or unnest on one connection, batches of 500,
levels and commit, no protocol). PouchDB keeps leveldb at both ends, RxDB keeps nothing on disk; neither waits for an
fsync, the product does so at both ends, so its live latency is two commits of this machine's disk plus the software.
The outbox is the usual one: SQLite, one POST a movement, FastAPI and the SQLAlchemy ORM. `scan http` is loaded with
the store's WAN cut, because its reference has no head office to tell either; `linked` is the same with the hub, broker
and PostgreSQL at work on the same cores. All products are in stock on both sides, so a sale raises no alert.
`wire backlog` uses the real UCI sales when `SALES_FILE` (or the usual place) has them (`is_real` 1), else sales made
from a seed.

What is short: a simulated schedule (some 240 movements) runs the product's own services, statements and codec, 2,800
statements of SQLite among them, which are a third of its time; the rest is spread over a thousand functions, none above
a fiftieth. PouchDB's p50 at 200/s is below the product's, which waits for two disks; its p99 is twice as long. RxDB,
which keeps nothing, stays ahead.
"""
