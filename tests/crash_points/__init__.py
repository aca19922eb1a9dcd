"""Death at every registered point of every write path, and what must hold afterwards."""
