"""Alembic's entry: no ini file, no engine of its own; the caller brings the connection.

SQLite's DDL is transactional only when BEGIN is sent by hand, which the pysqlite driver
does not do by itself: hence the explicit BEGIN IMMEDIATE.
"""

from alembic import context

from edge_agent.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
connection.connection.driver_connection.isolation_level = None
connection.exec_driver_sql("BEGIN IMMEDIATE")
with context.begin_transaction():
    context.run_migrations()
connection.commit()
