"""What the hub says to a store: the bodies of feed records.

Same form as facts: `[kind, {body}]`. Reference data travels as whole rows with a version
`(hub_epoch, number)`, so applying one twice, or an older one late, changes nothing.
Commands travel in the same feed; only the store decides their outcome.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sync_protocol.bodies import Vocabulary
from sync_protocol.fields import Count, Hash, Id, Key, Money, Quantity, Text
from sync_protocol.records import Fact


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Barcode(_Change):
    code: Annotated[str, Field(min_length=1, max_length=90)]
    """GTIN-14, or an internal code that is no GTIN."""
    pack_quantity: Annotated[int, Field(gt=0)] = 1000


class Product(_Change):
    """One product as a store needs it: chain-wide row merged with this site's row."""

    product_id: Id
    version: tuple[int, int]
    sku: Text
    name: Text
    category: Text = ""
    unit: Text = "each"
    price: Money | None = None
    cost: Money | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    lifecycle: Literal["provisional", "active", "archived"] = "active"
    reorder_point: Quantity | None = None
    critical_level: Quantity | None = None
    negative_policy: Literal["block", "warn", "allow"] | None = None
    barcodes: Annotated[list[Barcode], Field(max_length=100)] = []
    metadata: dict[str, Any] = {}
    own: list[Text] | None = None
    """The fields that this site's row says; the others are the chain's."""


class ProductGone(_Change):
    """Tombstone: archived everywhere; history stays."""

    product_id: Id
    version: tuple[int, int]
    own: bool | None = None
    """Only this site does not stock it."""


class Policy(_Change):
    """Defaults of the site: thresholds that products fall back to, retention, limits."""

    version: tuple[int, int]
    reorder_point: Quantity = 0
    critical_level: Quantity = 0
    settings: dict[str, Any] = {}


class Site(_Change):
    """Another site of the chain (transfers name them)."""

    site_id: Id
    code: Text
    name: Text
    version: tuple[int, int]


COMMAND_KINDS = (
    "adjust", "count_request", "transfer_request", "reserve", "release", "adopt", "configure",
    "resend", "diagnose", "acknowledge_alert", "resolve_alert", "cancel",
)  # fmt: skip


class Command(_Change):
    """Something that head office asks of the store's writer.

    adjust: {product_id, delta|set_to, location, reason, note}
    adopt: {branch_hash, record (text), index} · cancel: {command_id}
    acknowledge_alert, resolve_alert: {alert_id} · others: see SPEC.md
    """

    command_id: Id
    kind: Text
    """One of COMMAND_KINDS; an unknown one is answered `unsupported` and never run later."""
    key: Key
    body: dict[str, Any]
    expected_quantity: Quantity | None = None
    """Compare-and-set: refuse when the shelf's available quantity is another."""
    expires_at: int | None = None
    actor: Text | None = None


class TransferNotice(_Change):
    """Goods are on their way to this site (or their story moved on)."""

    transfer_id: Id
    from_site: Id
    to_site: Id
    step: Text
    lines: Annotated[list[tuple[Id, Count]], Field(max_length=2_000)] = []


class Order(_Change):
    """What the site has ordered from a vendor: its deliveries are received under the order's number.

    One with many lines is several of these with one version, each with some of them.
    """

    order_id: Id
    version: tuple[int, int]
    number: Text
    state: Text
    """Goods are expected while it is sent, acknowledged or partly_received."""
    vendor: Text = ""
    expected_on: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    lines: Annotated[list[tuple[Id, Count, Count]], Field(max_length=2_000)] = []
    """Product, ordered and received so far."""


class Person(_Change):
    """Somebody who may work at this site, and by what a box knows them without the hub; or who may not any more."""

    person_id: Id
    version: tuple[int, int]
    is_active: bool = True
    """False: not here (any more), and the fields below are left out."""
    username: Text | None = None
    email: Text | None = None
    full_name: Text = ""
    role: Text = ""
    permissions: Annotated[list[Text], Field(max_length=100)] = []
    password_hash: Text | None = None
    pin_hash: Text | None = None
    pin_set_at: Count = 0
    badge_hash: Hash | None = None


CHANGES: dict[str, type[_Change]] = {
    "product": Product,
    "product_gone": ProductGone,
    "policy": Policy,
    "site": Site,
    "command": Command,
    "transfer_notice": TransferNotice,
    "order": Order,
    "person": Person,
}
AnyChange = Product | ProductGone | Policy | Site | Command | TransferNotice | Order | Person
_VOCABULARY = Vocabulary(CHANGES)


def change(body: _Change) -> Fact:
    """The feed record of a typed body."""
    return _VOCABULARY.record(body)


def parse_change(record: Fact) -> AnyChange | None:
    """The typed body, None for a kind of a later version. Raises Malformed."""
    return _VOCABULARY.parse(record)  # type: ignore[return-value]
