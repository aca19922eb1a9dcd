"""What all answers are made of: amounts, times, positions, lists."""

from typing import Annotated, Generic, Literal, NotRequired, TypeVar

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

Amount = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,3})?$"})]
"""A quantity in base units, or money."""
Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Position = Annotated[int, Field(ge=0)]
Place = Literal["shelf", "backroom", "hold"]

T = TypeVar("T")


class Items(TypedDict, Generic[T]):
    items: list[T]


class Page(TypedDict, Generic[T]):
    items: list[T]
    next_cursor: str | None


class AsOf(TypedDict):
    site_id: str
    origin_id: str
    position: Position


class AlreadyRecorded(TypedDict):
    """To a key that was used before this box was set up again: it is done, and its answer is gone."""

    status: Literal["already_recorded"]
    key: str


class ProblemView(TypedDict):
    code: str
    detail: str
    remedy: NotRequired[str | None]
