"""Use cases of the hub: what happens, in which transaction, and who is told."""
