"""Many products in one request, made or changed by SKU: with a result per row, or by a job when there are more."""

from typing import Annotated, Literal

from pydantic import Field

from cloud_hub.domain.jobs import ROWS_AT_ONCE, ROWS_MAX
from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound, TooMany
from cloud_hub.services.large_batches import PRODUCTS
from cloud_hub.services.upserting import Upsert, Upserted
from cloud_hub.web.fields import Input, Name, View
from cloud_hub.web.jobs import BATCH_BYTES_MAX, JobView, accepted
from cloud_hub.web.operations import Answer, Call, Table, replay_headers
from cloud_hub.web.products import BarcodeBody, ChangedFields, inside
from sync_protocol.quantity import parse_quantity

table = Table("products")


class BatchProduct(ChangedFields):
    sku: Name
    """By which a product is found; one that no product has makes a new one."""
    barcodes: Annotated[list[BarcodeBody], Field(max_length=100)] = Field(default_factory=list)
    """Codes that it gains; none is taken away."""


class ProductBatch(Input):
    products: Annotated[list[BatchProduct], Field(min_length=1, max_length=ROWS_MAX)]
    error_policy: Literal["reject_all", "reject_failed"] = "reject_all"
    """reject_failed: what is right is written, and the result says what was not and why."""


class RowView(View):
    index: int
    sku: str
    outcome: Literal["created", "changed", "unchanged", "refused"]
    product_id: str | None
    code: str | None
    detail: str | None


class BatchView(View):
    accepted: int
    results: list[RowView]


@table.add("POST", "/products/batch", permission=Permission.PRODUCTS_WRITE, body=ProductBatch, answer=BatchView,
           others={202: JobView}, errors=(NotFound, Conflict, Invalid, TooMany), idempotent=True,
           body_bytes_max=BATCH_BYTES_MAX)  # fmt: skip
async def upsert_products(call: Call[None, ProductBatch]) -> Answer:
    """Make or change products by SKU: up to 500 at once, up to 10,000 by a job (202)"""
    rows = [_row(each) for each in call.body.products]
    all_or_none = call.body.error_policy == "reject_all"
    if len(rows) > ROWS_AT_ONCE:
        job, is_replayed = await call.hub.large_batches.ask(
            PRODUCTS, list(map(list, rows)), {}, call.key, call.principal, call.now_ms, all_or_none=all_or_none
        )
        return accepted(job, replayed=is_replayed)
    made, is_replayed = await call.hub.upserting.upsert(
        rows, call.key, call.principal, call.now_ms, all_or_none=all_or_none
    )
    results = [_view(index, row.sku, each) for index, (row, each) in enumerate(zip(rows, made, strict=True))]
    view = BatchView(accepted=sum(each.outcome != "refused" for each in made), results=results)
    return Answer(view=view, headers=replay_headers(is_replayed))


def _row(given: BatchProduct) -> Upsert:
    fields = inside(given.model_dump())
    codes = [(each["code"], parse_quantity(each["pack_quantity"])) for each in fields.pop("barcodes")]
    return Upsert(fields.pop("sku"), fields, codes)


def _view(index: int, sku: str, made: Upserted) -> RowView:
    told = {"outcome": made.outcome, "product_id": made.product_id, "code": made.code, "detail": made.detail}
    return RowView.model_validate({"index": index, "sku": sku, **told})
