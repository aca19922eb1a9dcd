"""What a box needs so that people can log in at it from other devices of its store.

A certificate for its own HTTPS, under names of the store's network, and the people key. Both are
asked for at enrolment and again by a box of an earlier version, whose names changed, or whose
certificate ends. Revoking the box revokes these certificates too.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509

from cloud_hub.domain import certificates
from cloud_hub.domain.box_names import NAMES_MAX, may_be_called
from cloud_hub.domain.certificates import Authority
from cloud_hub.errors import Invalid, Unauthenticated
from cloud_hub.storage import devices, issued_certificates
from cloud_hub.storage.database import Database
from cloud_hub.storage.issued_certificates import Issued


class Access(NamedTuple):
    """A certificate and the authority that it is of, as PEM, and the people key."""

    certificate: str
    ca: str
    people_key: bytes


class LocalAccess:
    """The use case."""

    def __init__(
        self, database: Database, authority: Authority, *, people_key: bytes, own_hosts: Collection[str]
    ) -> None:
        self._database = database
        self._authority = authority
        self._people_key = people_key
        self._own_hosts = frozenset(own_hosts)

    async def grant(self, device_id: str, csr: str, now_ms: int) -> Access:
        """For those of the names asked for that a box may have. Raises Invalid, Unauthenticated."""
        key = certificates.read_request(csr)
        hosts = [host for host in certificates.requested_hosts(csr) if may_be_called(host, self._own_hosts)]
        if not 0 < len(hosts) <= NAMES_MAX:
            raise Invalid("names", f"expected 1 to {NAMES_MAX} names or addresses of a local network", pointer="/csr")
        serial, now = x509.random_serial_number(), datetime.fromtimestamp(now_ms / 1000, UTC)
        made = certificates.issue_server(self._authority, key, hosts, serial, now)
        expires_ms = int(made.not_valid_after_utc.timestamp() * 1000)
        async with self._database.transaction() as connection:
            if not await devices.lock_active(connection, device_id):
                raise Unauthenticated("device", "expected a box that is not revoked")
            await issued_certificates.insert(connection, Issued(serial, device_id, expires_ms), now_ms)
        return Access(certificates.pem(made), certificates.pem(self._authority.certificate), self._people_key)
