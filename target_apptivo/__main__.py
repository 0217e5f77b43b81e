"""The command, and `python -m target_apptivo`."""

from __future__ import annotations

from target_apptivo.signals import end_at_signals


def main() -> None:
    """Run the command. Signals are answered first: what it needs takes half a second to load."""
    end_at_signals("before it began")
    from target_apptivo.sources import check_log_settings  # noqa: PLC0415 - see above
    from target_apptivo.target import TargetApptivo  # noqa: PLC0415

    check_log_settings()
    TargetApptivo.cli()


if __name__ == "__main__":
    main()
