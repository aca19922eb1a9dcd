"""What must hold once everything is mended: one small file per law, each a list of complaints.

A copies, B levels, C zero_sum, D pruning, E convergence (world.py), F anomalies, G sales,
H feeds. A check reads the boxes' disks and the hub's tables and changes nothing.
"""
