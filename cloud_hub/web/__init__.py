"""The hub's HTTP side: a typed table of operations and what is derived from it."""
