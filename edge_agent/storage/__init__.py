"""All SQL of the store: one file per aggregate, plain functions of a connection.

Each function runs inside the caller's transaction on the writer thread (database.py), or
inline on any connection that `ddl.create` has prepared.
"""
