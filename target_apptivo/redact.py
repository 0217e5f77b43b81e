"""The last filter between a secret and any text that leaves the program."""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from target_apptivo.verbatim import Verbatim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MASK = "***"

# A secret shorter than this may be an everyday word. It is masked where it stands alone in a text
# for people or of Apptivo's; in the tap's own data, where nobody would have put it, a mask would
# do damage: `key` would take `key_properties` with it.
_SURELY_A_SECRET = 8

_NOTHING = re.compile(r"(?!)")
# What would begin a new line, or move the cursor, where a log is read.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _spellings(secret: str) -> Iterator[str]:
    """Give every way a secret may be spelt in a text."""
    yield secret
    yield repr(secret)[1:-1]
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", r"\/")  # as PHP and others write it
    for safe in ("", "/", "*"):
        yield quote(secret, safe=safe, errors="replace")
        yield quote_plus(secret, safe=safe, errors="replace")
    yield from _base64_spellings(secret.encode(errors="replace"))


def _base64_spellings(secret: bytes) -> Iterator[str]:
    """Give the part of a secret's base64 that is the same whatever stands before and after it."""
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + secret)
        # Six bits a letter: only letters made of the secret's bits alone are always the same.
        stable = encoded[-(-lead * 8 // 6) : (lead + len(secret)) * 8 // 6]
        if len(stable) >= _SURELY_A_SECRET:
            yield stable.decode()
            yield stable.decode().translate({ord("+"): "-", ord("/"): "_"})


def _pattern(spelling: str) -> str:
    """Match a spelling; a short one only as a whole word."""
    escaped = re.escape(spelling)
    if len(spelling) >= _SURELY_A_SECRET:
        return escaped
    return rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"


def _any_of(secrets: Iterable[str]) -> re.Pattern[str]:
    """Match any spelling of any of some secrets."""
    spellings = {text for secret in secrets for text in _spellings(secret)}
    longest_first = sorted(spellings, key=lambda text: (-len(text), text))
    # Percent-encoding may be written in either case.
    return re.compile("|".join(map(_pattern, longest_first)) or _NOTHING.pattern, re.IGNORECASE)


class Redactor:
    """Masks the secrets that it knows: in texts, in Apptivo's answers, and in the tap's data."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Start with some secrets; more may be added as they are read."""
        self._secrets: set[str] = set()
        self._secret = self._sure_secret = _NOTHING
        self.add(*secrets)

    def add(self, *secrets: object) -> None:
        """Learn secrets; a number is one too (a key without its quotes), a blank is none."""
        texts = {str(secret) for secret in secrets if isinstance(secret, str | int)}
        known = {text for text in texts if text.strip()}
        if not known <= self._secrets:
            self._secrets |= known
            self._secret = _any_of(self._secrets)
            self._sure_secret = _any_of(
                secret for secret in self._secrets if len(secret) >= _SURELY_A_SECRET
            )

    def text(self, text: str) -> str:
        """Mask every secret in a text for people."""
        return self._secret.sub(MASK, text)

    def data(self, value: Any) -> Any:  # noqa: ANN401
        """Mask what is surely a secret in the texts and names of the tap's data.

        Values are masked before they are written, so that the JSON around them stays whole.
        """
        return _masked(value, self._sure_secret, self._sure_secret)

    def answer(self, value: Any) -> Any:  # noqa: ANN401
        """Mask every secret in the texts of an answer, which may repeat what was sent."""
        return _masked(value, self._secret, self._sure_secret)


def _masked(value: Any, secret: re.Pattern[str], in_names: re.Pattern[str]) -> Any:  # noqa: ANN401
    """Mask secrets in a JSON value."""
    if isinstance(value, str):
        return secret.sub(MASK, value)
    match value:
        case dict():
            return {
                in_names.sub(MASK, name): _masked(item, secret, in_names)
                for name, item in value.items()
            }
        case list():
            return [_masked(item, secret, in_names) for item in value]
        case int() if in_names.fullmatch(str(value)):
            return MASK
        case Verbatim():
            return Verbatim(secret.sub(MASK, value.encoded_json))
    return value


class MaskedError(Exception):
    """Stands in the log for an error whose traceback held a secret; its text is that traceback."""


class RedactingFactory:
    """Masks secrets in a log record before any handler has it, whatever the handler makes of it.

    Its message is one line: what a tap names a stream must not look like a line of the log.
    """

    def __init__(self, inner: Callable[..., logging.LogRecord], redactor: Redactor) -> None:
        """Wrap what makes the records."""
        self.inner = inner
        self.redactor = redactor

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401
        """Make a log record; what holds no secret stays as it is."""
        record = self.inner(*args, **kwargs)
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - the handlers would print its arguments
            message, record.args = f"{record.msg} {record.args!r}", None
            record.msg = message
        if (told := _CONTROL.sub(_escaped, self.redactor.text(message))) != message:
            record.msg, record.args = told, None
        if record.exc_info and record.exc_info[0]:
            text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            if (masked := self.redactor.text(text)) != text:
                record.exc_text = masked
                record.exc_info = (MaskedError, MaskedError(masked), None)
        return record


def _escaped(match: re.Match[str]) -> str:
    """Write a control character as Python would."""
    return match[0].encode("unicode_escape").decode()


class RedactingFormatter(logging.Formatter):
    """Masks secrets in the finished line, whatever the formatter has put into it."""

    def __init__(self, inner: logging.Formatter | None, redactor: Redactor) -> None:
        """Wrap the formatter that makes the line."""
        super().__init__()
        self.inner = inner or logging.Formatter()
        self.redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Format a log record and mask the secrets in it; one for a person is its message alone."""
        is_plain = getattr(record, "is_plain", False)
        return self.redactor.text(record.getMessage() if is_plain else self.inner.format(record))


def guard_logging(redactor: Redactor) -> None:
    """Put the filter before and behind every log handler there is, however it was configured.

    `SINGER_SDK_LOG_CONFIG` may have replaced the SDK's handlers, so all loggers are looked at.
    A thread that dies tells so through the log, not on the bare stderr.
    """
    for handler in _handlers():
        if not isinstance(handler.formatter, RedactingFormatter):
            handler.setFormatter(RedactingFormatter(handler.formatter, redactor))
        else:
            handler.formatter.redactor = redactor
    make_record = logging.getLogRecordFactory()
    inner = make_record.inner if isinstance(make_record, RedactingFactory) else make_record
    logging.setLogRecordFactory(RedactingFactory(inner, redactor))
    threading.excepthook = _log_thread_error


def tells_a_user(record: logging.LogRecord) -> bool:
    """Whether a log line says anything to a user: not that the SDK left out what nobody asked."""
    is_idle = record.msg == "Skipping parse of env var settings..."
    return not is_idle or logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


def _handlers() -> Iterator[logging.Handler]:
    """Give every handler: of all loggers, behind other handlers, and the one of last resort."""
    loggers = [logging.getLogger(), *logging.getLogger().manager.loggerDict.values()]
    waiting = [handler for logger in loggers for handler in getattr(logger, "handlers", ())]
    waiting.append(logging.lastResort)
    while waiting:
        if isinstance(handler := waiting.pop(), logging.Handler):
            yield handler
            waiting.append(getattr(handler, "target", None))  # of a MemoryHandler


def _log_thread_error(args: threading.ExceptHookArgs) -> None:
    """Log what ended a thread, in place of the interpreter's own traceback on stderr."""
    if args.exc_type is not SystemExit and sys.stderr is not None:
        logging.getLogger(__name__).error(
            "a thread ended by %s", args.exc_type.__name__, exc_info=args.exc_value
        )
