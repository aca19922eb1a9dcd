"""The queue and real printers: away, lost in the middle, silent, by command; restarts and cancels.

B19. Each label comes out; at most one more than was wanted, and the job says so.
"""

import re
import socket
import sys
from pathlib import Path

import pytest

from edge_agent.config import PrinterConfig
from edge_agent.domain.print_job import RUN_LABELS, PrintJob
from edge_agent.errors import Conflict, Unavailable
from edge_agent.services import printing
from edge_agent.services.labelling import Wanted
from edge_agent.storage import catalogue
from edge_agent.transport import print_outputs
from tests.integration.labels.paper import Paper, Shop, at_work, now_ms
from tests.integration.labels.read_back import Read, from_pdf, read
from tests.unit.edge_agent.a_store import a_product, code_of

PRODUCT = a_product(1, name="Butter 1", price=249)
OTHER = a_product(2)


def some(copies: int, number: int = 1) -> Wanted:
    product = a_product(number)
    return Wanted(product_id=product.product_id, code=code_of(product).zfill(14), copies=copies)


def on_tcp(paper: Paper, name: str = "shelf") -> PrinterConfig:
    return PrinterConfig(name=name, output=f"tcp://127.0.0.1:{paper.port}")


async def test_labels_come_out_in_runs_in_the_order_they_were_asked_for(store_file: Path, paper: Paper) -> None:
    async with at_work(store_file, [on_tcp(paper)]) as shop:
        first = await shop.ask(some(30), some(25, 2))
        second = await shop.ask(some(1))
        job = await shop.over(first)
        assert (job.state, job.sent, job.doubled, job.problem) == ("printed", 55, 0, "")
        assert (await shop.over(second)).state == "printed"
    counts = [[int(count) for count in re.findall(rb"\^PQ(\d+),", each)] for each in paper.documents]
    assert counts == [[25], [5, 20], [5], [1]]


async def test_a_printer_that_is_away_gets_its_labels_when_it_is_back(store_file: Path, paper: Paper) -> None:
    await paper.switch_off()
    async with at_work(store_file, [on_tcp(paper)]) as shop:
        job_id = await shop.ask(some(2))
        waiting = await shop.until(job_id, lambda job: job.attempts > 0)
        assert (waiting.state, waiting.problem, waiting.sending) == ("waiting", "printer_away", 0)
        (check,) = await shop.database.read(printing.checks, ["shelf"])
        assert (check.result, "2 labels wait" in check.detail) == ("warn", True)
        await paper.switch_on()
        shop.desk.news["shelf"].set()
        job = await shop.over(job_id)
    assert (job.state, job.doubled, paper.labels) == ("printed", 0, 2)


async def test_a_printer_that_is_away_holds_up_no_other(store_file: Path, paper: Paper) -> None:
    nobody = PrinterConfig(name="away", output=f"tcp://127.0.0.1:{free_port()}")
    async with at_work(store_file, [nobody, on_tcp(paper)]) as shop:
        stuck = await shop.ask(some(1), printer="away")
        assert (await shop.over(await shop.ask(some(1)))).state == "printed"
        assert (await shop.job(stuck)).state in ("waiting", "printing")


async def test_a_connection_lost_in_the_middle_doubles_one_run_and_says_so(store_file: Path, paper: Paper) -> None:
    paper.cut_after = 100
    async with at_work(store_file, [on_tcp(paper)]) as shop:
        job = await shop.over(await shop.ask(some(RUN_LABELS), some(RUN_LABELS, 2)))
    assert (job.state, job.sent, job.doubled) == ("printed", 2 * RUN_LABELS, RUN_LABELS)
    assert paper.labels == 2 * RUN_LABELS, "the piece of a document had no end of a label"


async def test_a_run_that_is_lost_twice_is_left_to_a_person(store_file: Path, paper: Paper) -> None:
    async with at_work(store_file, [on_tcp(paper)]) as shop:
        paper.cut_after = 100
        job_id = await shop.ask(some(3))
        await shop.until(job_id, lambda job: job.doubled > 0)
        paper.cut_after = 100
        job = await shop.over(job_id)
    assert (job.state, job.problem, job.sent) == ("failed", "print_uncertain", 0)
    assert "labels 1 to 3 may be out once, twice or not at all" in job.detail


async def test_a_printer_that_takes_nothing_is_given_up_after_a_while(
    store_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(print_outputs, "SEND_S", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=1) as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        printer = PrinterConfig(name="shelf", output=f"tcp://127.0.0.1:{silent.getsockname()[1]}", dpi=600,
                                width_mm=210, height_mm=300)  # fmt: skip
        async with at_work(store_file, [printer]) as shop:
            many = [some(1, 1 + number % 2) for number in range(RUN_LABELS)]
            job = await shop.until(await shop.ask(*many), lambda job: bool(job.problem))
    assert (job.problem, job.doubled) == ("printer_lost", RUN_LABELS)


async def test_a_job_goes_on_after_a_restart_where_it_was(store_file: Path, paper: Paper) -> None:
    await paper.switch_off()
    async with at_work(store_file, [on_tcp(paper)]) as shop:
        job_id = await shop.ask(some(40))
        await shop.until(job_id, lambda job: job.attempts > 0)
    await paper.switch_on()
    async with at_work(store_file, [on_tcp(paper)]) as shop:
        job = await shop.over(job_id)
    assert (job.state, job.sent, job.doubled, paper.labels) == ("printed", 40, 0, 40)


async def test_a_cancelled_job_prints_no_more(store_file: Path, paper: Paper) -> None:
    await paper.switch_off()
    async with at_work(store_file, [on_tcp(paper)]) as shop:
        job_id, next_id = await shop.ask(some(400)), await shop.ask(some(1))
        await shop.until(job_id, lambda job: job.attempts > 0)
        assert (await shop.database.write(printing.cancel, job_id, now_ms())).state == "cancelled"
        assert (await shop.database.write(printing.cancel, job_id, now_ms())).state == "cancelled"
        await paper.switch_on()
        shop.desk.news["shelf"].set()
        assert (await shop.over(next_id)).state == "printed"
        with pytest.raises(Conflict, match="this one is printed"):
            await shop.database.write(printing.cancel, next_id, now_ms())
    assert paper.labels == 1


async def test_a_label_that_waited_shows_the_price_of_today(store_file: Path, paper: Paper) -> None:
    await paper.switch_off()
    async with at_work(store_file, [on_tcp(paper)]) as shop:
        waited = await shop.ask(some(1))
        await shop.until(waited, lambda job: job.attempts > 0)
        await shop.database.write(catalogue.save_product, PRODUCT._replace(price=999))
        await paper.switch_on()
        await shop.over(await shop.ask(some(1)))
    assert paper.documents[0] == paper.documents[1]


async def test_labels_of_a_product_that_is_gone_fail_and_the_next_job_is_printed(
    store_file: Path, paper: Paper
) -> None:
    await paper.switch_off()
    async with at_work(store_file, [on_tcp(paper)]) as shop:
        lost = await shop.ask(some(1, 2))
        await shop.until(lost, lambda job: job.attempts > 0)
        await shop.database.write(catalogue.save_product, OTHER._replace(price=None))
        await paper.switch_on()
        kept = await shop.ask(some(1))
        assert (await shop.over(lost)).problem == "no_price"
        assert (await shop.over(kept)).state == "printed"


async def test_a_command_gets_a_pdf_on_its_standard_input(store_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "out; rm -rf $HOME.pdf"
    copy = f"import sys; open({str(target)!r}, 'wb').write(sys.stdin.buffer.read())"
    printer = PrinterConfig(name="office", output=(sys.executable, "-c", copy), format="pdf")
    async with at_work(store_file, [printer]) as shop:
        assert (await shop.over(await shop.ask(some(3), printer="office"))).state == "printed"
    pages = from_pdf(target.read_bytes())
    assert [read(page) for page in pages] == [[Read("EAN-13", "]E0", code_of(PRODUCT).encode())]] * 3


@pytest.mark.parametrize(("command", "said"), [
    ((sys.executable, "-c", "import sys; sys.exit('lp: no such printer')"), "lp: no such printer"),
    (("/no/such/command",), "cannot be run"),
])  # fmt: skip
async def test_a_command_that_says_no_has_printed_nothing(
    store_file: Path, command: tuple[str, ...], said: str
) -> None:
    printer = PrinterConfig(name="office", output=command, format="pdf")
    async with at_work(store_file, [printer]) as shop:
        job = await shop.until(await shop.ask(some(1), printer="office"), lambda job: job.attempts > 0)
        assert (job.state, job.problem, job.doubled) == ("waiting", "print_command", 0)
        assert said in job.detail


async def test_a_command_that_does_not_end_is_ended(store_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(print_outputs, "COMMAND_S", 0.3)
    printer = PrinterConfig(name="office", output=("sleep", "1000"), format="pdf")
    async with at_work(store_file, [printer]) as shop:
        job = await shop.until(await shop.ask(some(1), printer="office"), lambda job: job.attempts > 0)
    assert (job.problem, job.doubled) == ("print_command", 1)


async def test_a_queue_has_an_end(store_file: Path) -> None:
    nobody = PrinterConfig(name="shelf", output=f"tcp://127.0.0.1:{free_port()}")
    async with at_work(store_file, [nobody]) as shop:
        await _fill(shop)
        with pytest.raises(Unavailable, match="fewer than 200") as caught:
            await shop.ask(some(1))
    assert caught.value.code == "print_queue_full"


async def _fill(shop: Shop) -> None:
    for number in range(printing.JOBS_WAITING_MAX):
        await shop.database.write(printing.ask, PrintJob(f"j{number}", "other", "price", "[]", 1, now_ms()), now_ms())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
