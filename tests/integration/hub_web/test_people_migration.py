"""F30: the people of the first schema are there after the step, and after the step back."""

from uuid import uuid4

from cloud_hub.storage import migrate
from cloud_hub.storage.database import connect

ADD = (
    "INSERT INTO users (id, username, password_hash, role, site_ids, is_everywhere, created_at)"
    " VALUES ($1, $2, 'hash', 'staff', '{}', true, 0)"
)


async def test_a_name_that_is_an_address_becomes_one_and_everybody_stays(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url, "0001")
    connection = await connect(empty_database_url)
    for name in ("ada", "bob@example.com"):
        await connection.execute(ADD, uuid4(), name)

    await migrate.upgrade(empty_database_url, "0002")
    after = await connection.fetch("SELECT username, email, version FROM users ORDER BY coalesce(username, email)")
    assert [tuple(row) for row in after] == [("ada", None, 1), (None, "bob@example.com", 1)]
    await connection.execute("UPDATE users SET password_hash = NULL WHERE username = 'ada'")

    await migrate.downgrade(empty_database_url, "0001")
    before = await connection.fetch("SELECT username, password_hash FROM users ORDER BY username")
    assert [tuple(row) for row in before] == [("ada", ""), ("bob@example.com", "hash")]
    await connection.close()
