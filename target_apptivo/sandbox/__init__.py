"""A local stand-in for Apptivo: for rehearsals, demos, tests and benchmarks."""

from __future__ import annotations

from target_apptivo.sandbox.exchange import Received, Reply

try:
    from target_apptivo.sandbox.sandbox import Sandbox
except ModuleNotFoundError as error:
    error.msg = f"{error.msg}: pip install 'target-apptivo[sandbox]'"
    raise

__all__ = ["Received", "Reply", "Sandbox"]
