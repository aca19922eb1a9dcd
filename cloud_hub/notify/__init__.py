"""Ways out of the hub to people and programs: mail, webhooks, the broker's alert topic."""
