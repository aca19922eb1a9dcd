"""What the HTTP side works with: built once in `app.py`, found by typed keys."""

from dataclasses import dataclass

from aiohttp import web

from cloud_hub.domain.permissions import Principal
from cloud_hub.domain.rates import Rates
from cloud_hub.services.accounts import Accounts
from cloud_hub.services.adjusting import Adjusting
from cloud_hub.services.alert_settings import AlertSettings
from cloud_hub.services.alerting import Alerting
from cloud_hub.services.api_keys import ApiKeys
from cloud_hub.services.assortment import Assortment
from cloud_hub.services.auditing import Audit
from cloud_hub.services.box_access import BoxAccess
from cloud_hub.services.catalogue import Catalogue
from cloud_hub.services.categories import Categories
from cloud_hub.services.change_feed import ChangeFeed
from cloud_hub.services.commands import Commands
from cloud_hub.services.device_tokens import DeviceTokens
from cloud_hub.services.enrolment import Enrolment
from cloud_hub.services.fleet import Fleet
from cloud_hub.services.health import Health
from cloud_hub.services.imports import Imports
from cloud_hub.services.jobs import Jobs
from cloud_hub.services.large_batches import LargeBatches
from cloud_hub.services.local_access import LocalAccess
from cloud_hub.services.metrics import Metrics
from cloud_hub.services.password_resets import PasswordResets
from cloud_hub.services.profiles import Profiles
from cloud_hub.services.purchasing import Purchasing
from cloud_hub.services.readers import Readers
from cloud_hub.services.receiving import Receiving
from cloud_hub.services.recovery import Recovery
from cloud_hub.services.repairs import Repairs
from cloud_hub.services.reporting import Reporting
from cloud_hub.services.reserving import Reserving
from cloud_hub.services.restocking import Restocking
from cloud_hub.services.selling import Selling
from cloud_hub.services.showing import Showing
from cloud_hub.services.signing_in import SigningIn
from cloud_hub.services.sites import Sites
from cloud_hub.services.snapshots import Snapshots
from cloud_hub.services.stock import Stock
from cloud_hub.services.stock_reporting import StockReporting
from cloud_hub.services.store_rules import StoreRules
from cloud_hub.services.store_work import StoreWork
from cloud_hub.services.transferring import Transferring
from cloud_hub.services.trending import Trending
from cloud_hub.services.upserting import Upserting
from cloud_hub.services.vendors import Vendors
from cloud_hub.services.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The use cases that operations call."""

    accounts: Accounts
    adjusting: Adjusting
    alert_settings: AlertSettings
    store_rules: StoreRules
    alerting: Alerting
    api_keys: ApiKeys
    assortment: Assortment
    audit: Audit
    catalogue: Catalogue
    change_feed: ChangeFeed
    box_access: BoxAccess
    categories: Categories
    commands: Commands
    device_tokens: DeviceTokens
    enrolment: Enrolment
    fleet: Fleet
    health: Health
    imports: Imports
    jobs: Jobs
    large_batches: LargeBatches
    local_access: LocalAccess
    metrics: Metrics
    password_resets: PasswordResets
    profiles: Profiles
    purchasing: Purchasing
    readers: Readers
    receiving: Receiving
    recovery: Recovery
    repairs: Repairs
    reporting: Reporting
    reserving: Reserving
    restocking: Restocking
    selling: Selling
    showing: Showing
    signing_in: SigningIn
    sites: Sites
    snapshots: Snapshots
    stock: Stock
    stock_reporting: StockReporting
    store_work: StoreWork
    transferring: Transferring
    trending: Trending
    upserting: Upserting
    vendors: Vendors
    webhooks: Webhooks
    limits: Rates
    cors_origins: frozenset[str]
    """Pages of these may call us from a browser; never `*`."""
    is_behind_proxy: bool
    """A proxy of ours is in front: the last address in X-Forwarded-For is the one that it saw."""


HUB = web.AppKey("hub", Hub)
ASKER = web.RequestKey("asker", Principal)
"""Who asks, once that is known; also of a request that is refused."""
LIMITED = web.RequestKey("limited", str)
"""The key of the rate limit that a request was counted under."""
TRACE = web.RequestKey("trace_id", str)
"""Key of a request's trace id."""
