"""Requests to post: some drafts under a caller's key, taken as a whole or draft by draft, and their answers.

A key makes a request safe to repeat for ever: the same body gets the answer of the first
time, another body is refused. Pure, as what it judges against (`posting.py`).
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from cloud_hub.domain.posting import Draft, Ledger, Place, Row
from cloud_hub.errors import Conflict, HubError, Invalid, NotFound
from sync_protocol.records import Fact

_SAID = [name for name in Draft._fields if name not in ("price", "cost", "is_of_active")]
_said = itemgetter(*(Draft._fields.index(name) for name in _SAID))

Verdicts = list[int | Row | None]
"""What `Ledger.take` said of each draft."""


class Request(NamedTuple):
    """Drafts that somebody asks for in one go."""

    drafts: Sequence[Draft]
    key: str
    actor: str | None
    asked_at: int
    all_or_none: bool
    facts: Sequence[Fact] = ()
    """Told once all drafts are taken; no part of the body that the key stands for."""

    @property
    def body_hash(self) -> bytes:
        """What tells another body under the same key: all that the caller said.

        Not what a movement freezes of its product: that may change before the caller asks again.
        """
        body = [
            dict(zip(_SAID, _said(draft), strict=True)) | ({"price": draft.price} if draft.is_price_given else {})
            for draft in self.drafts
        ]
        return sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()


class Posted(NamedTuple):
    """What became of a request: one row per draft, and whether it was made before."""

    rows: list[Row]
    levels: dict[str, int]
    """What each `product_id:location` of the drafts holds now."""
    is_replayed: bool = False


def judge(ledger: Ledger, request: Request) -> Verdicts | HubError:
    """Take all drafts, or put everything back as it was."""
    ledger.begin()
    verdicts: Verdicts = []
    for index, draft in enumerate(request.drafts):
        key = request.key if index == 0 else f"{request.key}#{index}"
        taken = ledger.take(draft, now_ms=request.asked_at, actor=request.actor, key=key)
        if isinstance(taken, Row) and request.all_or_none:
            ledger.put_back()
            return _refusal(taken, index, len(request.drafts))
        verdicts.append(taken)
    ledger.records += request.facts
    return verdicts


def answer(request: Request, verdicts: Verdicts, made: Mapping[int, Row], levels: Mapping[Place, int]) -> Posted:
    """What the request is told once its records have their positions (`made`, by their index in the ledger)."""
    rows = [made[each] if isinstance(each, int) else each or Row(None, None) for each in verdicts]
    places = {
        (draft.product_id, place) for draft in request.drafts for place in (draft.from_location, draft.to_location)
    }
    held = {f"{product}:{place}": levels.get((product, place), 0) for product, place in sorted(places)}
    return Posted(rows=rows, levels=held)


def replay(request: Request, body_hash: bytes | None, answered: Mapping[str, Any]) -> Posted | HubError:
    """The answer that the request's key got before (a store's key has none)."""
    if body_hash != request.body_hash:
        return Invalid("key_reused", "expected the same body as the first time with this Idempotency-Key")
    return Posted(rows=[Row(*each) for each in answered["rows"]], levels=answered["levels"], is_replayed=True)


def _refusal(row: Row, index: int, count: int) -> HubError:
    where = f"movement {index}: " if count > 1 else ""
    if row.code == "product":
        return NotFound("product", f"{where}{row.detail}")
    return Conflict(row.code or "refused", f"{where}{row.detail}")
