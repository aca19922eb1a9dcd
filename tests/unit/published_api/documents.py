"""The two documents, as the programs publish them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from cloud_hub.web import meanings as of_hub
from cloud_hub.web import openapi as hub
from cloud_hub.web.app import operations
from edge_agent.web import meanings as of_box
from edge_agent.web import openapi as box
from edge_agent.web.server import OPERATIONS

NAMES = ("box", "hub")
OWN_MEANINGS: Mapping[str, Mapping[str, str]] = {"box": of_box.MEANINGS, "hub": of_hub.MEANINGS}


@cache
def document(name: str) -> dict[str, Any]:
    """Of `box` or `hub`; not to be changed."""
    return box.document(OPERATIONS, "test") if name == "box" else hub.document(operations(), "test")
