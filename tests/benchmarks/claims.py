"""A claim of the benchmarks' page, and the ways to measure one."""

from collections.abc import Callable
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


class Section(NamedTuple):
    """A table of the page, and how to read it."""

    title: str
    rows: tuple[Row, ...]
    reading: str


def ratio(cell: str, reference: str, figure: str = "rate") -> Measure:
    """Median over the rounds of cell / reference."""
    return lambda results: results.ratio(cell, reference, figure)


def median(cell: str, figure: str) -> Measure:
    """Median over the rounds."""
    return lambda results: results.median(cell, figure)


def shown(*pairs: tuple[str, str]) -> Callable[[Results], str]:
    """Cells and their figures with the spread."""
    return lambda results: "; ".join(f"{cell} {figure} {results.spread(cell, figure)}" for cell, figure in pairs)
