"""Make and drop databases with names of their own, from synchronous fixtures."""

from uuid import uuid4

from deploy.local.postgres import create_database, drop_database


def create(server_url: str, template: str = "template1") -> str:
    """A new database with a name that nobody else has."""
    name = f"t_{uuid4().hex[:16]}"
    create_database(server_url, name, template)
    return name


def drop(server_url: str, name: str) -> None:
    """Drop it whoever is still connected."""
    drop_database(server_url, name)
