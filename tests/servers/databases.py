"""Make and drop databases by name, from synchronous fixtures."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import asyncpg


def create(server_url: str, template: str = "template1") -> str:
    """A new database with a name of its own."""
    name = f"t_{uuid4().hex[:16]}"
    _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def drop(server_url: str, name: str) -> None:
    """Drop it whoever is still connected."""
    _execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(server_url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(server_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:  # a fixture may run while a loop does
        thread.submit(asyncio.run, run()).result()
