"""End a box's live session at the broker: visit it in the box's name, which hangs up on the box.

A broker reads a revocation list when somebody connects, so a box that is in stays in. With
`use_username_as_clientid` the client id is the certificate's CN, and a second connection
of one client id ends the first. After the broker has read the list, the box cannot return.
"""

import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cloud_hub.domain.certificates import Authority
from cloud_hub.services.certifying import impersonate
from sync_protocol.transport.mqtt import BrokerAddress, Connection


async def kick(address: BrokerAddress, authority: Authority, device_id: str, now: datetime) -> None:
    """Raises Unavailable when the broker cannot be reached."""
    with tempfile.TemporaryDirectory(prefix="backstock-") as name:
        ca, key, certificate = impersonate(authority, Path(name), device_id, now)
        visitor = replace(address, username=None, password=None, ca_file=ca, key_file=key, cert_file=certificate)
        connection = await Connection.open(visitor, client_id=device_id)
        await connection.close()
