"""What one can tell a running demo, by key or from another shell: one table, one function each.

A line is either obeyed or Refused with why and what to do; the caller's exit code says which.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from urllib.parse import quote

from deploy.local.broker import BrokerUnavailable
from deploy.local.demo.access import listed
from deploy.local.demo.chain import SERVERS, Chain
from deploy.local.demo.status import look, render_plain
from deploy.local.postgres import PostgresUnavailable
from deploy.local.programs import StackError
from deploy.local.stack import Store
from scanner_drivers import RawScan, StoreProfile, decode
from sync_protocol.gtin import GtinError, parse_gtin

MODES = ("sell", "receive")


class Command(NamedTuple):
    """`run` gets the chain and exactly as many words as `arguments` has, square brackets meaning optional."""

    arguments: str
    about: str
    run: Callable[..., str]


class Stop(Exception):
    """The demo was told to end."""


class Refused(Exception):
    """Nothing was done; the message says why and what to do."""


def parse(line: str) -> tuple[Command, list[str]]:
    """The command that a line names, with its words. Raises Refused."""
    word, *arguments = line.split() or ["help"]
    command = COMMANDS.get(word)
    if command is None:
        raise Refused(f"no such command: {word}\n{described()}")
    wanted = command.arguments.split()
    if not sum(not each.startswith("[") for each in wanted) <= len(arguments) <= len(wanted):
        raise Refused(f"expected {word} {command.arguments}".rstrip() + f", got {line.strip()!r}")
    return command, arguments


def run(chain: Chain, line: str) -> str:
    """Do what a line says; the answer for a person. Raises Refused or Stop."""
    command, arguments = parse(line)
    try:
        return command.run(chain, *arguments)
    except (StackError, BrokerUnavailable, PostgresUnavailable, OSError, TimeoutError) as error:
        raise Refused(f"{line.split()[0]} failed: {error}") from error


def described() -> str:
    """The list of commands."""
    return "\n".join(f"{f'{word} {each.arguments}':<33} {each.about}" for word, each in COMMANDS.items())


def _help(_chain: Chain) -> str:
    return described()


def _where(chain: Chain) -> str:
    return listed(chain)


def _status(chain: Chain) -> str:
    return render_plain(look(chain))


def _cut(chain: Chain, store: str) -> str:
    chain.cut(store)
    return f"{store} is cut off; it trades on"


def _mend(chain: Chain, store: str) -> str:
    chain.mend(store)
    return f"{store} has its WAN"


def _kill(chain: Chain, name: str) -> str:
    if not _is_up(chain, name):
        raise Refused(f"{name} is down already; `do start {name}` brings it back")
    chain.kill(name)
    return f"{name} was killed with SIGKILL"


def _start(chain: Chain, name: str) -> str:
    if _is_up(chain, name):
        raise Refused(f"{name} is up; `do restart {name}` stops it in order and starts it again")
    chain.start(name)
    return f"{name} is up"


def _restart(chain: Chain, name: str) -> str:
    _is_up(chain, name)
    chain.restart(name)
    return f"{name} was restarted"


def _is_up(chain: Chain, name: str) -> bool:
    try:
        return chain.is_up(name)
    except StackError:
        raise Refused(f"NAME: expected one of {', '.join([*chain.stores, *SERVERS])}, got {name!r}") from None


def _scan(chain: Chain, store: str, code: str = "", mode: str = "sell") -> str:
    box = chain.store(store)
    name, trade = box.name, chain.trades[box.name]
    if not chain.is_up(name):
        raise Refused(f"{name}'s agent is down: nobody hears the beep; `do start {name}` brings it back")
    if mode not in MODES or code in MODES:
        raise Refused(f"expected scan STORE [CODE] [{'|'.join(MODES)}], got scan {store} {code} {mode}")
    if not code:
        return f"{name}: beep {trade.sell_something().name} (sell)"
    product = _product(box, code)
    (trade.dock if mode == "receive" else trade.till).scan(code)
    return f"{name}: beep {product} ({mode})"


def _product(store: Store, code: str) -> str:
    """What a code stands for in this store. Raises Refused for one that no scanner could have read."""
    raw = RawScan(raw=code.encode(), device="demo", session=0, sequence=0, received_ns=0)
    found = decode(raw, StoreProfile())
    if found.gtin is None and found.sku is None:
        raise Refused(f"{code[:80]}: no scanner sends that: {_wrong_with(code, found.flags)}")
    known = store.get(f"/api/v1/barcode/lookup/{quote(code, safe='')}")
    if known.status == 200:
        return str(known.body["product"]["name"])
    return f"{code}, which no product here has: the store shows it as unknown"


def _wrong_with(code: str, flags: frozenset[str]) -> str:
    try:
        parse_gtin(code)
    except GtinError as error:
        if error.code != "gtin_characters":
            return str(error)
    return ", ".join(sorted(flags)).replace("_", " ")


def _price(chain: Chain, sku: str, amount: str) -> str:
    try:
        is_price = Decimal(amount) >= 0
    except InvalidOperation:
        is_price = False
    if not is_price:
        raise Refused(f"AMOUNT: expected a price like 2.49, got {amount!r}")
    for item in chain.goods:
        if item.sku == sku:
            chain.stack.expect("PATCH", f"/api/v1/products/{item.product_id}", {"price": amount})
            return f"{item.name} costs {amount} from now on"
    raise Refused(f"SKU: expected a product's number like {chain.goods[0].sku} ({chain.goods[0].name}), got {sku!r}")


def _sample(chain: Chain) -> str:
    return chain.stack.cloud_hub("sample").strip()


def _trade(chain: Chain, switch: str) -> str:
    if switch not in ("on", "off"):
        raise Refused(f"expected trade on or trade off, got {switch!r}")
    chain.is_trading = switch == "on"
    return "customers come" if chain.is_trading else "no customers"


def _stop(_chain: Chain) -> str:
    raise Stop


COMMANDS = {
    "help": Command("", "this list", _help),
    "where": Command("", "addresses, who works there, codes to scan", _where),
    "status": Command("", "stores and hub, as they stand", _status),
    "cut": Command("STORE", "take a store's WAN away", _cut),
    "mend": Command("STORE", "give it back", _mend),
    "kill": Command("NAME", "SIGKILL a store's agent, hub, broker or postgres", _kill),
    "start": Command("NAME", "bring it back", _start),
    "restart": Command("NAME", "stop in order, start again", _restart),
    "scan": Command("STORE [CODE] [sell|receive]", "beep a code, or let a customer choose", _scan),
    "price": Command("SKU AMOUNT", "change a price at head office", _price),
    "sample": Command("", "two months of trade at a site SAMPLE, for reports", _sample),
    "trade": Command("on|off", "let customers come, or not", _trade),
    "stop": Command("", "end the demo (q in its own window does too)", _stop),
}
