"""A local stand-in for Apptivo: for rehearsals, demos, tests and benchmarks."""

from __future__ import annotations

from target_apptivo.sandbox.exchange import Received, Reply
from target_apptivo.sandbox.sandbox import Sandbox

__all__ = ["Received", "Reply", "Sandbox"]
