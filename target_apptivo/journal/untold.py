"""Since when answers may be untold: those of a run that did not come to its end.

The journal holds what became of a record before anybody is told, and the next run finds the record
unchanged. So the run that begins to tell leaves a note, and takes it away when all is told; what
was taken since an old note is told once more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select

from target_apptivo.journal.tables import META

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NAME: Final = "untold_since"
_IS_NOTE: Final = META.c.name == _NAME


def note_telling(connection: Connection, now: float, *, is_told: bool) -> float:
    """Note that a run begins to tell, or that it has told everything.

    Args:
        connection: In a transaction.
        now: Seconds since 1970.
        is_told: Whether everything is told.

    Returns:
        Since when answers of earlier runs may be untold; infinite where all are told.
    """
    noted = connection.scalar(select(META.c.value).where(_IS_NOTE))
    if is_told:
        connection.execute(delete(META).where(_IS_NOTE))
    elif noted is None:
        connection.execute(insert(META), {"name": _NAME, "value": repr(now)})
    return math.inf if noted is None else float(noted)
