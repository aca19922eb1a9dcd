"""What one can tell a running demo, by key or from another shell: one table, one function each."""

from collections.abc import Callable
from typing import NamedTuple

from deploy.local.broker import BrokerUnavailable
from deploy.local.demo.chain import Chain
from deploy.local.demo.status import look, render_plain
from deploy.local.postgres import PostgresUnavailable
from deploy.local.programs import StackError


class Command(NamedTuple):
    """`run` gets the chain and exactly as many words as `arguments` has, square brackets meaning optional."""

    arguments: str
    about: str
    run: Callable[..., str]


class Stop(Exception):
    """The demo was told to end."""


def run(chain: Chain, line: str) -> str:
    """Do what a line says; the answer for a person. Raises Stop."""
    word, *arguments = line.split() or ["help"]
    command = COMMANDS.get(word)
    if command is None:
        return f"no such command: {word}; try help"
    wanted = command.arguments.split()
    if not sum(not each.startswith("[") for each in wanted) <= len(arguments) <= len(wanted):
        return f"usage: {word} {command.arguments}"
    try:
        return command.run(chain, *arguments)
    except (StackError, BrokerUnavailable, PostgresUnavailable, OSError, TimeoutError) as error:
        return f"{word} failed: {error}"


def _help(_chain: Chain) -> str:
    return "\n".join(f"{f'{word} {each.arguments}':<33} {each.about}" for word, each in COMMANDS.items())


def _status(chain: Chain) -> str:
    return render_plain(look(chain))


def _cut(chain: Chain, store: str) -> str:
    chain.cut(store)
    return f"{store} is cut off; it trades on"


def _mend(chain: Chain, store: str) -> str:
    chain.mend(store)
    return f"{store} is connected again"


def _kill(chain: Chain, name: str) -> str:
    chain.kill(name)
    return f"{name} was killed with SIGKILL"


def _start(chain: Chain, name: str) -> str:
    chain.start(name)
    return f"{name} is up"


def _restart(chain: Chain, name: str) -> str:
    chain.restart(name)
    return f"{name} was restarted"


def _scan(chain: Chain, store: str, code: str = "", mode: str = "sell") -> str:
    trade = chain.trades[chain.store(store).name]
    if not code:
        return f"{store}: beep {trade.sell_something().name} (sell)"
    (trade.dock if mode == "receive" else trade.till).scan(code)
    return f"{store}: beep {code} ({mode})"


def _price(chain: Chain, sku: str, amount: str) -> str:
    for item in chain.goods:
        if item.sku == sku:
            chain.stack.expect("PATCH", f"/api/v1/products/{item.product_id}", {"price": amount})
            return f"{item.name} costs {amount} from now on"
    return f"no such product: {sku}"


def _trade(chain: Chain, switch: str) -> str:
    chain.is_trading = switch == "on"
    return "customers come" if chain.is_trading else "no customers"


def _stop(_chain: Chain) -> str:
    raise Stop


COMMANDS = {
    "help": Command("", "this list", _help),
    "status": Command("", "stores and hub, as they stand", _status),
    "cut": Command("STORE", "take a store's WAN away", _cut),
    "mend": Command("STORE", "give it back", _mend),
    "kill": Command("NAME", "SIGKILL a store's agent, hub, broker or postgres", _kill),
    "start": Command("NAME", "bring it back", _start),
    "restart": Command("NAME", "stop in order, start again", _restart),
    "scan": Command("STORE [CODE] [sell|receive]", "beep a code, or let a customer choose", _scan),
    "price": Command("SKU AMOUNT", "change a price at head office", _price),
    "trade": Command("on|off", "let customers come, or not", _trade),
    "stop": Command("", "end the demo", _stop),
}
