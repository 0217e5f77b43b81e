"""The last filter between a secret and any text that leaves the program."""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"

# A secret shorter than this may be an everyday word: it is masked only where it stands alone.
_SURELY_A_SECRET = 8


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


class Redactor:
    """Masks the secrets that it knows in texts and in JSON values."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Start with some secrets; more may be added as they are read."""
        self._secrets: set[str] = set()
        self._secret: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: object) -> None:
        """Learn secrets; a number is one too (a key without its quotes), a blank is none."""
        texts = {str(secret) for secret in secrets if isinstance(secret, str | int)}
        known = {text for text in texts if text.strip()}
        if not known <= self._secrets:
            self._secrets |= known
            spellings = {text for secret in self._secrets for text in _spellings(secret)}
            longest_first = sorted(spellings, key=lambda text: (-len(text), text))
            # Percent-encoding may be written in either case.
            self._secret = re.compile("|".join(map(_pattern, longest_first)), re.IGNORECASE)

    def text(self, text: str) -> str:
        """Mask every secret in a text."""
        return self._secret.sub(MASK, text) if self._secret else text

    def value(self, value: Any) -> Any:  # noqa: ANN401
        """Mask every secret in the texts and names of a JSON value.

        Values are masked before they are written, so that the JSON around them stays whole.
        """
        if self._secret is None:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(name): self.value(item) for name, item in value.items()}
            case list():
                return [self.value(item) for item in value]
            case int() if str(value) in self._secrets:
                return MASK
        return value


class RedactingFormatter(logging.Formatter):
    """Masks secrets in the finished line, when exceptions and their causes are in it."""

    def __init__(self, inner: logging.Formatter | None, redactor: Redactor) -> None:
        """Wrap the formatter that makes the line."""
        super().__init__()
        self.inner = inner or logging.Formatter()
        self.redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Format a log record and mask the secrets in it."""
        return self.redactor.text(self.inner.format(record))


def guard_logging(redactor: Redactor) -> None:
    """Put the filter behind every log handler there is, however it was configured.

    `SINGER_SDK_LOG_CONFIG` may have replaced the SDK's handlers, so all loggers are looked at.
    A thread that dies tells so through the log, not on the bare stderr.
    """
    for handler in _handlers():
        if not isinstance(handler.formatter, RedactingFormatter):
            handler.setFormatter(RedactingFormatter(handler.formatter, redactor))
        else:
            handler.formatter.redactor = redactor
    threading.excepthook = _log_thread_error


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
