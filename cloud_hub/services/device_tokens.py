"""Who a box's 60-second token stands for: signed by its record key, by a box that is not revoked."""

from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_hub.domain import tokens
from cloud_hub.domain.permissions import Principal, Role
from cloud_hub.errors import Unauthenticated
from cloud_hub.storage import devices
from cloud_hub.storage.devices import Device
from cloud_hub.storage.reads import Reads
from cloud_hub.storage.state_files import StateFolder

REMEMBER_MS = 10_000
REMEMBERED_MAX = 10_000


class _Remembered(NamedTuple):
    device: Device
    until_ms: int


class DeviceTokens:
    """Checks tokens of boxes; a revocation counts within 10 seconds on every process."""

    def __init__(self, reads: Reads, folder: StateFolder) -> None:
        self._reads = reads
        self._folder = folder
        self._remembered: dict[str, _Remembered] = {}

    async def principal(self, token: str, now_ms: int) -> Principal:
        """The box as a principal of its own site. Raises Unauthenticated."""
        device = await self._device(tokens.device_of(token), now_ms)
        tokens.read_device(token, Ed25519PublicKey.from_public_bytes(device.public_key), now_ms // 1000)
        return Principal(id=device.id, name=device.name, role=Role.DEVICE, sites=frozenset({device.site_id}))

    async def _device(self, device_id: str, now_ms: int) -> Device:
        remembered = self._remembered.get(device_id)
        if remembered is not None and now_ms < remembered.until_ms:
            return remembered.device
        device = await self._reads.run(devices.find, device_id) if devices.is_id(device_id) else None
        if device is None or device.state != "active" or self._folder.is_denied(device.id):
            self._remembered.pop(device_id, None)
            raise Unauthenticated("device", "expected a token of an enrolled box")
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[device_id] = _Remembered(device, now_ms + REMEMBER_MS)
        return device
