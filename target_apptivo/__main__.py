"""`python -m target_apptivo`."""

from target_apptivo.target import TargetApptivo

TargetApptivo.cli()
