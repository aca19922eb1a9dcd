"""Times at the REST border: RFC 3339 text in UTC outside, milliseconds inside."""

from datetime import datetime, timedelta

from cloud_hub.domain.times import EPOCH, printable, rfc3339

__all__ = ["rfc3339", "to_ms"]


def to_ms(moment: datetime) -> int:
    """Milliseconds of an aware moment; before 1970 and beyond 9999 (in UTC) counts as the nearest that is not."""
    return printable((moment - EPOCH) // timedelta(milliseconds=1))
