"""Products, what is there of them, what moved, and what a scan did."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from edge_agent.web.views.values import AlreadyRecorded, Amount, AsOf, Day, Position, ProblemView, Time


class ProductView(TypedDict):
    id: str
    sku: str
    name: str
    category: str
    unit: str
    price: Amount | None
    unit_cost: Amount | None
    currency: str
    lifecycle: Literal["active", "provisional", "archived"]
    reorder_point: Amount | None
    critical_level: Amount | None
    negative_policy: str | None
    metadata: dict[str, Any]
    version: list[int]


class BarcodeView(TypedDict):
    code: str
    pack_quantity: Amount


class StockView(TypedDict):
    on_hand: Amount | None
    available: Amount | None
    reserved: Amount | None
    hold: Amount | None


class ProductCard(ProductView):
    barcodes: list[BarcodeView]
    stock: StockView | None
    position: NotRequired[Position]


class LinkedView(TypedDict):
    code: str
    product: ProductView
    position: Position


class LevelView(StockView):
    product_id: str
    sku: str
    name: str
    unit: str
    locations: dict[str, Amount] | None


class LevelLine(LevelView):
    on_order: Amount | None


class LevelPage(TypedDict):
    items: list[LevelLine]
    next_cursor: str | None
    as_of: AsOf


class KnownTo(TypedDict):
    position: Position
    last_heard: Time | None
    is_live: bool


class LevelElsewhere(TypedDict):
    site_id: str
    site_name: str
    on_hand: Amount | None
    available: Amount | None
    as_of: KnownTo


class ElsewhereView(TypedDict):
    product_id: str
    items: list[LevelElsewhere]
    told_at: Time | None
    is_current: bool


class Posted(TypedDict):
    movement_id: str
    position: Position
    warnings: list[str]
    product_id: NotRequired[str]
    level: NotRequired[Amount | None]
    stock: NotRequired[StockView | None]


class Unchanged(LevelView):
    """The stock was so already."""

    movement_id: None
    warnings: list[str]


class RowRecorded(Posted):
    """A row of a batch that was booked."""

    status: Literal["recorded"]
    replayed: NotRequired[bool]


class ShortRow(TypedDict):
    """A row of a batch that was booked with all others at once."""

    status: Literal["recorded"]
    movement_id: str
    position: Position


class RowRejected(TypedDict):
    status: Literal["rejected"]
    code: str
    detail: str
    pointer: str


class RowReplayed(AlreadyRecorded):
    replayed: bool


class BatchView(TypedDict):
    results: list[RowRecorded | ShortRow | RowRejected | RowReplayed]
    recorded: int


MovementView = TypedDict(
    "MovementView",
    {
        "movement_id": str, "position": Position, "product_id": str, "quantity": Amount | None,
        "from": str | None, "to": str | None, "reason": str, "occurred_at": Time | None, "document": str | None,
        "lot": str | None, "expiry": Day | None, "actor": str | None, "key": str | None, "command_id": str | None,
    },
)  # fmt: skip


class MovementPage(TypedDict):
    items: list[MovementView]
    next_after: Position | None
    as_of: AsOf


class UseFirst(TypedDict):
    lot: str | None
    expiry: Day | None
    location: str
    quantity: Amount


class ScanView(TypedDict):
    movement_id: str | None
    position: Position | None
    product: ProductView | None
    quantity: Amount
    level: Amount | None
    stock: StockView | None
    warnings: list[str]
    count_status: str | None
    lot: str | None
    expiry: Day | None
    is_expired: bool
    use_first: UseFirst | None
    problem: ProblemView | None


class LookUpView(ScanView):
    gtin: str | None
    symbology: str
    serial: str | None
    flags: list[str]


class Undone(Posted):
    undone: MovementView
