"""The rules of this store as they hold now, and the store's day by head office's time."""

import sqlite3
from functools import lru_cache

import orjson
import structlog

from edge_agent.domain.store_rules import StoreRules, day_of, read_rules
from edge_agent.storage import catalogue, identity

log = structlog.get_logger(__name__)


def rules_of(connection: sqlite3.Connection) -> StoreRules:
    """What the policy says, read once per policy."""
    return _read(catalogue.get_policy(connection).settings)


def today(connection: sqlite3.Connection, now_ms: int) -> str:
    """The store's day (YYYY-MM-DD), by the box's clock as head office corrects it."""
    return day_of(rules_of(connection), now_ms + (identity.clock_offset(connection) or 0))


@lru_cache(maxsize=4)
def _read(settings: str) -> StoreRules:
    found = {} if settings == "{}" else orjson.loads(settings)
    rules, mistakes = read_rules(found if isinstance(found, dict) else {})
    if mistakes:
        log.error("rules of the policy that cannot be used are left out", mistakes=mistakes)
    return rules
