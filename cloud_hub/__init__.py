"""Head office: PostgreSQL, the stores' ledgers, people, and the feeds back to the stores."""
