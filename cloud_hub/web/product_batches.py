"""Up to 500 products in one request, made or changed by SKU, with a result per row."""

from typing import Annotated, Literal

from pydantic import Field

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import Conflict, Invalid, NotFound
from cloud_hub.services.upserting import Upsert, Upserted
from cloud_hub.web.fields import Input, Name, View
from cloud_hub.web.operations import Call, Table
from cloud_hub.web.products import BarcodeBody, ChangedFields, inside
from sync_protocol.quantity import parse_quantity

table = Table("products")


class BatchProduct(ChangedFields):
    sku: Name
    """By which a product is found; one that no product has makes a new one."""
    barcodes: Annotated[list[BarcodeBody], Field(max_length=100)] = Field(default_factory=list)
    """Codes that it gains; none is taken away."""


class ProductBatch(Input):
    products: Annotated[list[BatchProduct], Field(min_length=1, max_length=500)]
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
           errors=(NotFound, Conflict, Invalid), body_bytes_max=1_048_576)  # fmt: skip
async def upsert_products(call: Call[None, ProductBatch]) -> BatchView:
    """Make or change up to 500 products by SKU; the same again changes nothing"""
    rows = [_row(each) for each in call.body.products]
    made = await call.hub.upserting.upsert(rows, call.now_ms, all_or_none=call.body.error_policy == "reject_all")
    results = [_view(index, row.sku, each) for index, (row, each) in enumerate(zip(rows, made, strict=True))]
    return BatchView(accepted=sum(each.outcome != "refused" for each in made), results=results)


def _row(given: BatchProduct) -> Upsert:
    fields = inside(given.model_dump())
    codes = [(each["code"], parse_quantity(each["pack_quantity"])) for each in fields.pop("barcodes")]
    return Upsert(fields.pop("sku"), fields, codes)


def _view(index: int, sku: str, made: Upserted) -> RowView:
    return RowView.model_validate(
        {
            "index": index, "sku": sku, "outcome": made.outcome, "product_id": made.product_id,
            "code": made.error and made.error.code, "detail": made.error and made.error.detail,
        }
    )  # fmt: skip
