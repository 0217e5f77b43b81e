"""What an answer of Apptivo means for its record. Pure: tables, no I/O.

The body speaks before the status, because Apptivo refuses with HTTP 200 (docs/apptivo.md 9.2):

    status 401, 403                              credentials refused
    status 429, 503                              surely not processed
    status 408, other 5xx, no status at all      possibly processed
    body FAILURE whose reason names a key        credentials refused
    status 404 to a delete, no HTML page         accepted: the record is gone
    body {"status": "FAILURE", "reason": ...}    rejected
    body {"result": "Already exists"}            duplicate
    status 3xx, other 4xx                        rejected
    status 2xx, not JSON or not whole            possibly processed
    status 2xx, empty                            accepted; possibly processed where an id is due
    status 2xx, JSON                             accepted; uncertain where an id is due and missing
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from target_apptivo.apptivo.value import value
from target_apptivo.apptivo.verdict import Meaning, Outcome, Verdict
from target_apptivo.jsontext import dumps, loads_strictly

if TYPE_CHECKING:
    from target_apptivo.apptivo.operation import Operation

# "Duplicate key value" is no credential fault, so the key has to be named (docs/apptivo.md 9.3).
_NAMES_A_KEY: Final = re.compile(r"\b(api|access)[\s_-]*key", re.IGNORECASE)


@value(frozen=True, slots=True)
class Response:
    """An HTTP response: status code, body, and the header that matters.

    Attributes:
        is_whole: Whether the body could be read to its end.
    """

    status_code: int
    body: bytes
    retry_after: str | None = None
    is_whole: bool = True


@value(frozen=True, slots=True)
class NoResponse:
    """A request that ended without a response.

    Attributes:
        reason: What happened, in words that hold no URL.
        processed: Whether Apptivo may have processed the request.
        timed_out: Whether it was a timeout.
    """

    reason: str
    processed: bool
    timed_out: bool = False


_NOT_JSON: Final = object()
_EMPTY: Final = object()
_CUT_OFF: Final = object()

_ACCEPTED: Final = Verdict(outcome=Outcome.ACCEPTED)
_THROTTLED: Final = Verdict(
    outcome=Outcome.UNCERTAIN, meaning=Meaning.NOT_PROCESSED, pushes_back=True
)
_CREDENTIALS: Final = Verdict(outcome=Outcome.REJECTED, meaning=Meaning.CREDENTIALS_REFUSED)
_POSSIBLY: Final = Verdict(outcome=Outcome.UNCERTAIN, meaning=Meaning.POSSIBLY_PROCESSED)
_REJECTED: Final = Verdict(outcome=Outcome.REJECTED)

_NO_APPTIVO: Final = replace(_REJECTED, reason="an HTML page, no answer of Apptivo's: see api_url")

_BEFORE_THE_BODY: Final = {
    401: _CREDENTIALS,
    403: _CREDENTIALS,
    408: replace(_POSSIBLY, pushes_back=True),
    429: _THROTTLED,
    503: _THROTTLED,
}
_BY_CLASS: Final = {3: replace(_REJECTED, reason="redirected, not followed"), 4: _REJECTED}
# Classes of status codes whose body may tell a refusal.
_READABLE: Final = {2, 3, 4}
NO_ID: Final = "the answer shows neither a failure nor an id"
_NO_REASON: Final = "Apptivo answered FAILURE without a reason"


def interpret_response(operation: Operation, answer: Response | NoResponse) -> Verdict:
    """Tell what an answer means for the record that was sent.

    Args:
        operation: How the record was sent.
        answer: What came back.

    Returns:
        The verdict.
    """
    match answer:
        case NoResponse():
            meaning = Meaning.POSSIBLY_PROCESSED if answer.processed else Meaning.NOT_PROCESSED
            return Verdict(
                outcome=Outcome.UNCERTAIN,
                meaning=meaning,
                reason=answer.reason,
                pushes_back=answer.timed_out,
            )
    body = _read(answer.body) if answer.is_whole else _CUT_OFF
    verdict = _judge(operation, answer.status_code, body, is_page=_is_page(answer.body))
    # Made anew: `replace` reads every field before it does the same.
    return Verdict(
        outcome=verdict.outcome,
        meaning=verdict.meaning,
        reason=None if verdict.outcome is Outcome.ACCEPTED else _reason(verdict, answer, body),
        apptivo_id=verdict.apptivo_id,
        http_status=answer.status_code,
        response=body if isinstance(body, dict) else None,
        response_text=None if isinstance(body, dict) else _text(answer.body) or None,
        pushes_back=verdict.pushes_back,
        retry_after=answer.retry_after,
    )


def interpret_result(operation: Operation, status_code: int, result: object) -> Verdict:
    """Tell what one result of a batch's answer means, as if it were an answer of its own."""
    verdict = _judge(operation, status_code, result)
    accepted = verdict.outcome is Outcome.ACCEPTED
    reason = None if accepted else verdict.reason or _told_reason(result) or _NO_REASON
    return replace(
        verdict,
        meaning=Meaning.FINAL,
        http_status=status_code,
        reason=reason,
        response=result if isinstance(result, dict) else None,
        response_text=None if isinstance(result, dict) else dumps(result),
    )


def find(value: object, path: str) -> object:
    """Follow a dotted path into nested objects.

    Returns:
        What is there, or None.
    """
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _judge(
    operation: Operation, status_code: int, body: object, *, is_page: bool = False
) -> Verdict:
    """Apply the table at the top of this module."""
    if by_status := _BEFORE_THE_BODY.get(status_code):
        return by_status
    told = _refusal(body) if status_code // 100 in _READABLE else None
    if status_code == 404 and operation.deletes and told is not _CREDENTIALS:  # noqa: PLR2004
        return _NO_APPTIVO if is_page else _ACCEPTED
    if told:
        return told
    if status_code // 100 == 2:  # noqa: PLR2004
        return _judge_success(operation, body)
    return _BY_CLASS.get(status_code // 100, _POSSIBLY)


def _refusal(body: object) -> Verdict | None:
    """Read the two refusals that Apptivo sends with any status."""
    if not isinstance(body, dict):
        return None
    if str(body.get("status")).casefold() == "failure":
        names_a_key = _NAMES_A_KEY.search(str(body.get("reason")))
        return _CREDENTIALS if names_a_key else _REJECTED
    if str(body.get("result")).strip().casefold() == "already exists":
        return Verdict(outcome=Outcome.DUPLICATE, reason="Already exists")
    return None


def _judge_success(operation: Operation, body: object) -> Verdict:
    """Judge a 2xx that shows no refusal by its id, where one is looked for."""
    if body is _CUT_OFF:
        return replace(_POSSIBLY, reason="the answer breaks off or is garbled", pushes_back=True)
    if body is _NOT_JSON:
        return replace(_POSSIBLY, reason="the answer is not JSON", pushes_back=True)
    if not operation.id_paths:
        return _ACCEPTED
    if body is _EMPTY:
        return replace(_POSSIBLY, reason="the answer is empty", pushes_back=True)
    found = (_id(find(body, path)) for path in operation.id_paths)
    if apptivo_id := next(filter(None, found), None):
        return Verdict(outcome=Outcome.ACCEPTED, apptivo_id=apptivo_id)
    return Verdict(outcome=Outcome.UNCERTAIN, reason=NO_ID)


def _id(value: object) -> str | None:
    """Give an id as text, if it is one."""
    match value:
        case bool():
            return None
        case int() if value > 0:
            return str(value)
        case str() if value.strip().strip("0"):
            return value.strip()
    return None


def _read(body: bytes) -> object:
    """Read a body by what it is, not by its content type; a byte order mark is ignored."""
    text = body.strip()
    if not text.removeprefix(b"\xef\xbb\xbf").strip():
        return _EMPTY
    try:
        return loads_strictly(text)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _is_page(body: bytes) -> bool:
    """Whether a body is HTML, as a server or a proxy sends that knows no such address."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _text(body: bytes) -> str:
    """Give a body as text; it is cut where it is told, after secrets are masked."""
    return body.decode(errors="replace")


def _reason(verdict: Verdict, answer: Response, body: object) -> str:
    """Say in words why a record is not accepted."""
    told = verdict.reason or _told_reason(body)
    if answer.status_code // 100 == 2:  # noqa: PLR2004
        return told or _NO_REASON
    return f"HTTP {answer.status_code}: {told}" if told else f"HTTP {answer.status_code}"


def _told_reason(body: object) -> str | None:
    """Find the reason in a body: `reason` is Apptivo's, the others are guesses of clients."""
    if not isinstance(body, dict):
        return None
    for name in ("reason", "message", "error"):
        if isinstance(told := body.get(name), str) and told.strip():
            words = "".join(each if each.isprintable() else " " for each in told).split()
            return " ".join(words)
    return None
