"""The role `api`: all use cases of the HTTP side, and the server in front of them."""

import ssl
from contextlib import AsyncExitStack
from functools import partial
from urllib.parse import urlsplit

from cloud_hub.config import Config
from cloud_hub.core import Core, now_ms
from cloud_hub.domain.rates import Allowance, Rates
from cloud_hub.errors import Misconfigured
from cloud_hub.services import doctor
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
from cloud_hub.services.enrolment import BrokerForDevices, Enrolment
from cloud_hub.services.fleet import Fleet
from cloud_hub.services.health import Health, Probe
from cloud_hub.services.imports import Imports
from cloud_hub.services.jobs import Jobs
from cloud_hub.services.large_batches import LargeBatches
from cloud_hub.services.local_access import LocalAccess
from cloud_hub.services.metrics import Metrics
from cloud_hub.services.password_resets import PasswordResets
from cloud_hub.services.passwords import Passwords
from cloud_hub.services.posting import Posting
from cloud_hub.services.principals import Principals
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
from cloud_hub.storage import events
from cloud_hub.storage.database import connect
from cloud_hub.storage.listening import Listener
from cloud_hub.storage.reads import Reads
from cloud_hub.web.app import make_app
from cloud_hub.web.context import Hub
from cloud_hub.web.server import HttpServer
from published_api.version import installed_version

LOGINS = Allowance(10, 900)
"""Wrong passwords of one account from one address."""
RESETS = Allowance(10, 900)
"""Password resets asked for or confirmed from one address."""


def enrolment_of(core: Core, http_port: int) -> Enrolment:
    """The use cases of boxes, told how boxes reach us."""
    config = core.config
    address = config.broker
    tls = address.tls if address is not None else True
    if config.device_broker_tls is not None:
        tls = config.device_broker_tls
    broker = BrokerForDevices(
        host=config.device_broker_host or (address.host if address is not None else "127.0.0.1"),
        port=config.device_broker_port or (address.port if address is not None else 8883),
        tls=tls,
        username="store" if config.broker_password_fallback else "",
        password=config.device_broker_password if config.broker_password_fallback else None,
    )
    hub_url = config.public_url or (None if http_port == 0 else f"{_scheme(config)}://{config.http_host}:{http_port}")
    return Enrolment(core.database, core.reads, core.folder, core.keyring, broker=broker, hub_url=hub_url)


def local_access_of(core: Core) -> LocalAccess:
    """Boxes' own HTTPS; no box may pass for the hub or the broker."""
    config = core.config
    hosts = (
        urlsplit(config.public_url or "").hostname, config.http_host, config.device_broker_host,
        None if config.broker is None else config.broker.host,
    )  # fmt: skip
    return LocalAccess(
        core.database, core.keyring.authority, people_key=core.keyring.people_key,
        own_hosts=[host.lower() for host in hosts if host],
    )  # fmt: skip


def probes_of(core: Core) -> list[Probe]:
    """The checks of this process."""
    config = core.config
    found = doctor.probes(core.reads, core.folder, core.keyring, database_url=config.database_url, broker=config.broker)
    return [*found, *doctor.own_certificates(config.http_cert, config.broker_cert)]


def limits_of(config: Config) -> Rates:
    """How often somebody may ask within a minute."""
    by_address = Allowance(config.rate_per_address, 60)
    return Rates({"principal": Allowance(config.rate_per_principal, 60), "address": by_address, "public": by_address})


def build_hub(core: Core, metrics: Metrics, stack: AsyncExitStack) -> Hub:
    """All use cases of the API."""
    config = core.config
    database, reads = core.database, core.reads
    sign = core.keyring.hub_key.sign
    passwords = Passwords()
    stack.callback(passwords.close)
    change_feed = ChangeFeed(reads, Listener(partial(connect, config.database_url), events.CHANNEL))
    stack.push_async_callback(change_feed.close)
    audit = Audit(database, reads)
    stack.push_async_callback(audit.flush)
    searches = Reads(partial(connect, config.database_url, plans_once=True), config.read_connections)
    stack.push_async_callback(searches.close)
    catalogue = Catalogue(database, reads)
    posting = Posting(database, sign=sign)
    stock = Stock(database, reads)
    known, tries = Principals(), Rates({"login": LOGINS, "reset": RESETS})
    signing_in = SigningIn(database, reads, core.keyring, passwords, known, tries)
    profiles = Profiles(database, reads, passwords, signing_in, known, tries)
    accounts = Accounts(database, reads, passwords, known, open_registration=config.open_registration)
    return Hub(
        accounts=accounts,
        adjusting=Adjusting(database, posting),
        alert_settings=AlertSettings(database, reads),
        store_rules=StoreRules(database, reads),
        alerting=Alerting(database, reads, posting),
        api_keys=ApiKeys(database, reads, known),
        assortment=Assortment(database, reads),
        audit=audit,
        box_access=BoxAccess(accounts, passwords, people_key=core.keyring.people_key),
        catalogue=catalogue,
        change_feed=change_feed,
        categories=Categories(database, reads),
        commands=Commands(reads),
        device_tokens=DeviceTokens(reads, core.folder),
        enrolment=enrolment_of(core, config.http_port),
        fleet=Fleet(reads),
        health=Health([*probes_of(core), doctor.hearing(reads)]),
        imports=Imports(database),
        jobs=Jobs(database, reads),
        large_batches=LargeBatches(database),
        local_access=local_access_of(core),
        metrics=metrics,
        password_resets=PasswordResets(database, profiles, tries, has_mail=config.mail_url is not None),
        profiles=profiles,
        purchasing=Purchasing(database, reads),
        readers=Readers(),
        receiving=Receiving(database, reads, posting),
        recovery=Recovery(database, sign=sign),
        repairs=Repairs(database, reads, catalogue),
        reporting=Reporting(reads),
        reserving=Reserving(database, reads),
        restocking=Restocking(reads, stock),
        selling=Selling(reads, posting),
        showing=Showing(reads, searches),
        signing_in=signing_in,
        sites=Sites(database, reads),
        snapshots=Snapshots(database, sign=sign),
        stock=stock,
        stock_reporting=StockReporting(database, reads),
        store_work=StoreWork(reads),
        transferring=Transferring(database, reads, posting),
        trending=Trending(reads),
        upserting=Upserting(database, catalogue),
        vendors=Vendors(database, reads),
        webhooks=Webhooks(database, reads, key=core.keyring.webhook_key, private_nets=config.webhook_private_nets),
        cors_origins=frozenset(config.cors_origins),
        is_behind_proxy=config.behind_tls_proxy,
        limits=limits_of(config),
    )


async def start_api(core: Core, metrics: Metrics, stack: AsyncExitStack) -> str:
    """Serve HTTP until the stack closes; the URL."""
    config = core.config
    hub = build_hub(core, metrics, stack)
    await hub.enrolment.apply_revocations(now_ms())
    app = make_app(
        hub,
        version=installed_version(),
        requests_in_flight=config.requests_in_flight,
        token_keys=core.keyring.tokens.verifying,
    )
    server = HttpServer(app, tls=_tls(config))
    port = await server.start(config.http_host, config.http_port)
    stack.push_async_callback(server.stop)
    stack.callback(hub.readers.close)  # first: streams would use up the time that requests get to end
    return f"{_scheme(config)}://{config.http_host}:{port}"


def _tls(config: Config) -> ssl.SSLContext | None:
    if config.http_cert is None or config.http_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(config.http_cert, config.http_key)
    except OSError as error:
        raise Misconfigured("http_cert", f"{config.http_cert}: expected a certificate and its key: {error}") from error
    return context


def _scheme(config: Config) -> str:
    return "http" if config.http_cert is None else "https"
