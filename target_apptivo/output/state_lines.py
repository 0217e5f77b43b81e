"""STATE: which lines are written and when, and what `emit: state` adds to them."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from target_apptivo.errors import OutputError
from target_apptivo.jsontext import dumps_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.output.report import Report
    from target_apptivo.redact import Redactor

# Seconds between two STATE lines. A state waits no longer than this, well within the second that
# is promised; who stores every line is not flooded.
_STATE_INTERVAL = 0.5


class StateLines:
    """STATE on stdout: never early, prompt, and no line twice."""

    def __init__(
        self,
        write: Callable[[str], None],
        redactor: Redactor,
        *,
        as_message: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write to stdout.

        Args:
            write: Writes a line.
            redactor: Masks secrets.
            as_message: Write a Singer STATE message, for a target behind us, not its value alone.
            clock: Seconds.
        """
        self._write = write
        self._redactor = redactor
        self._as_message = as_message
        self._clock = clock
        self._pending: Any = None
        self._last_line: str | None = None
        self._next_write = float("-inf")

    def reach(self, state: Any) -> None:  # noqa: ANN401
        """Take a state whose records are all settled; an empty one would erase stored bookmarks."""
        if state:
            self._pending = state

    @property
    def pending(self) -> Any:  # noqa: ANN401
        """The state that waits to be written."""
        return self._pending

    def wait(self) -> float | None:
        """Seconds until a waiting state is due; none where none waits."""
        return None if self._pending is None else max(0.0, self._next_write - self._clock())

    def write(self, state: Any) -> None:  # noqa: ANN401
        """Write a state in place of the waiting one, unless it is the last one written."""
        self._pending = None
        masked = self._redactor.data(state)
        try:
            line = dumps_line(
                {"type": "STATE", "value": masked} if self._as_message else masked, allow_nan=False
            )
        except ValueError:
            msg = "a STATE of the tap holds NaN or Infinity, which JSON cannot hold: mend the tap"
            raise OutputError(msg) from None
        if line == self._last_line:
            return
        self._write(line)
        self._last_line = line
        self._next_write = self._clock() + _STATE_INTERVAL


class StateResponses:
    """What `emit: state` adds to each STATE value."""

    def __init__(self, report: Report, limit: int) -> None:
        """Keep the newest responses since the last state."""
        self._report = report
        self._recent: deque[dict[str, Any]] = deque(maxlen=limit)
        self._untold = False

    def add(self, response: dict[str, Any]) -> None:
        """Keep a response record, without the answer's body."""
        left_out = ("response", "response_text")
        self._recent.append({key: value for key, value in response.items() if key not in left_out})
        self._untold = True

    @property
    def has_untold(self) -> bool:
        """Whether there are responses that no state has told of."""
        return self._untold

    def extend(self, state: Any) -> Any:  # noqa: ANN401
        """Add the responses to a state, in place of those that came back from the tap."""
        if not isinstance(state, dict):
            return state
        told = {"totals": self._report.totals(), "responses": list(self._recent)}
        self._recent.clear()
        self._untold = False
        return {**state, "target_apptivo": told}
