"""Two stores and a head office on one machine, to watch, to break and to mend: `make demo`."""
