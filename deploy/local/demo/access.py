"""Where a person gets in: addresses, who works there, and what there is to scan.

Printed when the demo is up, and again by `do where`.
"""

from deploy.local.demo import shop_floor
from deploy.local.demo.chain import LABELS, Chain
from deploy.local.stack import ADMIN


def access(chain: Chain) -> dict[str, str]:
    """Every way in by its name; a value may have several lines."""
    stack = chain.stack
    screens = {f"store {name}": f"http://127.0.0.1:{store.api_port}" for name, store in chain.stores.items()}
    return {
        **screens,
        "who works there": shop_floor.described(),
        "scan or type": "\n".join(f"{each.code} {each.name}: {each.about}" for each in shop_floor.codes(chain.goods)),
        "head office": f"{stack.api}/docs   {ADMIN} / {stack.admin_password}",
        "a store's API": "/docs at its address",
        "files": f"{stack.folder}: {'|'.join(chain.stores)}/api.key, …/{LABELS}, {stack.mailbox.name}",
        "other shells": 'make demo ARGS="do help"; "do stop" ends it (so does q)',
    }


def listed(chain: Chain) -> str:
    """The same for a page of text."""
    return "\n".join(f"{name:<15}  {value}".replace("\n", f"\n{'':<17}") for name, value in access(chain).items())
