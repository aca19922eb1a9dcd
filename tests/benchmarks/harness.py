"""Interleaved rounds, medians, ratios: how every figure of `make bench` is taken.

Each cell runs once a round, in a new seeded order every round, so that a machine whose
speed drifts is unfair to all cells alike. A ratio is the median of the per-round ratios
of two cells. A cell that fails is told and leaves no figure.
"""

import gc
import json
import os
import platform
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Figures = dict[str, float]
Cell = Callable[[], Figures]


@dataclass
class Results:
    """Per cell and figure, one value a round (a failed round leaves a gap)."""

    rounds: list[dict[str, Figures]] = field(default_factory=list)

    def values(self, cell: str, figure: str) -> list[float]:
        """The figure of every round in which the cell ran."""
        return [r[cell][figure] for r in self.rounds if cell in r and figure in r[cell]]

    def median(self, cell: str, figure: str) -> float:
        """The figure to quote; nan when the cell never ran."""
        values = self.values(cell, figure)
        return statistics.median(values) if values else float("nan")

    def ratio(self, cell: str, reference: str, figure: str, reference_figure: str | None = None) -> float:
        """Median over rounds of cell / reference, both of the same round."""
        other = reference_figure or figure
        ratios = [
            r[cell][figure] / r[reference][other]
            for r in self.rounds
            if cell in r and reference in r and r[reference].get(other)
        ]
        return statistics.median(ratios) if ratios else float("nan")

    def spread(self, cell: str, figure: str) -> str:
        """Median (min to max), for a table."""
        values = self.values(cell, figure)
        if not values:
            return "failed"
        return f"{short(statistics.median(values))} ({short(min(values))} to {short(max(values))})"


def interleave(cells: Mapping[str, Cell], *, rounds: int, seed: int = 7) -> Results:
    """Run every cell once a round in random order, telling each as it is done."""
    results, rng = Results(), random.Random(seed)
    for number in range(1, rounds + 1):
        order = list(cells)
        rng.shuffle(order)
        done: dict[str, Figures] = {}
        for name in order:
            _forget()
            started = time.perf_counter()
            try:
                done[name] = cells[name]()
            except Exception as error:
                print(f"  round {number} {name}: FAILED {type(error).__name__}: {str(error)[:300]}", flush=True)
                continue
            shown = "  ".join(f"{key} {short(value)}" for key, value in done[name].items())
            print(f"  round {number}/{rounds} {name}: {shown}  [{time.perf_counter() - started:.1f} s]", flush=True)
        results.rounds.append(done)
    return results


def _forget() -> None:
    """What cells before have kept is not walked by the collector in the cells that run in this process."""
    gc.collect()
    gc.freeze()


def percentile(values: list[float], percent: float) -> float:
    """The value below which `percent` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


def latencies(seconds: list[float]) -> Figures:
    """p50 and p99 in milliseconds."""
    return {"p50_ms": percentile(seconds, 50) * 1e3, "p99_ms": percentile(seconds, 99) * 1e3}


def rss_mb(pid: int) -> float:
    """Resident memory of a process in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())  # fmt: skip
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
    return {
        "processor": f"{os.cpu_count()} x {model}", "memory": f"{memory:.0f} GiB",
        "kernel": platform.release(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version,
    }  # fmt: skip


def save(folder: Path, name: str, results: Results) -> None:
    """Keep the raw rounds beside the table that was made of them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(
        json.dumps({"machine": machine(), "argv": sys.argv[1:], "rounds": results.rounds}, indent=1)
    )


def short(value: float) -> str:
    """Three digits, or whole thousands."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
