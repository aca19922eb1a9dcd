"""MQTT topic names; the only place that knows them.

The device id is the certificate's CN and the MQTT user name, so a pattern ACL can guard
each topic. The shard is a hash of the device, so a hub worker subscribes only to what it
has leased and each origin's order is kept without shared subscriptions.
"""

from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from sync_protocol.errors import Malformed

ROOT = "backstock/v1"
SHARDS = 64
HUB_STATE = f"{ROOT}/hub/state"


class Address(NamedTuple):
    """Whose topic it is."""

    device_id: str
    origin_id: str


@lru_cache(maxsize=4_096)
def shard_of(device_id: str) -> int:
    """The shard of a device, 0 to SHARDS - 1, the same for ever; asked for with every message."""
    return int.from_bytes(sha256(device_id.encode()).digest()[:4], "big") % SHARDS


def up(device_id: str, origin_id: str) -> str:
    """Where a box publishes batches and control messages."""
    return f"{ROOT}/up/{shard_of(device_id)}/{device_id}/{origin_id}"


def up_filter(shard: int) -> str:
    """What a hub worker that leased `shard` subscribes to."""
    return f"{ROOT}/up/{shard}/+/+"


def down(device_id: str, origin_id: str) -> str:
    """Where the hub publishes to one box."""
    return f"{ROOT}/down/{device_id}/{origin_id}"


def presence(device_id: str) -> str:
    """Retained; the box's last will says offline."""
    return f"{ROOT}/presence/{device_id}"


def telemetry(device_id: str) -> str:
    """JSON gauges and counters for anyone's monitoring."""
    return f"{ROOT}/telemetry/{device_id}"


def scans(device_id: str) -> str:
    """Reserved for a live stream of scans: nobody writes it in version 1."""
    return f"{ROOT}/scans/{device_id}"


def alerts(site_id: str) -> str:
    """What the alerts of one site do, for screens, pagers and automations; only the hub writes it."""
    return f"{ROOT}/alerts/{site_id}"


PRESENCE_FILTER = f"{ROOT}/presence/+"
TELEMETRY_FILTER = f"{ROOT}/telemetry/+"


def parse_up(topic: str) -> Address:
    """Device and origin of an up topic. Raises Malformed, also when the shard is not the device's."""
    parts = topic.split("/")
    if len(parts) != 6 or parts[:3] != [*ROOT.split("/"), "up"]:
        raise Malformed(f"topic: expected {ROOT}/up/SHARD/DEVICE/ORIGIN, got {topic[:120]!r}")
    address = Address(_uuid(parts[4]), _uuid(parts[5]))
    if parts[3] != str(shard_of(address.device_id)):
        raise Malformed(f"topic: expected shard {shard_of(address.device_id)}, got {parts[3][:10]!r}")
    return address


def parse_device(topic: str) -> str:
    """The device of a presence, telemetry or scans topic."""
    parts = topic.split("/")
    if len(parts) != 4 or parts[2] not in ("presence", "telemetry", "scans"):
        raise Malformed(f"topic: expected a topic of one device, got {topic[:120]!r}")
    return _uuid(parts[3])


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise Malformed(f"topic: expected a UUID, got {text[:40]!r}") from error
