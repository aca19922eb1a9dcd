"""Whole processes that are killed, stopped, starved of disk and cut from their power."""
