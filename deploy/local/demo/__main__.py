"""`make demo`: parse, hold the folder, bring the chain up, run it live or play the story.

Exit codes: 0 ended in order (or the story held), 1 refused or the story failed, 2 wrong usage.
"""

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from cloud_hub.services.sample_data import SampleProduct, make_shop
from deploy.local.broker import BrokerUnavailable, resolve
from deploy.local.demo import commands, goods, lifecycle, live, shop_floor, story
from deploy.local.demo.chain import PORT, Chain
from deploy.local.demo.control import Control, tell
from deploy.local.postgres import PostgresUnavailable
from deploy.local.programs import StackError

FOLDER = Path(os.environ.get("BACKSTOCK_DEMO_DIR") or Path(__file__).resolve().parents[3] / ".demo")
HIGHEST_PORT = 65000
"""The stores' come behind it."""


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"expected 0 to {HIGHEST_PORT}, got {text!r}")
    return int(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make demo ARGS=…", description="Two stores and a head office on this machine."
    )
    parser.add_argument("--check", action="store_true", help="play the whole story unattended; exit 0 only if it holds")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs left")
    parser.add_argument("--broker", choices=("auto", "mosquitto", "embedded"), default="auto")
    parser.add_argument("--sales", type=Path, metavar="FILE", help="replay a real file of date,item,qty (also .gz)")
    parser.add_argument("--products", type=int, default=300, metavar="N", help="size of the sample shop")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--port",
        type=_port,
        default=PORT,
        metavar="N",
        help="of head office, the stores' behind it; 0: any (as --check)",
    )
    parser.add_argument(
        "do", nargs="*", metavar="do COMMAND", help="tell the running demo something; `do help` lists it"
    )
    parsed = parser.parse_args()
    if parsed.do and parsed.do[0] != "do":
        parser.error(f"expected `do COMMAND`, got {' '.join(parsed.do)!r}")
    return parsed


def main() -> int:
    """The exit code."""
    arguments = _arguments()
    lifecycle.stop_on_signals()
    try:
        if arguments.do:
            return _tell(" ".join(arguments.do[1:]))
        return _check(arguments) if arguments.check else _live(arguments)
    except lifecycle.Stopped:
        print("\nstopped; everything that was started has ended", flush=True)
        return 0
    except lifecycle.RunsAlready as refused:
        print(f'{refused}\n  make demo ARGS="do status" asks it, ARGS="do stop" ends it', file=sys.stderr)
    except (
        goods.BadSalesFile, lifecycle.NoRoom, BrokerUnavailable, PostgresUnavailable, StackError, ValueError, OSError,
    ) as error:  # fmt: skip
        print(f"the demo did not come up: {error}", file=sys.stderr)
    return 1


def _live(arguments: argparse.Namespace) -> int:
    with ExitStack() as opened:
        folder = opened.enter_context(lifecycle.owned(FOLDER, is_fresh=arguments.fresh))
        sales = goods.read_sales(arguments.sales, stores=2) if arguments.sales else []
        control = opened.enter_context(Control())
        lifecycle.write_note(folder, socket=str(control.path))
        print(
            f"bringing up PostgreSQL, {resolve(arguments.broker)} broker, hub and two stores in {folder} …", flush=True
        )
        shop = goods.of_sales(sales) if sales else None
        chain = opened.enter_context(_chain(arguments, folder, shop, arguments.port))
        lifecycle.write_note(folder, socket=str(control.path), api=chain.stack.api)
        if sales:
            _replay(chain, sales)
        shop_floor.prepare(chain)
        live.run(chain, control)
    print("stopped; everything that was started has ended", flush=True)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="backstock-check-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL may run as another user and has to get through
        sales = goods.read_sales(arguments.sales, stores=2) if arguments.sales else []
        with _chain(arguments, folder, goods.of_sales(sales) if sales else None, 0) as chain:
            figures = story.play(chain, sales)
    holds = figures.show(time.monotonic() - started)
    return 0 if holds else 1


def _chain(arguments: argparse.Namespace, folder: Path, shop: list[SampleProduct] | None, port: int) -> Chain:
    lifecycle.see_room(folder)
    wares = shop if shop is not None else make_shop(arguments.seed, arguments.products)
    return Chain(folder, wares, broker=resolve(arguments.broker), seed=arguments.seed, port=port)


def _replay(chain: Chain, sales: list[goods.Sale]) -> None:
    known = {item.sku: item for item in chain.goods}
    for number, store in enumerate(chain.stores.values()):
        rows = [sale for sale in sales if sale.store == number]
        print(f"{store.name}: replaying {len(rows):,} sales …", flush=True)
        goods.post_sales(store, rows, known)


def _tell(line: str) -> int:
    """Pass a line to the running demo; what is no command is told without one."""
    try:
        if commands.parse(line)[0] is commands.COMMANDS["help"]:
            print(commands.described())
            return 0
        answer = tell(lifecycle.read_note(FOLDER)["socket"], line)
    except commands.Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    except (KeyError, OSError):
        print("no demo runs here; `make demo` starts one", file=sys.stderr)
        return 1
    print(answer.text, file=sys.stderr if answer.is_refused else sys.stdout)
    return 1 if answer.is_refused else 0


if __name__ == "__main__":
    sys.exit(main())
