"""Request bodies and queries, read once at the border: all field errors at once, no floats.

The models say what is accepted; an unknown member is an error. Decimal numbers in JSON are
read as Decimal; NaN, lone surrogates and control characters never get past this file.
"""

import json
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import orjson
from aiohttp import web
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from edge_agent.errors import EdgeError, Invalid
from sync_protocol.errors import Malformed
from sync_protocol.limits import KEY_CHARS_MAX, TEXT_CHARS_MAX
from sync_protocol.quantity import parse_quantity

BODY_BYTES_MAX = 1 << 20
PAGE_MAX = 500


class FieldProblem(EdgeError):
    """One or more members of a request are wrong; answered with 422 and all of them."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("validation", f"{len(errors)} member(s) of the request are wrong")
        self.errors = errors


class MalformedBody(EdgeError):
    """Not JSON at all; answered with 400."""

    def __init__(self, detail: str) -> None:
        super().__init__("malformed_json", detail)


def _quantity(value: Any) -> int:
    if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        raise PydanticCustomError("quantity", "expected a decimal string or a number")
    if isinstance(value, str) and len(value) > 40:
        raise PydanticCustomError("quantity", "expected a decimal of at most 40 characters")
    try:
        return parse_quantity(value)
    except Malformed as error:
        raise PydanticCustomError("quantity", "{detail}", {"detail": error.detail}) from error


def _printable(value: str) -> str:
    if not value.isprintable():
        raise PydanticCustomError("text", "expected printable characters only")
    return value


def _nothing_sent(value: Any) -> Any:
    return None if value == "" else value


Quantity = Annotated[int, BeforeValidator(_quantity)]
Positive = Annotated[int, BeforeValidator(_quantity), Field(gt=0)]
NotNegative = Annotated[int, BeforeValidator(_quantity), Field(ge=0)]
Text = Annotated[str, Field(max_length=TEXT_CHARS_MAX), AfterValidator(_printable)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
Key = Annotated[str, Field(min_length=1, max_length=KEY_CHARS_MAX), AfterValidator(_printable)]
Position = Annotated[int, Field(ge=0, lt=2**62)]
Limit = Annotated[int, Field(ge=1, le=PAGE_MAX)]
Cursor = Annotated[int, BeforeValidator(_nothing_sent), Field(ge=0, lt=2**62)]


class Body(BaseModel):
    """A JSON object that a caller sends."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Query(BaseModel):
    """Query parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=BaseModel)


async def read_body(request: web.Request, model: type[M]) -> M:
    """The body as a model. Raises MalformedBody, FieldProblem, EdgeError (`too_large`)."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # It could be a bomb; nobody on this network needs one.
        raise EdgeError("too_large", "expected a body without Content-Encoding")
    data = await request.read()
    return validate(model, load(data) if data.strip() else {})


def read_query(request: web.Request, model: type[M]) -> M:
    """The query as a model; a parameter given twice or unknown is an error. Raises FieldProblem."""
    names = [name for name, _ in request.query.items()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FieldProblem(
            [{"pointer": f"/{name}", "code": "given_twice", "detail": "expected once"} for name in twice]
        )
    return validate(model, dict(request.query))


_decode = json.JSONDecoder(parse_float=Decimal).decode
"""Made once: `json.loads` with an option makes a decoder for each call."""


def load(data: bytes) -> Any:
    """Strict JSON (orjson judges), numbers with decimals as Decimal."""
    try:
        orjson.loads(data)
        return _decode(data.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"expected a JSON object: {str(error)[:200]}") from error


def validate(model: type[M], value: Any) -> M:
    """A value as a model. Raises FieldProblem with every mistake."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise FieldProblem([_describe(one) for one in error.errors(include_url=False, include_input=False)]) from error


def key_of(request: web.Request) -> str | None:
    """The caller's idempotency key. Raises Invalid."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= KEY_CHARS_MAX and key.isascii() and key.isprintable()):
        raise Invalid("idempotency_key", f"expected 1 to {KEY_CHARS_MAX} printable ASCII characters",
                      pointer="/Idempotency-Key")  # fmt: skip
    return key


def _describe(error: Any) -> dict[str, str]:
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')[:80]}" for part in error["loc"])
    return {"pointer": pointer, "code": error["type"], "detail": error["msg"]}
