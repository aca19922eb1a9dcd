"""How Backstock is run: the local demo stack, broker and service configuration."""
