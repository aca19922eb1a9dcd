"""Use cases of the store. Each `record_...(connection, command, now_ms)` runs in one transaction."""
