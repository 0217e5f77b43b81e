"""What is done with a record, step by step. Pure: each reads top to bottom as it happens.

A way awaits steps and ends with what became of its record. It knows no socket, clock, lock or
database, and catches no exception around a step: an exception that leaves it ends the run at its
record.
"""
