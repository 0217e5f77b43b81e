"""What delivery costs, measured side by side with what it would be compared to.

    python -m benchmarks            all of it, in less than six minutes
    python -m benchmarks --quick    the same with fewer records, in less than one

Only ratios are to be trusted: whatever is compared runs in turns, in one run, on one machine.
"""
