"""Bugs planted on purpose in the real code, to prove that the tests would find them."""
