"""The store's REST API: parse, call one service, render."""
