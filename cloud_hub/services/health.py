"""Small checks, each with its remedy: what `/health` and `cloud-hub doctor` tell.

A vital check that fails means this process cannot serve (503 on `/health/ready`); the
others are warnings for a person. A check never raises and never takes longer than a
second or two.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from cloud_hub.errors import Unavailable

CHECK_TIMEOUT_S = 3.0
NO_DATABASE = "first mend what `database` says"


class Unwell(Exception):
    """What a check found, in words."""


class Check(NamedTuple):
    """The result of one check."""

    name: str
    is_ok: bool
    detail: str
    remedy: str = ""
    is_vital: bool = False


class Probe(NamedTuple):
    """One check to run: it returns a detail, or raises with what is wrong."""

    name: str
    run: Callable[[], Awaitable[str]]
    remedy: str
    is_vital: bool = False
    is_of_service: bool = False
    """Told by `/health/ready`, too: the process can serve without it, but not everything."""


class Health:
    """The list of checks of this process."""

    def __init__(self, probes: list[Probe]) -> None:
        self._probes = probes

    async def check(self, *, only_ready: bool = False) -> list[Check]:
        """All results, in order."""
        probes = [probe for probe in self._probes if not only_ready or probe.is_vital or probe.is_of_service]
        return list(await asyncio.gather(*map(_run, probes)))


async def _run(probe: Probe) -> Check:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            detail = await probe.run()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a part, the list goes on
        detail = (str(error) if isinstance(error, Unwell) else f"{type(error).__name__}: {error}")[:300]
        remedy = NO_DATABASE if _is_database(error) and not probe.is_vital else probe.remedy
        return Check(probe.name, is_ok=False, detail=detail, remedy=remedy, is_vital=probe.is_vital)
    return Check(probe.name, is_ok=True, detail=detail, is_vital=probe.is_vital)


def _is_database(error: Exception) -> bool:
    return isinstance(error, Unavailable) and error.code == "database"
