"""The benchmarks' page: a run of a part keeps what other runs have measured."""

from tests.benchmarks.claims_api import API
from tests.benchmarks.claims_sync import SYNC
from tests.benchmarks.harness import Results
from tests.benchmarks.report import write_report


def test_a_section_of_which_nothing_ran_stays_as_it_was():
    wire = {"wire live": {"payload_bytes": 279.0, "max_bytes": 280.0}}
    imported = {"api import 100k": {"seconds": 9.0, "growth_mb": 24.0, "steps_seen": 90.0}}
    first = write_report(Results([wire]), {"machine": "one"})
    both = write_report(Results([imported]), {"machine": "two"}, first)
    assert f"## {SYNC.title}" in both and "279 B" in both and "machine one" in both
    assert f"## {API.title}" in both and "| 9 s | yes |" in both and "machine two" in both


def test_a_section_that_ran_again_is_written_anew():
    measured = [{"api import 100k": {"seconds": each, "growth_mb": 24.0, "steps_seen": 90.0}} for each in (9.0, 30.0)]
    page = write_report(Results(measured[:1]), {})
    page = write_report(Results(measured[1:]), {}, page)
    assert "| 9 s |" not in page and "| 30 s | **no** |" in page
    assert page.count(f"## {API.title}") == 1
