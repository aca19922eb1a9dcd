"""README.md of the benchmarks: per section what is owed, what was measured, and the ratio in the same run.

A section none of whose cells ran stays as it was, so a run of a part loses nothing of the others.
"""

import math
from collections.abc import Mapping

from tests.benchmarks.claims import Section
from tests.benchmarks.claims_api import API
from tests.benchmarks.claims_box import BOX
from tests.benchmarks.claims_sync import SYNC
from tests.benchmarks.harness import Results, short

SECTIONS = (SYNC, API, BOX)
_HEAD = """
# Benchmarks

`make bench` runs the product, the floors and the peers interleaved in one session on this machine and rewrites this
page; `make bench ARGS="--rounds 1 --only backlog"` runs a part (`--only '^api'`: the API's, `--only '^box'`: the
store box's), `ARGS=--million` adds the long cell. A figure is the median of the rounds, a ratio the median of the
per-round ratios. Nothing here is a timed unit test.
"""
_COLUMNS = (
    "| what | reach | measured | met | in figures (median, min to max) |",
    "|---|---|---|---|---|",
)


def write_report(results: Results, machine: Mapping[str, str], earlier: str = "") -> str:
    """The whole page; `earlier` is the page as it was."""
    kept = _sections(earlier)
    parts = [_section(each, results, machine) or kept.get(each.title, "") for each in SECTIONS]
    return "\n\n".join(part.strip() for part in (_HEAD, *parts) if part.strip()) + "\n"


def _sections(page: str) -> dict[str, str]:
    parts = ("\n" + page).split("\n## ")[1:]
    return {part.partition("\n")[0].strip(): f"## {part}" for part in parts}


def _section(section: Section, results: Results, machine: Mapping[str, str]) -> str:
    """The section of what was measured; nothing when none of it was."""
    lines = []
    for row in section.rows:
        value = row.measure(results)
        if math.isnan(value):
            continue
        met = "yes" if row.holds(value) else "**no**"
        lines.append(f"| {row.what} | {row.reach} | {short(value)}{row.unit} | {met} | {row.detail(results)} |")
    if not lines:
        return ""
    facts = "; ".join(f"{key} {value}" for key, value in machine.items())
    told = f"Machine: {facts}. Rounds: {len(results.rounds)}."
    return "\n".join([f"## {section.title}", "", *_COLUMNS, *lines, "", told, "", section.reading.strip()])
