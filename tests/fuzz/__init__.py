"""Whole runs of the real program, drawn by chance, and what must be true of each.

One seed is one pipeline: some input, some settings, a network that spoils requests and answers, and
signals that stop or kill a run; it is run again from the last STATE until it is through. Program,
sockets, files, signals and journal are real. Every order of events is for `tests/simulation`, which
repeats exactly: here a seed draws the same things again, but threads and clocks are free.
"""
