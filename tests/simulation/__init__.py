"""The simulation: one seed, one course of several runs, and the truth afterwards.

`README.md` says what is proven how, and what is left out.
"""
