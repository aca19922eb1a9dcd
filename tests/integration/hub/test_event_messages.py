"""F39: what stores' records are told as has exactly the fields that the published document promises."""

from typing import Any
from uuid import uuid4

import orjson

from cloud_hub.services.relaying import relay
from cloud_hub.web.event_messages import DATA
from sync_protocol import facts
from tests.integration.hub.conftest import HubCore


def steps(source: str, target: str) -> list[Any]:
    told = {"occurred_at": 0, "transfer_id": str(uuid4()), "from_site": source, "to_site": target}
    names = ("dispatched", "received", "refused", "closed_short", "taken_back")
    return [facts.fact(facts.Transfer(step=name, **told)) for name in names]


async def test_what_a_store_did_is_told_in_the_fields_that_are_published(hub: HubCore) -> None:
    box, other, product = await hub.make_box(), await hub.make_site(), await hub.make_product()
    alert = {"occurred_at": 0, "alert_id": str(uuid4()), "rule": "low_stock", "product_id": product}
    count = {"line_id": str(uuid4()), "stocktake_id": str(uuid4()), "product_id": product, "location": "shelf"}
    box.receive(product, 9_000)
    box.write(
        facts.fact(facts.CountLine(occurred_at=0, **count, counted=9_000, expected=10_000, after=1, until=1,
                                   status="posted")),
        *(facts.fact(facts.Alert(**alert, state=state, opened_at_position=1))
          for state in ("opened", "acknowledged", "resolved")),
        *steps(box.site_id, other),
    )  # fmt: skip
    await box.connect()
    while await relay(hub.database, hub.clock()):
        pass

    told = {kind: orjson.loads(data) for kind, data in await hub.rows("SELECT type, data::text FROM events")}
    expected = {name for name in DATA if name.startswith(("alert.", "transfer."))} | {"stock.changed", "count.posted"}
    assert set(told) == expected
    for kind, data in told.items():
        assert set(data) == set(DATA[kind].model_fields), kind
        DATA[kind].model_validate(data, strict=True)
    assert (told["count.posted"]["counted"], told["count.posted"]["variance"]) == ("9", "-1")
