"""The hub's side of the broker."""
