"""Whole runs: in this process, or by the command, over real sockets."""
