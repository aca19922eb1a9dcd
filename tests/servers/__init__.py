"""Real servers for tests: PostgreSQL clusters and MQTT brokers as fixtures."""
