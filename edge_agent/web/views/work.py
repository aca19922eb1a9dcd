"""What staff do: transfers, deliveries, counts, alerts and tasks, labels."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from edge_agent.web.views.values import Amount, AsOf, Day, Position, Time


class SiteView(TypedDict):
    site_id: str
    code: str
    name: str
    kind: NotRequired[str]


class PlannedAction(TypedDict):
    kind: Literal["add", "set_critical_level", "archive"]
    product_id: str
    name: str
    quantity: Amount | None
    was: str | None
    becomes: str | None
    needs: str
    is_allowed: bool


class PlanView(TypedDict):
    id: str
    status: Literal["proposed", "confirmed", "undone"]
    actor: str
    made_at: Time | None
    changed_at: Time | None
    type_to_confirm: str | None
    actions: list[PlannedAction]


class TransferView(TypedDict):
    transfer_id: str
    from_site: str
    to_site: str
    state: str
    opened_at: Time | None
    changed_at: Time | None


class TransferLine(TypedDict):
    product_id: str
    dispatched: Amount | None
    received: Amount | None
    missing: Amount | None


class TransferSheet(TransferView):
    lines: list[TransferLine]
    position: NotRequired[Position]


class OrderLine(TypedDict):
    product_id: str
    quantity: Amount | None
    received: Amount | None


class OrderView(TypedDict):
    order_id: str
    number: str
    state: str
    vendor: str | None
    expected_on: Day | None
    lines: list[OrderLine]


class ReceiptLine(TypedDict):
    product_id: str
    quantity: Amount | None
    damaged: Amount | None
    location: str
    lot: str | None
    expiry: Day | None
    reason: str | None
    note: str | None
    expected: Amount | None
    difference: str | None


class ReceiptView(TypedDict):
    receipt_id: str
    order: str | None
    document: str | None
    note: str | None
    actor: str | None
    received_at: Time | None
    position: Position
    lines: list[ReceiptLine]


class ReceiptMade(ReceiptView):
    movement_ids: list[str]
    warnings: list[str]


class ReceiptPage(TypedDict):
    items: list[ReceiptView]
    next_before: str | None


class AlertView(TypedDict):
    id: str
    type: str
    product_id: str | None
    status: str
    severity: str | None
    available: Amount | None
    opened_at: Time | None
    changed_at: Time | None
    position: Position
    actor: str | None
    detail: str | None


class TaskView(TypedDict):
    id: str
    rule: str
    product_id: str | None
    status: str
    detail: str | None
    cause: str | None
    opened_at: Time | None
    done_at: Time | None


# -- counts


class ZoneView(TypedDict):
    zone: str
    state: str
    actor: str | None
    changed_at: Time | None


class CountLine(TypedDict):
    line_id: str
    product_id: str
    location: str
    zone: str | None
    counted: Amount
    status: str
    position: Position
    actor: str | None
    expected: NotRequired[Amount | None]
    variance: NotRequired[Amount | None]


class LineMade(TypedDict):
    """Of a count without zones: it is posted."""

    line_id: str
    counted: Amount
    status: str
    position: Position
    movement_id: str | None
    warnings: list[str]
    expected: NotRequired[Amount | None]
    variance: NotRequired[Amount | None]


class LineNoted(CountLine):
    """Of a count by zones: it is posted when the count is closed."""

    warnings: list[str]


class ToCount(TypedDict):
    product_id: str
    sku: str
    name: str
    is_counted: bool


class StocktakeView(TypedDict):
    stocktake_id: str
    name: str
    kind: Literal["full", "cycle"]
    state: str
    blind: bool
    opened_at: Time | None
    closed_at: Time | None
    actor: str | None


class StocktakeSheet(StocktakeView):
    zones: list[ZoneView]
    to_count: list[ToCount]
    lines: list[CountLine]


class StocktakeClosed(StocktakeView):
    posted: int
    to_count_again: list[str]


# -- labels


class PrintProblem(TypedDict):
    code: str
    detail: str | None


class PrinterView(TypedDict):
    name: str
    format: str
    dpi: int
    width_mm: int | float
    height_mm: int | float
    templates: list[str]
    state: str
    jobs: int
    labels: int
    problem: PrintProblem | None


class AskedView(TypedDict):
    job: str
    printer: str
    state: str
    labels: int
    missing_signs: list[str]


class JobView(TypedDict):
    job: str
    printer: str
    template: str
    name: str | None
    products: int
    state: str
    labels: int
    sent: int
    perhaps_sent: int
    doubled: int
    attempts: int
    problem: PrintProblem | None
    actor: str | None
    made_at: Time | None
    changed_at: Time | None


# -- the store's own figures


class Figures(TypedDict):
    movements: int
    quantity: Amount
    value: dict[str, Amount | None]
    cost: dict[str, Amount | None]


class CountFigures(TypedDict):
    lines: int
    products: int
    variance: Amount | None


class BestSelling(TypedDict):
    product_id: str
    name: str | None
    quantity: Amount


class DayView(TypedDict):
    day: Day
    is_today: bool
    position: Position
    as_of: AsOf
    sales: Figures
    returns: Figures
    receipts: Figures
    taken_back: int
    deliveries: int
    waste: dict[str, Figures]
    transfers: dict[str, Figures]
    corrections: Figures
    count_variance: Figures
    counts: dict[str, CountFigures]
    best_selling: list[BestSelling]
    people: dict[str, dict[str, int]]
    alerts: dict[str, dict[str, int]]
    open_tasks: dict[str, int]


class LotView(TypedDict):
    product_id: str
    lot: str | None
    expiry: Day | None
    location: str
    quantity: Amount | None
    name: str | None
    is_expired: bool


class LotList(TypedDict):
    items: list[LotView]
    day: Day
    as_of: AsOf


class DueView(TypedDict):
    product_id: str
    sku: str
    name: str
    rank: str
    due_at: Time | None
    last_counted_at: Time | None
