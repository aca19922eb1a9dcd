"""What the names of fields and parameters mean, said once: one word per idea, so one meaning per word.

Here are the words of both programs; each has its own words in its `web/meanings.py`, and what it says of a word stands
before what is said here. `explain(document)` writes a meaning wherever the document has a name without words.
"""

from collections.abc import Callable, Iterator
from typing import Any

COMMON = {
    "site_name": "What the site is called.",
    "username": "The name to log in with.",
    "full_name": "What people call them.",
    "state": "Where it is in its life.",
    "lifecycle": "provisional (begun by a store), active, or archived.",
    "started_at": "When it began.",
    "opened_at": "When it began.",
    "product_id": "A product, by its id.",
    "sku": "The chain's own id of what is stocked.",
    "name": "What people call it.",
    "category": "The name of its category; empty: none.",
    "unit": "What is counted: each, kg, m …",
    "price": "What a customer pays for one unit.",
    "unit_cost": "What one unit costs the chain.",
    "currency": "Three letters (ISO 4217).",
    "pack_quantity": "Base units that one scan of the code stands for.",
    "reorder_point": "Stock is low when what is available is at or below it.",
    "critical_level": "Low stock is critical at or below it.",
    "delta": "The change in base units, with its sign.",
    "available": "On hand, less what is reserved or in `hold`.",
    "hold": "On hand and not to be sold.",
    "reserved": "Promised to somebody.",
    "movement_id": "The movement that it became.",
    "reason": "Why, in a word.",
    "note": "A few words for people.",
    "lot": "The maker's batch.",
    "expiry": "The last good day of the lot.",
    "stocktake_id": "A stocktake, by its id.",
    "transfer_id": "A transfer, by its id.",
    "attempts": "How often it was tried.",
    "errors": "What is wrong with which field.",
    "pointer": "To the field (RFC 6901).",
    "items": "In the order that the summary says.",
    "next_cursor": "For the next page; null: this was the last.",
    "limit": "Rows of a page, at most 500.",
    "cursor": "Go on after the page that gave it.",
}


def explain(document: dict[str, Any], meaning_of: Callable[[str], str | None], of_all: str = "") -> None:
    """Write a meaning wherever the document has none of its own; what a type says `of_all` its values is none."""
    for name, described in named(document):
        meaning, said = meaning_of(name) or COMMON.get(name), described.get("description")
        if meaning and said is None:
            described["description"] = meaning
        elif meaning and said and of_all and said.startswith(of_all):
            described["description"] = f"{meaning} {said}"


def named(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a schema and every parameter of a call, by name."""
    for schema in document["components"]["schemas"].values():
        yield from schema.get("properties", {}).items()
    for path in document["paths"].values():
        for operation in path.values():
            yield from ((parameter["name"], parameter) for parameter in operation["parameters"])
