"""Adapters to the outside: the broker, the hub over HTTPS, the scanners."""
