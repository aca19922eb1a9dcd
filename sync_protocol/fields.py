"""The types of fields that messages, facts and changes have in common: each bounds what it accepts."""

from typing import Annotated

from pydantic import Field

from sync_protocol.limits import KEY_CHARS_MAX, QUANTITY_MAX, TEXT_CHARS_MAX

Text = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Token = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
"""A session, lease or instance: 8 random bytes as hex."""
Key = Annotated[str, Field(min_length=1, max_length=KEY_CHARS_MAX)]
"""The caller's idempotency key."""
Count = Annotated[int, Field(ge=0, lt=2**62)]
Quantity = Annotated[int, Field(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
"""Thousandths of the product's base unit."""
Money = Annotated[int, Field(ge=0, le=10**15)]
"""Minor units."""
