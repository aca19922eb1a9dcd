"""The store box: everything a store does with its stock, with or without a connection.

Read services/scanning.py for the story of one scan, storage/ledger.py for what is kept,
app.py for how the parts are put together.
"""
