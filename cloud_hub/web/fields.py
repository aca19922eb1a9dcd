"""The scalar types of the REST border: what a text, an id, a quantity or an amount may be.

Each type validates exactly what its JSON schema promises, so that the published document,
the tests generated from it and the server cannot disagree. Quantities and money arrive as
decimal text or JSON numbers and leave as text; no float survives this module.
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from sync_protocol.limits import KEY_CHARS_MAX, TEXT_CHARS_MAX

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: PostgreSQL refuses NUL, and a label printer or a log may obey the others."""

_UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_QUANTITY_TEXT = r"^-?[0-9]{1,12}(\.[0-9]{1,3})?$"
_AMOUNT_TEXT = r"^[0-9]{1,12}(\.[0-9]{1,2})?$"
_UNIT_AMOUNT_TEXT = r"^[0-9]{1,12}(\.[0-9]{1,4})?$"
_POSITIVE_TEXT = r"^(?=.*[1-9])[0-9]{1,12}(\.[0-9]{1,3})?$"
_DAY_TEXT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_LIMIT = 10**12
DECIMAL = "Decimal text (preferred) or number"


class Input(BaseModel):
    """A request body or query: strict types, and nothing that we do not know."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class View(BaseModel):
    """What we answer; fields only grow."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    @classmethod
    def trusted(cls, **fields: Any) -> Self:
        """Of values that we know to be right, every field given.

        For hot paths: `model_construct` does the same at ten times the cost, as it looks for defaults and aliases.
        """
        view = cls.__new__(cls)
        object.__setattr__(view, "__dict__", fields)
        object.__setattr__(view, "__pydantic_fields_set__", set(fields))
        object.__setattr__(view, "__pydantic_extra__", None)
        object.__setattr__(view, "__pydantic_private__", None)
        return view


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _decimal(digits: int, pattern: str, least: str = "") -> BeforeValidator:
    """Text of the pattern or a JSON number, as an exact Decimal; a number is what it was written as."""
    matches = re.compile(pattern).fullmatch

    def parse(value: object) -> object:
        if isinstance(value, str) and matches(value):
            return Decimal(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10 * _LIMIT:
            return _written(Decimal(repr(value)))
        if isinstance(value, Decimal):
            return value
        raise ValueError(f"expected a decimal number{least} with at most {digits} decimals, as text or number")

    return BeforeValidator(parse)


def _written(exact: Decimal) -> Decimal:
    """0.1 + 0.2 is 0.3 as its program meant it; what is too small to be written so is left, and refused, as it is."""
    near = round(exact, 9).normalize()
    return near if abs(near - exact) <= abs(exact) * Decimal("1e-9") else exact


def _number_schema(digits: int, pattern: str, least: int) -> WithJsonSchema:
    number = {"type": "number", "minimum": least, "maximum": _LIMIT - 1, "multipleOf": 10**-digits}
    text = {"type": "string", "pattern": pattern}
    return WithJsonSchema({"anyOf": [text, number], "description": f"{DECIMAL}."})


Text = Annotated[str, StringConstraints(max_length=TEXT_CHARS_MAX, pattern=PRINTABLE), AfterValidator(_nfc)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE), AfterValidator(_nfc)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=90, pattern=r"^[\x21-\x7e]+$")]
"""A barcode's digits or an internal code: visible ASCII."""
Key = Annotated[str, StringConstraints(min_length=1, max_length=KEY_CHARS_MAX, pattern=r"^[\x21-\x7e]+$")]
"""An idempotency key."""
Uuid = Annotated[
    str,
    StringConstraints(pattern=_UUID, to_lower=True),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,189}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Quantity = Annotated[
    Decimal,
    _decimal(3, _QUANTITY_TEXT),
    Field(gt=-_LIMIT, lt=_LIMIT, decimal_places=3, allow_inf_nan=False),
    _number_schema(3, _QUANTITY_TEXT, 1 - _LIMIT),
]
PositiveQuantity = Annotated[
    Decimal,
    _decimal(3, _POSITIVE_TEXT, " above zero"),
    Field(gt=0, lt=_LIMIT, decimal_places=3, allow_inf_nan=False),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _POSITIVE_TEXT},
                {"type": "number", "minimum": 0.001, "maximum": _LIMIT - 1, "multipleOf": 0.001},
            ],
            "description": f"{DECIMAL}, above zero.",
        }
    ),
]
NotNegative = Annotated[
    Decimal,
    _decimal(3, r"^[0-9]{1,12}(\.[0-9]{1,3})?$", " of at least 0"),
    Field(ge=0, lt=_LIMIT, decimal_places=3, allow_inf_nan=False),
    _number_schema(3, r"^[0-9]{1,12}(\.[0-9]{1,3})?$", 0),
]
"""A quantity that was counted: nothing, or some."""
Amount = Annotated[
    Decimal,
    _decimal(2, _AMOUNT_TEXT, " of at least 0"),
    Field(ge=0, lt=_LIMIT, decimal_places=2, allow_inf_nan=False),
    _number_schema(2, _AMOUNT_TEXT, 0),
]
UnitAmount = Annotated[
    Decimal,
    _decimal(4, _UNIT_AMOUNT_TEXT, " of at least 0"),
    Field(ge=0, lt=_LIMIT, decimal_places=4, allow_inf_nan=False),
    _number_schema(4, _UNIT_AMOUNT_TEXT, 0),
]
"""What one unit costs to buy: a screw costs parts of a cent."""
_TEXT_SCHEMA = {"type": "string", "maxLength": TEXT_CHARS_MAX, "pattern": PRINTABLE}
_METADATA_SCHEMA = {
    "type": "object",
    "maxProperties": 50,
    "propertyNames": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": PRINTABLE},
    "additionalProperties": {
        "anyOf": [
            _TEXT_SCHEMA,
            {"type": "boolean"},
            {"type": "integer", "minimum": -(2**53), "maximum": 2**53},
            {"type": "null"},
        ]
    },
}


def whole_number(value: object) -> object:
    """JSON has one kind of number: 5.0 is the integer 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


MetadataValue = Annotated[
    Annotated[str, StringConstraints(max_length=TEXT_CHARS_MAX, pattern=PRINTABLE)]
    | bool
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | None,
    BeforeValidator(whole_number),
]
Metadata = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=PRINTABLE)], MetadataValue],
    Field(max_length=50),
    WithJsonSchema(_METADATA_SCHEMA),
]
"""Free facts of a product: flat, and decimals written as text (records carry no floats)."""
Seconds = Annotated[int, Field(ge=1, le=30 * 86_400), BeforeValidator(whole_number)]

Days = Annotated[int, Field(ge=0, le=3_650), BeforeValidator(whole_number)]


def _day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(_DAY_TEXT, value):
        return date.fromisoformat(value)
    if isinstance(value, date):
        return value
    raise ValueError("expected a day such as 2026-11-21")


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]

QuantityText = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,3})?$"})]
"""What is answered may be a sum or a product: of more digits than anybody may ask for."""
AmountText = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,2})?$"})]
UnitAmountText = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,4})?$"})]
MoneyText = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,3})?$"})]
"""With as many decimals as its currency has; sums may be below zero."""
DecimalText = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{3}$"})]
"""A ratio."""
DayText = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


def _whole(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,10}", value):
            raise ValueError("expected a whole number")
        return int(value)
    return value


def _flag(value: object) -> bool:
    if value not in ("true", "false"):
        raise ValueError("expected true or false")
    return value == "true"


DEEP = "deepObject"
DeepObject = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=PRINTABLE)], Text],
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": 5,
            "propertyNames": _METADATA_SCHEMA["propertyNames"],
            "additionalProperties": _TEXT_SCHEMA,
        }
    ),
    Field(max_length=5, json_schema_extra={"style": DEEP}),
]
"""Query parameters `name[key]=value` as one mapping."""
PageLimit = Annotated[int, Field(ge=1, le=500), BeforeValidator(_whole)]
Skip = Annotated[int, Field(ge=0, le=100_000), BeforeValidator(_whole)]
QueryFlag = Annotated[bool, BeforeValidator(_flag)]
