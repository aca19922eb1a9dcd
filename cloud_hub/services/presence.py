"""What boxes say of themselves outside the protocol: online or not, and their gauges.

Nothing may depend on it: it is for the fleet view. The last word of each box is kept in
memory and written every few seconds, so a flapping link costs nothing.
"""

from typing import Any
from uuid import UUID

import orjson

from cloud_hub.services.ports import Now
from cloud_hub.storage import devices, origins
from cloud_hub.storage.database import Database
from sync_protocol.limits import CONTROL_BYTES_MAX
from sync_protocol.topics import PRESENCE_FILTER


class Presence:
    """Collects presence and telemetry, and saves them now and then."""

    def __init__(self, database: Database, *, now: Now) -> None:
        self._database = database
        self._now = now
        self._online: dict[str, bool] = {}
        self._telemetry: dict[str, dict[str, Any]] = {}

    def note(self, topic: str, device_id: str, payload: bytes) -> None:
        """Take one message; what is no JSON object is dropped."""
        if not payload or len(payload) > CONTROL_BYTES_MAX:
            return
        try:
            told = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return
        if not isinstance(told, dict) or b"\\u0000" in payload:
            return
        if topic.startswith(PRESENCE_FILTER[:-1]):
            self._online[device_id] = told.get("state") == "online"
        else:
            self._telemetry[device_id] = told

    async def save(self) -> None:
        """Write what has come since the last time."""
        online, self._online = self._online, {}
        telemetry, self._telemetry = self._telemetry, {}
        if not online and not telemetry:
            return
        async with self._database.transaction() as connection:
            for device_id in sorted(online):
                await devices.save_presence(connection, device_id, online[device_id], self._now())
            for device_id in sorted(telemetry):
                told = telemetry[device_id]
                await devices.save_telemetry(connection, device_id, told, self._now())
                await origins.save_backlog(connection, device_id, _whole(told.get("head")), _whole(told.get("pending")),
                                           self._oldest(told), self._now())  # fmt: skip

    async def list_device_ids(self) -> list[UUID]:
        """All active devices."""
        async with self._database.connection() as connection:
            return await devices.list_active_ids(connection)

    def _oldest(self, told: dict[str, Any]) -> int | None:
        age_s = told.get("oldest_unacked_age_s")
        return self._now() - age_s * 1000 if type(age_s) is int and 0 <= age_s < 2**40 else None


def _whole(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**62 else 0
