"""Request bodies and queries, read once at the border: all field errors at once, no floats.

The models say what is accepted, and each type accepts what its JSON schema promises, no more and no less; an
unknown member is an error. NaN, lone surrogates and control characters never get past this file.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import orjson
from aiohttp import web
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from edge_agent.errors import EdgeError, Invalid
from sync_protocol.errors import Malformed
from sync_protocol.limits import KEY_CHARS_MAX, QUANTITY_MAX, TEXT_CHARS_MAX
from sync_protocol.quantity import format_quantity, parse_quantity

BODY_BYTES_MAX = 1 << 20
PAGE_MAX = 500
AMOUNT_MAX = 999_999_999
"""Of any quantity that the API takes, in thousandths: 999,999.999. No barcode typed for a quantity passes; what head
office sends, and sums of what was taken, may be more."""


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
    if isinstance(value, float):
        value = _written(value)
    if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        raise PydanticCustomError("quantity", "expected a decimal string or a number")
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise PydanticCustomError("quantity", "expected a decimal of at most 6 digits and 3 decimals, such as 1.5")
    try:
        found = parse_quantity(value)
    except Malformed as error:
        raise PydanticCustomError("quantity", "{detail}", {"detail": error.detail}) from error
    if abs(found) > AMOUNT_MAX:
        raise PydanticCustomError("quantity", f"expected at most {format_quantity(AMOUNT_MAX)}")
    return found


def _written(value: float) -> Decimal:
    """A JSON number as it was written; 0.1 + 0.2 is 0.3 as its program meant it, what is too small to be stays."""
    exact = Decimal(repr(value))
    if not exact.is_finite():
        raise PydanticCustomError("quantity", "expected a finite number")
    near = round(exact, 9).normalize() if abs(exact) < QUANTITY_MAX else exact
    return near if abs(near - exact) <= abs(exact) * Decimal("1e-9") else exact


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 5.0 is the integer 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(text: Any) -> Any:
    """Of a query, where all is text."""
    if isinstance(text, str):
        if not re.fullmatch(r"-?[0-9]{1,19}", text):
            raise PydanticCustomError("number", "expected a whole number")
        return int(text)
    return text


def _limit(text: Any) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", str(text)) or not 1 <= int(text) <= PAGE_MAX:
        raise PydanticCustomError("limit", f"expected a whole number from 1 to {PAGE_MAX}")
    return int(text)


def _flag(text: Any) -> Any:
    if isinstance(text, str):
        if text not in ("true", "false"):
            raise PydanticCustomError("flag", "expected true or false")
        return text == "true"
    return text


def _decimal_schema(least: float, *, is_open: bool = False) -> WithJsonSchema:
    sign, some = ("-?" if least < 0 else ""), ("(?=.*[1-9])" if is_open else "")
    text = {"type": "string", "pattern": f"^{some}{sign}[0-9]{{1,6}}([.][0-9]{{1,3}})?$"}
    number = {"type": "number", "minimum": 0.001 if is_open else least, "maximum": _MOST, "multipleOf": 0.001}
    return WithJsonSchema({"anyOf": [text, number]})


def _a_day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("day", "expected a day that there is, as YYYY-MM-DD") from None
    return value


def _nothing_sent(value: Any) -> Any:
    return None if value == "" else value


_MOST = AMOUNT_MAX / 1000
_DECIMAL = re.compile(r"-?[0-9]{1,6}([.][0-9]{1,3})?")
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: a label printer or a log may obey them."""

Quantity = Annotated[int, BeforeValidator(_quantity), _decimal_schema(-_MOST)]
Positive = Annotated[int, BeforeValidator(_quantity), Field(gt=0), _decimal_schema(0, is_open=True)]
NotNegative = Annotated[int, BeforeValidator(_quantity), Field(ge=0), _decimal_schema(0)]
Text = Annotated[str, StringConstraints(max_length=TEXT_CHARS_MAX, pattern=_PRINTABLE)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]
LotName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=_PRINTABLE)]
Day = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_a_day),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Key = Annotated[str, StringConstraints(min_length=1, max_length=KEY_CHARS_MAX, pattern=_PRINTABLE)]
Whole = BeforeValidator(_whole)


def either(other: str) -> AfterValidator:
    """Of a member that is there or not: exactly one of it and `other`, which stands above it, is sent."""

    def check(value: Any, info: ValidationInfo) -> Any:
        if other in info.data and (value is None) == (info.data[other] is None):
            raise ValueError(f"expected either {info.field_name} or {other}")
        return value

    return AfterValidator(check)


Position = Annotated[int, Field(ge=0, lt=2**62), Whole]
Number = BeforeValidator(_number)
"""A whole number in a query."""
Limit = Annotated[int, BeforeValidator(_limit), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": PAGE_MAX})]
Flag = Annotated[bool, BeforeValidator(_flag)]
Cursor = Annotated[int | None, Field(ge=0, lt=2**62), Number, BeforeValidator(_nothing_sent)]


class Body(BaseModel):
    """A JSON object that a caller sends, or one in it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Query(BaseModel):
    """Query parameters."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


M = TypeVar("M", bound=BaseModel)


async def read_body(request: web.Request, model: type[M]) -> M:
    """The body as a model. Raises MalformedBody, FieldProblem, EdgeError (`too_large`)."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # It could be a bomb; nobody on this network needs one.
        raise EdgeError("too_large", "expected a body without Content-Encoding")
    if request.content_type != "application/json" and request.can_read_body:
        raise EdgeError("media_type", f"expected Content-Type: application/json, got {request.content_type[:60]}")
    return parse(model, await request.read() or b"{}")


def read_query(request: web.Request, model: type[M]) -> M:
    """The query as a model; a parameter given twice or unknown is an error. Raises FieldProblem."""
    names = [name for name, _ in request.query.items()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FieldProblem(
            [{"pointer": f"/{name}", "code": "given_twice", "detail": "expected once"} for name in twice]
        )
    try:
        return model.model_validate_strings(dict(request.query))
    except ValidationError as error:
        raise _problem_of(error) from error


def parse(model: type[M], data: bytes) -> M:
    """JSON as a model. Raises MalformedBody, FieldProblem with every mistake."""
    try:
        orjson.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"expected a JSON object: {str(error)[:200]}") from error
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise _problem_of(error) from error


def key_of(request: web.Request) -> str | None:
    """The caller's idempotency key. Raises Invalid."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= KEY_CHARS_MAX and key.isascii() and key.isprintable()):
        raise Invalid("idempotency_key", f"expected 1 to {KEY_CHARS_MAX} printable ASCII characters",
                      pointer="/Idempotency-Key")  # fmt: skip
    return key


def _problem_of(error: ValidationError) -> FieldProblem | MalformedBody:
    found = [_describe(one) for one in error.errors(include_url=False, include_input=False)]
    return MalformedBody(found[0]["detail"]) if found[0]["code"] == "json_invalid" else FieldProblem(found[:50])


def _describe(error: Any) -> dict[str, str]:
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')[:80]}" for part in error["loc"])
    return {"pointer": pointer, "code": error["type"], "detail": error["msg"]}
