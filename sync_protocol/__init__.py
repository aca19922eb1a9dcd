"""The shared language of stores and head office: pure, no I/O, no clock.

Read SPEC.md first; then records.py, chain.py, batch.py, messages.py, handshake.py,
sender.py and receiver.py in this order. Only transport/ touches a network.
"""
