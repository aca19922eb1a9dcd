"""Which Backstock this is."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """Of the installed distribution."""
    try:
        return version("backstock")
    except PackageNotFoundError:
        return "0"
