"""Goods on their way: an order that a store receives, a transfer from the warehouse, a mail about what is low.

A chapter of the unattended story. What it brings into a store is told to the judge's account.
"""

import mailbox
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from deploy.local.calls import wait_until
from deploy.local.demo.chain import Chain
from deploy.local.demo.figures import Figures
from deploy.local.demo.goods import Goods
from deploy.local.stack import Stack, Store

ORDERED, SENT, KEPT = 24, 6, 4
READER = "admin@backstock.example"
MAIL_TIMEOUT_S = 150
"""Alerts are gathered for a minute, so that one mail tells of many: the story begins with it."""


class Warehouse(NamedTuple):
    """A site that the hub runs, and the product of which it has too little."""

    site_id: str
    product_id: str


def open_warehouse(chain: Chain) -> Warehouse:
    """Ten units of something that should never be below fifty: head office's own alert, and somebody to mail."""
    stack, item = chain.stack, chain.goods[-1]
    stack.expect("PATCH", "/api/v1/me", {"email": READER, "password": stack.admin_password})
    site = stack.expect("POST", "/api/v1/sites", {"code": "warehouse", "name": "Warehouse", "kind": "hub"})
    stack.expect("PATCH", f"/api/v1/products/{item.product_id}/sites/{site['id']}", {"reorder_point": "50"})
    body = {"site_id": site["id"], "product_id": item.product_id, "quantity": str(SENT + KEPT)}
    stack.expect("POST", "/api/v1/inventory/increment", body, headers={"Idempotency-Key": "story-warehouse"})
    return Warehouse(site["id"], item.product_id)


def order(chain: Chain, store: Store, account: Counter[str], figures: Figures) -> str:
    """Head office orders, the store sees it and receives it with a scanner's worth of words; the order's number."""
    stack, item = chain.stack, chain.goods[0]
    vendor = stack.expect("POST", "/api/v1/vendors", {"name": "Story & Sons"})["id"]
    made = send_order(stack, vendor, store, [(item, ORDERED)], key="story-order")
    path = f"/api/v1/purchase-orders/{made['id']}"
    came = {"order": made["number"], "lines": [{"product_id": item.product_id, "quantity": str(ORDERED)}]}
    answer = store.post("/api/v1/receipts", came, headers={"Idempotency-Key": "story-receipt"})
    account[item.product_id] += 1000 * ORDERED
    state = wait_until(lambda: _state(chain, path) == "received" and "received", "the order is fulfilled", 60)
    figures.check("an order, received at the store", answer.status < 300 and state == "received", made["number"])
    return str(made["number"])


def send_order(
    stack: Stack, vendor: str, store: Store, lines: Iterable[tuple[Goods, int]], *, key: str
) -> dict[str, Any]:
    """An order at the vendor that the store expects."""
    wanted = [{"product_id": item.product_id, "quantity": str(many), "unit_price": "0.50"} for item, many in lines]
    body = {"vendor_id": vendor, "site_id": store.site_id, "lines": wanted}
    made = stack.expect("POST", "/api/v1/purchase-orders", body, headers={"Idempotency-Key": key})
    path = f"/api/v1/purchase-orders/{made['id']}"
    for state, step in (("draft", "approve"), ("approved", "send")):
        if stack.expect("GET", path)["state"] == state:
            stack.expect("POST", f"{path}/{step}")
    wait_until(partial(_expects, store, made["number"]), f"{store.name} expects the order", 60)
    return dict(made)


def transfer(chain: Chain, warehouse: Warehouse, store: Store, account: Counter[str], figures: Figures) -> None:
    """Units leave the warehouse and arrive at the store; in between they are nobody's but the transfer's."""
    stack = chain.stack
    line = {"product_id": warehouse.product_id, "quantity": str(SENT)}
    body = {"from_site": warehouse.site_id, "to_site": store.site_id, "lines": [line]}
    made = stack.expect("POST", "/api/v1/transfers", body, headers={"Idempotency-Key": "story-transfer"})
    path = f"/api/v1/transfers/{made['id']}"
    shipped = stack.expect("POST", f"{path}/ship", {}, headers={"Idempotency-Key": "story-ship"})
    wait_until(lambda: store.get(f"/api/v1/transfers/{made['id']}").status == 200, f"{store.name} knows of it", 60)
    store.post(f"/api/v1/transfers/{made['id']}/receive", {}, headers={"Idempotency-Key": "story-came"})
    account[warehouse.product_id] += 1000 * SENT
    wait_until(lambda: not stack.expect("GET", path)["is_open"], "the transfer is settled", 60)
    in_transit = shipped["lines"][0]["in_transit"]
    figures.check("a transfer from the warehouse, nothing left on the way", in_transit == str(SENT), in_transit)


def read_mail(chain: Chain, figures: Figures) -> None:
    """The one mail that told of the warehouse, in a mailbox file."""
    mails = wait_until(partial(_mails, chain), "a mail about what is low", MAIL_TIMEOUT_S, every_s=0.5)
    figures.check("a mail about what is low", any("Warehouse" in text for text in mails), len(mails))


def _expects(store: Store, number: str) -> bool:
    return any(each["number"] == number for each in store.get("/api/v1/purchase-orders").body["items"])


def _state(chain: Chain, path: str) -> Any:
    return chain.stack.expect("GET", path)["state"]


def _mails(chain: Chain) -> list[str]:
    box = mailbox.mbox(chain.stack.mailbox)
    try:
        return [f"{each['Subject']}\n{each.get_payload()}" for each in box]
    finally:
        box.close()
