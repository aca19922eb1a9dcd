"""A store's file with products, and a printer that is on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.labels.paper import Paper, a_store_file, switched_on


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    return a_store_file(tmp_path / "store.db")


@pytest.fixture
async def paper() -> AsyncIterator[Paper]:
    async with switched_on() as printer:
        yield printer
