"""The typed bodies of records: a vocabulary maps each kind to its pydantic model, both ways.

Facts (up) and changes (down) are two vocabularies of this one form. A kind that a
vocabulary lacks is of a later version: it is kept with its bytes and read after an upgrade.
"""

from collections.abc import Mapping
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from sync_protocol.errors import Malformed
from sync_protocol.records import Fact

M = TypeVar("M", bound=BaseModel)


class Vocabulary(Generic[M]):
    """Kinds and their models."""

    def __init__(self, models: Mapping[str, type[M]]) -> None:
        self.models = models
        self._kinds = {model: kind for kind, model in models.items()}

    def record(self, body: M) -> Fact:
        """The record of a typed body."""
        return Fact(self._kinds[type(body)], body.model_dump(mode="json", exclude_none=True))

    def parse(self, record: Fact) -> M | None:
        """The typed body, None for a kind of a later version. Raises Malformed."""
        model = self.models.get(record.kind)
        if model is None:
            return None
        try:
            return model.model_validate(record.body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise Malformed(f"{record.kind}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
