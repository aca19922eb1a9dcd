"""An inventory report as a file: the CSV as it is stored, or a workbook or pages made of it in a process of its own."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from cloud_hub.domain.times import rfc3339
from cloud_hub.errors import Invalid
from cloud_hub.services import apart
from cloud_hub.services.sheets import convert
from cloud_hub.storage.sites import Site
from cloud_hub.storage.stock_reports import StockReport

PAGES = "cloud_hub.services.report_pages"
"""By its name: what it draws with is never in this process."""
PDF_LINES_MAX = 20_000
"""Some 450 pages; a larger report is a table, not something to print."""


async def make(report: StockReport, site: Site, form: str, content: bytes) -> bytes:
    """The file of these lines. Raises Invalid for more of them than pages can take."""
    if form == "csv":
        return content
    if form == "pdf" and report.lines > PDF_LINES_MAX:
        detail = f"expected a report of at most {PDF_LINES_MAX} lines, this one has {report.lines}: take csv or xlsx"
        raise Invalid("too_long", detail, pointer="/query/format")
    with TemporaryDirectory(prefix="backstock-report-") as folder:
        source, target = Path(folder, "report.csv"), Path(folder, f"report.{form}")
        await asyncio.to_thread(source.write_bytes, content)
        if form == "xlsx":
            await convert("write", source, target)
        else:
            head = Path(folder, "head.json")
            await asyncio.to_thread(head.write_bytes, orjson.dumps(_head(report, site)))
            await apart.run(PAGES, str(head), str(source), str(target))
        return await asyncio.to_thread(target.read_bytes)


def _head(report: StockReport, site: Site) -> dict[str, object]:
    """What stands above the lines."""
    made_at = rfc3339(report.made_at_ms)
    finality = "Final" if report.is_final else "Provisional: more of these days may come"
    return {
        "title": f"Inventory report, {report.kind}", "site": f"{site.code} · {site.name}",
        "period": f"{report.first} to {report.days.last}", "lines": report.lines, "made_at": made_at,
        "state": f"{finality} · revision {report.revision} · made {made_at} · ledger up to {report.position}",
        "value": " · ".join(f"{worth} {currency}" for currency, worth in report.totals["values"].items()),
        "totals": report.totals["quantities"],
    }  # fmt: skip
