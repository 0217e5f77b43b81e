"""The command, and `python -m target_apptivo`."""

from __future__ import annotations

import gc

from target_apptivo.signals import end_at_signals

# New objects between two looks for garbage: some megabytes.
_OBJECTS = 20_000


def main() -> None:
    """Run the command. Signals are answered first: what it needs takes half a second to load."""
    end_at_signals("before it began")
    # What is loaded stays: to look for garbage among it meanwhile is a tenth of the time.
    gc.disable()
    from target_apptivo.sources import check_log_settings  # noqa: PLC0415 - see above
    from target_apptivo.target import TargetApptivo  # noqa: PLC0415

    # And the records of a window are no garbage yet: to look through all of them every few hundred
    # objects costs a tenth of a run.
    gc.freeze()
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
    gc.enable()
    check_log_settings()
    TargetApptivo.cli()


if __name__ == "__main__":
    main()
