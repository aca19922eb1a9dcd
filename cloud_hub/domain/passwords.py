"""What a new password has to be (NIST 800-63B: length and guessability, no rules of composition).

Pure. The length is checked at the border; here is what depends on whose password it is.
"""

from cloud_hub.errors import Invalid
from sync_protocol.credentials import normal

DIFFERENT_LEAST = 5
PART_CHARS = 4
"""Shorter parts of a name may stand in a password by chance."""


def require_strong(password: str, *names: str | None, pointer: str = "/password") -> None:
    """Raises Invalid for a password that the person's own names or one held-down key would guess."""
    text = normal(password).casefold()
    if len(set(text)) < DIFFERENT_LEAST:
        raise Invalid(
            "password_weak", f"expected a password of at least {DIFFERENT_LEAST} different characters", pointer=pointer
        )
    parts = [part for name in names if name for part in {name.casefold(), name.casefold().partition("@")[0]}]
    if any(2 * len(text.replace(part, "")) < len(text) for part in parts if len(part) >= PART_CHARS):
        raise Invalid("password_weak", "expected a password that is more than your own name", pointer=pointer)
