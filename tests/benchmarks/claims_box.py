"""What is claimed of the box in a store: its scanners, its screens, 100,000 products."""

from tests.benchmarks.claims import Measure, Row, Section, median, ratio, shown

_BEEPS, _SCREEN, _LOAD, _SWAP = "box byte to event", "box scan to screen", "box first load", "box swap while selling"
_GS1, _BIIP = "box decode gs1", "box decode gs1 biip"


def _beside(figure: str) -> Measure:
    """Of the agent, against the bare reader of the same moments."""
    return lambda results: results.ratio(_BEEPS, _BEEPS, figure, f"bare_{figure}")


def _most(what: str, cell: str, figure: str, most: float, unit: str, *more: str) -> Row:
    """A figure that is not to be above `most`."""
    details = shown(*((cell, name) for name in (figure, *more)))
    return Row(what, f"≤ {most:,g}{unit}", median(cell, figure), unit, lambda v: v <= most, details)


def _least(what: str, cell: str, least: float) -> Row:
    """A rate that is not to be below `least`."""
    return Row(what, f"≥ {least:,g} /s", median(cell, "rate"), " /s", lambda v: v >= least, shown((cell, "rate")))


_ROWS = (
    _most("byte on the line → event while the agent sends a backlog, p50", _BEEPS, "p50_ms", 0.3, " ms", "scans"),
    _most("the same, p99", _BEEPS, "p99_ms", 5, " ms"),
    Row("the same, p50 against a bare add_reader at the same moments", "≤ 3 ×", _beside("p50_ms"), " ×",
        lambda v: v <= 3, shown((_BEEPS, "bare_p50_ms"))),
    Row("the same, p99", "≤ 3 ×", _beside("p99_ms"), " ×", lambda v: v <= 3, shown((_BEEPS, "bare_p99_ms"))),
    _most("scan → drawn by the screen, 100,000 products, 10 screens, p95", _SCREEN, "p95_ms", 100, " ms",
          "p50_ms", "p99_ms", "event_p95_ms", "others_p95_ms"),
    Row("300 times unplugged and plugged in: scans lost that the kernel delivered", "0", median("box replugs", "lost"),
        "", lambda v: v == 0, shown(("box replugs", "scans"))),
    _most("the same, until the port is open again, p50", "box replugs", "p50_ms", 150, " ms", "p99_ms"),
    Row("the same, descriptors more than before", "0", median("box replugs", "descriptors"), "", lambda v: v == 0,
        shown(("box replugs", "descriptors"))),
    _least("framing: EAN frames", "box frames text", 100_000),
    _least("framing and decoding: EAN scans", "box frame and decode ean", 100_000),
    _least("decoding: GS1 messages to article, lot and expiry", _GS1, 20_000),
    Row("the same, against biip alone", "not owed", ratio(_GS1, _BIIP), " ×", lambda _: True, shown((_BIIP, "rate"))),
    _most("search as you type, 100,000 products, each key press over HTTP, agent on one core, p99", "box search",
          "p99_ms", 50, " ms", "p50_ms", "cpu_ms"),
    _most("what a code is, 100,000 products, over HTTP, p99", "box resolve", "p99_ms", 50, " ms", "p50_ms"),
    _most("a sale over HTTP while 100,000 products are swapped in, p99", _SWAP, "p99_ms", 50, " ms",
          "p50_ms", "max_ms", "sales", "seconds"),
    _most("agent memory, 100,000 products, 10 screens", "box memory", "rss_mb", 160, " MB"),
    _most("first load of the screen, cold cache, loopback", _LOAD, "p50_s", 1, " s", "max_s"),
    _most("its scripts, gzipped", _LOAD, "script_kb", 200, " KB"),
)  # fmt: skip
_READING = """
How to read it: the real agent program, started anew for each cell. `byte to event` is the agent as it is with a backlog
of 200,000 movements on its way to a hub, broker and PostgreSQL on the same two cores; the bare reader is a process of
its own on a pseudo-terminal of its own, asked by turns with the agent. The other cells have their line cut. Of the ten
screens one is Chromium (`p95_ms` ends when the frame is drawn, `event_p95_ms` when its page has the event), nine are
event streams (`others_p95_ms`: the last of them); the scanner's beep is a sale, so a commit with fsync is in it.
`cpu_ms` is the agent's own time for a key press. `swap while selling` takes the whole catalogue from a real hub.
"""
BOX = Section("The store box", _ROWS, _READING)
