"""Alembic's folder: `env.py` runs it on a given connection, `versions/` holds the steps."""
