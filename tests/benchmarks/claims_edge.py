"""What is claimed of one box with a large store on it."""

from tests.benchmarks.claims import Row, Section, median, shown

_ROWS = (
    Row(
        "search as you type, 100,000 products, each key press over HTTP",
        "p99 ≤ 50 ms",
        median("edge search 100k", "p99_ms"),
        " ms",
        lambda v: v <= 50,
        shown(("edge search 100k", "p50_ms"), ("edge search 100k", "p99_ms"), ("edge search 100k", "cpu_ms")),
    ),
    Row(
        "agent memory, 100,000 products, 10 screens",
        "≤ 160 MB",
        median("edge memory 100k 10 screens", "rss_mb"),
        " MB",
        lambda v: v <= 160,
        shown(("edge memory 100k 10 screens", "rss_mb")),
    ),
    Row(
        "scan → the last of 10 screens has its event, 100,000 products",
        "p95 ≤ 100 ms",
        median("scan to screen", "p95_ms"),
        " ms",
        lambda v: v <= 100,
        shown(("scan to screen", "p50_ms"), ("scan to screen", "p95_ms"), ("scan to screen", "p99_ms")),
    ),
)
EDGE = Section(
    "The store box",
    _ROWS,
    "The real agent with its line cut; `cpu_ms` is its own CPU time for a key press. The screens are event streams.",
)
