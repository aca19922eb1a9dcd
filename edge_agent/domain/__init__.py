"""What the words of a store mean: pure rules over values, no I/O, no clock."""
