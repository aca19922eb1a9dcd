"""The calls of the documents that this product merges, word for word, on today's operations.

An alias is an operation of today under another path, with other names for some fields; it
asks for the same permission and does the same. Its answers carry `Deprecation`, its errors
are `{error, detail, type}`, and what the state does not allow is 400.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel

from cloud_hub.web import products
from cloud_hub.web.adjusting import Decrement, Increment
from cloud_hub.web.dispatch import handler_of
from cloud_hub.web.fields import Input, NotNegative, PositiveQuantity, Quantity, QuantityText, View
from cloud_hub.web.operations import PREFIX, Answer, Call, Operation
from cloud_hub.web.product_views import ProductView

DEPRECATION = "@1795219200"
"""RFC 9745: since the first release."""
OLDER = ("/api", "")
"""Before the API had a version; `/api/products` and `/products` are the same."""
_STATE = 409
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class OlderProductView(ProductView):
    """With the level and the threshold by each of their older names."""

    stock_level: QuantityText | None
    stock_quantity: QuantityText | None
    low_stock_threshold: QuantityText | None


class _OlderFields(Input):
    stock_level: NotNegative | None = None
    stock_quantity: NotNegative | None = None

    low_stock_threshold: Quantity | None = None


class OlderProduct(_OlderFields, products.NewProduct):
    sku: str = ""
    """Left out: the name."""


class OlderPatch(_OlderFields, products.ProductPatch):
    pass


class OlderChange(Input):
    quantity: PositiveQuantity


def add_aliases(app: web.Application, operations: Iterable[Operation]) -> None:
    """Routes of all aliases; what they stand for is looked up by name."""
    named = {operation.name: operation for operation in operations}
    for prefix in OLDER:
        for operation in named.values():
            if operation.path.removeprefix(PREFIX).startswith(_SAME) and operation.name not in _CHANGED:
                _add(app, replace(operation, path=prefix + operation.path.removeprefix(PREFIX)))
        for name, change in _CHANGED.items():
            _add(app, replace(change(named[name]), path=prefix + named[name].path.removeprefix(PREFIX)))
    _add(app, replace(named["register"], path="/register"))
    _add(app, replace(named["get_movement_report"], path="/reports/stock-movements/admin"))
    _add(app, replace(named["list_low_stock"], path="/products/below_requirement"))
    for sign, body in (("increment", Increment), ("decrement", Decrement)):
        made = replace(
            named[f"{sign}_inventory"], method="PATCH", path=f"/products/{sign}/{{product_id}}", body=OlderChange,
            handler=_change(named[f"{sign}_inventory"], body),
        )  # fmt: skip
        _add(app, made)


_SAME = ("/products", "/inventory", "/auth/register", "/auth/login", "/restocks", "/sales/report")
"""What was called like this without a version."""


def _add(app: web.Application, operation: Operation) -> None:
    app.router.add_route(operation.method, operation.route, _older(handler_of(operation)))


def _older(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = await handler(request)
        if isinstance(response, web.Response) and response.status >= 400 and isinstance(response.body, bytes):
            problem = orjson.loads(response.body)
            status = 400 if response.status == _STATE else response.status
            kind = "".join(part.capitalize() for part in str(problem["code"]).split("_"))
            body = {"error": problem["title"], "detail": problem["detail"], "type": kind}
            headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
            response = web.Response(
                status=status, body=orjson.dumps(body), content_type="application/json", headers=headers
            )
        response.headers["Deprecation"] = DEPRECATION
        return response

    return handle


_KEPT = ("Retry-After", "WWW-Authenticate", "Cache-Control")


def _product(operation: Operation) -> Operation:
    return replace(operation, handler=_viewed(operation, None))


def _new(operation: Operation) -> Operation:
    return replace(operation, body=OlderProduct, handler=_viewed(operation, products.NewProduct))


def _patch(operation: Operation) -> Operation:
    return replace(operation, body=OlderPatch, handler=_viewed(operation, products.ProductPatch))


_CHANGED: dict[str, Callable[[Operation], Operation]] = {
    "list_products": _product, "get_product": _product, "archive_product": _product, "create_product": _new,
    "put_product": _patch, "patch_product": _patch,
}  # fmt: skip


def _viewed(operation: Operation, body: type[BaseModel] | None) -> Callable[[Call[Any, Any]], Awaitable[Answer]]:
    async def handle(call: Call[Any, Any]) -> Answer:
        if body is not None:
            call = replace(call, body=body.model_validate(_named(call.body)))
        answer: Answer = await operation.handler(call)
        return replace(answer, view=_view(answer.view))

    return handle


def _change(operation: Operation, body: type[Increment | Decrement]) -> Callable[[Call[Any, Any]], Awaitable[Answer]]:
    async def handle(call: Call[Any, Any]) -> Answer:
        changed = body(product_id=call.path["product_id"], quantity=call.body.quantity)
        answer: Answer = await operation.handler(replace(call, body=changed))
        return answer

    return handle


def _named(given: BaseModel) -> dict[str, Any]:
    """The fields by today's names; a product without a SKU is known by its name."""
    fields = given.model_dump(exclude_unset=True)
    for name in ("stock_level", "stock_quantity"):
        if (level := fields.pop(name, None)) is not None:
            fields["current_stock"] = level
    if (threshold := fields.pop("low_stock_threshold", None)) is not None:
        fields["reorder_point"] = threshold
    if isinstance(given, OlderProduct) and not fields.get("sku"):
        fields["sku"] = given.name
    return fields


def _view(view: BaseModel | None) -> Any:
    if isinstance(view, ProductView):
        shown = dict(view)
        older: dict[str, Any] = {
            "stock_level": view.current_stock, "stock_quantity": view.current_stock,
            "low_stock_threshold": view.reorder_threshold,
        }  # fmt: skip
        return OlderProductView.trusted(**shown, **older)
    if view is not None and hasattr(view, "items") and hasattr(view, "next_cursor"):
        return _OlderProducts.trusted(items=[_view(each) for each in view.items], next_cursor=view.next_cursor)
    return view


class _OlderProducts(View):
    items: list[OlderProductView]
    next_cursor: str | None
