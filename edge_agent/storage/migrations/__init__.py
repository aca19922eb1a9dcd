"""Alembic's folder: env.py runs on the connection that upgrade.py hands in."""
