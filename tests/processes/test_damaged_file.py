"""A store's database file from tomorrow, or with bytes that a dying card has changed.

Damage is found or harmless: either the agent refuses the file, or `verify` names the problem,
or ledger and levels are exactly what they were.
"""

import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from edge_agent.errors import EdgeError
from edge_agent.services import backup
from edge_agent.storage import ledger
from edge_agent.storage.database import Database
from tests.processes import till

Content = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


@pytest.fixture
async def sold(tmp_path: Path) -> Path:
    """A closed database with some hundred sales."""
    path = tmp_path / "sold.db"
    database = await till.open_store(path)
    for number in range(300):
        await database.write(ledger.append, [till.sale(number, f"k{number}")])
    await database.close()
    return path


async def test_damage_to_the_file_is_found_or_harmless(sold: Path, tmp_path: Path, seed: int) -> None:
    before = _content(sold)
    outcomes = {"refused": 0, "verify": 0, "harmless": 0}
    for case in range(int(os.environ.get("DAMAGES", "30"))):
        path = tmp_path / f"{case}.db"
        shutil.copy(sold, path)
        what = _damage(path, random.Random(seed + case))
        outcome = await _meet(path, before)
        assert outcome in outcomes, f"SEED={seed + case}: {what} changed stock unseen"
        outcomes[outcome] += 1
    assert outcomes["refused"], f"some damage must make the file unusable: {outcomes}"


async def test_one_changed_bit_inside_a_record_breaks_the_chain(sold: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    _flip(sold, path, b'"k150"')

    database = Database.open(path)
    await database.close()

    assert any("chain is broken" in problem for problem in backup.verify(path))


async def test_a_database_of_a_newer_agent_is_refused_and_left_alone(sold: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    shutil.copy(sold, path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(EdgeError) as refused:
        Database.open(path)

    assert refused.value.code == "database_newer"
    assert refused.value.remedy
    assert path.read_bytes() == before


def _flip(source: Path, target: Path, inside: bytes) -> None:
    """A copy in which one bit of these bytes is another."""
    data = bytearray(source.read_bytes())
    data[data.index(inside) + 2] ^= 1
    target.write_bytes(data)


def _damage(path: Path, choose: random.Random) -> str:
    """Change the file as a card might; what was done."""
    data = bytearray(path.read_bytes())
    how = choose.choice(("bit", "page", "zero", "cut"))
    at = choose.randrange(100, len(data))
    if how == "bit":
        for _ in range(choose.randrange(1, 60)):
            data[choose.randrange(100, len(data))] ^= 1 << choose.randrange(8)
    elif how == "cut":
        del data[at:]
    else:
        start = at // 4096 * 4096
        data[start : start + 4096] = choose.randbytes(4096) if how == "page" else bytes(4096)
    path.write_bytes(data)
    return f"{how} at {at}"


async def _meet(path: Path, before: Content) -> str:
    try:
        database = Database.open(path)
    except EdgeError as error:
        assert error.code == "database_damaged", error
        return "refused"
    await database.close()
    if backup.verify(path):
        return "verify"
    return "harmless" if _content(path) == before else "unseen"


def _content(path: Path) -> Content:
    with sqlite3.connect(path) as connection:
        ledger_rows = connection.execute(
            "SELECT sequence, encoded, chain_hash, product_id, quantity, from_location, to_location FROM ledger"
            " ORDER BY sequence"
        ).fetchall()
        levels = connection.execute("SELECT * FROM levels ORDER BY 1, 2").fetchall()
    connection.close()
    return ledger_rows, levels
