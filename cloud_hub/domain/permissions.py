"""Who may do what: roles are names for sets of permissions, held for some sites.

A permission is a string `resource.verb`. A `Principal` is who asks: a person, an
integration or a box; the actor of a record always comes from it. Pure: the set of sites
is an argument of the check, and nothing here reads a database.
"""

from dataclasses import dataclass
from enum import StrEnum

from cloud_hub.errors import Forbidden


class Permission(StrEnum):
    """What a route asks for."""

    PROFILE = "profile.read"
    PRODUCTS_READ = "products.read"
    PRODUCTS_WRITE = "products.write"
    STOCK_READ = "stock.read"
    STOCK_WRITE = "stock.write"
    ALERTS_READ = "alerts.read"
    ALERTS_WRITE = "alerts.write"
    SITES_READ = "sites.read"
    SITES_WRITE = "sites.write"
    FLEET_READ = "fleet.read"
    FLEET_WRITE = "fleet.write"
    """Enrol, revoke, confirm a survivor, adopt a branch."""
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    VENDORS_READ = "vendors.read"
    """Whom the chain buys from, and for how much."""
    VENDORS_WRITE = "vendors.write"
    ORDERS_READ = "orders.read"
    ORDERS_EXPECTED = "orders.expected"
    """See what was ordered and for how much; who lacks it receives blind."""
    ORDERS_WRITE = "orders.write"
    ORDERS_APPROVE = "orders.approve"
    """Up to one's approval limit."""
    SNAPSHOT_READ = "snapshot.read"
    """Boxes only."""


class Role(StrEnum):
    ADMIN = "admin"
    WAREHOUSE_MANAGER = "warehouse_manager"
    STORE_MANAGER = "store_manager"
    STAFF = "staff"
    RETAIL_PARTNER = "retail_partner"
    AUDITOR = "auditor"
    INTEGRATION = "integration"
    DEVICE = "device"


_P = Permission
_READ = frozenset({_P.PROFILE, _P.PRODUCTS_READ, _P.STOCK_READ, _P.ALERTS_READ, _P.SITES_READ})
_STORE = _READ | {_P.STOCK_WRITE, _P.ALERTS_WRITE}
_BUY = frozenset({_P.VENDORS_READ, _P.ORDERS_READ, _P.ORDERS_EXPECTED, _P.ORDERS_WRITE})
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(_P) - {_P.SNAPSHOT_READ},
    Role.WAREHOUSE_MANAGER: _STORE | _BUY | {_P.PRODUCTS_WRITE, _P.FLEET_READ, _P.VENDORS_WRITE, _P.ORDERS_APPROVE},
    Role.STORE_MANAGER: _STORE | _BUY | {_P.FLEET_READ, _P.ORDERS_APPROVE},
    Role.STAFF: (_STORE - {_P.ALERTS_WRITE}) | {_P.ORDERS_READ},
    Role.RETAIL_PARTNER: _READ,
    Role.AUDITOR: _READ | {_P.FLEET_READ, _P.USERS_READ} | (_BUY - {_P.ORDERS_WRITE}),
    Role.INTEGRATION: _STORE | _BUY | {_P.PRODUCTS_WRITE, _P.VENDORS_WRITE},
    Role.DEVICE: frozenset({_P.SNAPSHOT_READ}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. `sites` None means every site."""

    id: str
    name: str
    role: Role
    sites: frozenset[str] | None = None

    def may(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]

    def require(self, permission: Permission) -> None:
        """Raises Forbidden."""
        if not self.may(permission):
            raise Forbidden("permission", f"expected a role with {permission}, got {self.role}")

    def sees(self, site_id: str) -> bool:
        return self.sites is None or site_id in self.sites

    def require_site(self, site_id: str) -> None:
        """Raises Forbidden for a site that is not theirs."""
        if not self.sees(site_id):
            raise Forbidden("site", "expected one of your sites")

    @property
    def site_list(self) -> list[str] | None:
        """As a query argument: None means no restriction."""
        return None if self.sites is None else sorted(self.sites)


NOBODY = Principal(id="", name="", role=Role.DEVICE, sites=frozenset())
"""Asks public operations only."""
