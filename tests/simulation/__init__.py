"""The deterministic simulator: whole chains of stores in virtual time, one seed, one run.

Real code: the protocol, the stores' SQLite storage and use cases, the hub's pure decisions.
Simulated: time, the network and its broker, power, disks, people, and the hub's database
(dictionaries with transactions). Read world.py first; `python -m tests.simulation --help`.
"""
