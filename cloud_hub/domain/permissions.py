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
    PROFILE_WRITE = "profile.write"
    """One's own name, address, password and sign-ins."""
    PRODUCTS_READ = "products.read"
    PRODUCTS_WRITE = "products.write"
    STOCK_READ = "stock.read"
    STOCK_WRITE = "stock.write"
    STOCK_APPROVE = "stock.approve"
    """At a store's box: do, or allow somebody to do, what the policy leaves to managers."""
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
    COUNTS_EXPECTED = "counts.expected"
    """See what the ledger said where somebody counted; who lacks it counts blind."""
    ORDERS_WRITE = "orders.write"
    ORDERS_APPROVE = "orders.approve"
    """Up to one's approval limit."""
    API_KEYS_READ = "api_keys.read"
    API_KEYS_WRITE = "api_keys.write"
    WEBHOOKS_READ = "webhooks.read"
    WEBHOOKS_WRITE = "webhooks.write"
    ALERTS_GOVERN = "alerts.govern"
    """Set when alerts are raised, for one's sites."""
    REPORTS_READ = "reports.read"
    """Figures of one's sites: sales, movements by whom, stock over time."""
    AUDIT_READ = "audit.read"
    """Who did and was refused what, on the whole chain (of all sites only)."""
    JOBS = "jobs.use"
    """See and cancel the jobs that one has asked for."""
    JOBS_GOVERN = "jobs.govern"
    """See and cancel everybody's (of all sites only)."""
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
_READ = frozenset(
    {_P.PROFILE, _P.PROFILE_WRITE, _P.PRODUCTS_READ, _P.STOCK_READ, _P.ALERTS_READ, _P.SITES_READ, _P.JOBS}
)
_STORE = _READ | {_P.STOCK_WRITE, _P.ALERTS_WRITE}
_HOOKS = frozenset({_P.WEBHOOKS_READ, _P.WEBHOOKS_WRITE})
_BUY = frozenset({_P.VENDORS_READ, _P.ORDERS_READ, _P.ORDERS_EXPECTED, _P.ORDERS_WRITE})
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(_P) - {_P.SNAPSHOT_READ},
    Role.WAREHOUSE_MANAGER: _STORE
    | _BUY
    | {
        _P.PRODUCTS_WRITE,
        _P.STOCK_APPROVE,
        _P.FLEET_READ,
        _P.VENDORS_WRITE,
        _P.ORDERS_APPROVE,
        _P.ALERTS_GOVERN,
        _P.COUNTS_EXPECTED,
        _P.REPORTS_READ,
    },
    Role.STORE_MANAGER: _STORE
    | _BUY
    | {_P.STOCK_APPROVE, _P.FLEET_READ, _P.ORDERS_APPROVE, _P.ALERTS_GOVERN, _P.COUNTS_EXPECTED, _P.REPORTS_READ},
    Role.STAFF: (_STORE - {_P.ALERTS_WRITE}) | {_P.ORDERS_READ},
    Role.RETAIL_PARTNER: _READ | {_P.REPORTS_READ},
    Role.AUDITOR: _READ
    | {
        _P.WEBHOOKS_READ,
        _P.FLEET_READ,
        _P.USERS_READ,
        _P.API_KEYS_READ,
        _P.AUDIT_READ,
        _P.COUNTS_EXPECTED,
        _P.REPORTS_READ,
    }
    | (_BUY - {_P.ORDERS_WRITE}),
    Role.INTEGRATION: _STORE
    | _BUY
    | _HOOKS
    | {_P.PRODUCTS_WRITE, _P.VENDORS_WRITE, _P.COUNTS_EXPECTED, _P.REPORTS_READ},
    Role.DEVICE: frozenset({_P.SNAPSHOT_READ}),
}
"""The one matrix of roles; `GET /roles` shows it."""
PEOPLE_ONLY = frozenset(
    {_P.PROFILE_WRITE, _P.USERS_WRITE, _P.API_KEYS_WRITE, _P.SNAPSHOT_READ, _P.STOCK_APPROVE}
)  # fmt: skip
"""What no key of an integration can be for."""
AT_BOXES = frozenset(
    {
        _P.PRODUCTS_READ, _P.PRODUCTS_WRITE, _P.STOCK_READ, _P.STOCK_WRITE, _P.STOCK_APPROVE, _P.ALERTS_READ,
        _P.ALERTS_WRITE, _P.ORDERS_READ, _P.ORDERS_EXPECTED, _P.COUNTS_EXPECTED, _P.REPORTS_READ,
    }
)  # fmt: skip
"""What means something at a store's box; the box is told no other permission."""
BOX_ROLES = frozenset(role for role, granted in GRANTS.items() if _P.STOCK_WRITE in granted) - {Role.INTEGRATION}
"""Whoever works with stock may log in at the boxes of their sites; nobody else's hashes leave head office."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. `sites` None means every site."""

    id: str
    name: str
    role: Role
    sites: frozenset[str] | None = None
    scopes: frozenset[Permission] | None = None
    """A key's own permissions; None: the role's."""
    sign_in_id: str | None = None
    """Of a person: which log-in on which device."""

    @property
    def permissions(self) -> frozenset[Permission]:
        return GRANTS[self.role] if self.scopes is None else self.scopes

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises Forbidden."""
        if not self.may(permission):
            what = f"a role with {permission}, got {self.role}"
            raise Forbidden("permission", f"expected {what if self.scopes is None else f'a key with {permission}'}")

    def sees(self, site_id: str) -> bool:
        return self.sites is None or site_id in self.sites

    def require_site(self, site_id: str) -> None:
        """Raises Forbidden for a site that is not theirs."""
        if not self.sees(site_id):
            raise Forbidden("site", "expected one of your sites")

    def require_reach(self, sites: frozenset[str] | None) -> None:
        """Nobody gives or governs more sites than they have. Raises Forbidden."""
        if self.sites is not None and (sites is None or not sites <= self.sites):
            raise Forbidden("site", "expected none but your own sites")

    @property
    def site_list(self) -> list[str] | None:
        """As a query argument: None means no restriction."""
        return None if self.sites is None else sorted(self.sites)

    def sites_of(self, site_id: str | None) -> list[str] | None:
        """The sites that a list covers: the one asked for, else all of theirs. Raises Forbidden."""
        if site_id is None:
            return self.site_list
        self.require_site(site_id)
        return [site_id]


NOBODY = Principal(id="", name="", role=Role.DEVICE, sites=frozenset())
"""Asks public operations only."""
