"""The last filter: no spelling of a secret leaves, and what leaves stays whole."""

from __future__ import annotations

import base64
import io
import json
import logging
import logging.config
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from singer_sdk.logging import ConsoleFormatter, StructuredFormatter

from target_apptivo.redact import MASK, RedactingFormatter, Redactor, guard_logging

if TYPE_CHECKING:
    from collections.abc import Iterator

fixed = settings(derandomize=True, deadline=None, max_examples=60)

SECRET = 'Kü/9+"x y=ZQ&7'
KEY = "abcdEFGH-1234/xyz+W=="

# Keys of any characters, those included that each encoding treats in its own way.
secrets = st.text(
    st.sampled_from('abXY09-_.~/+= "\\&%<>é😀\n') | st.characters(codec="utf-8"),
    min_size=8,
    max_size=40,
).filter(lambda secret: secret.strip() and "*" not in secret)
texts = st.text(st.characters(codec="utf-8", exclude_characters="*"), max_size=20)


def spellings(secret: str) -> dict[str, str]:
    """Spell a secret in each way that a library, a server or a log may."""
    percent = quote(secret, safe="")
    half = len(percent) // 2
    return {
        "plain": secret,
        "percent": percent,
        "percent, path": quote(secret),
        "percent, form": quote_plus(secret),
        "percent, urlencode": urlencode({"k": secret})[2:],
        "percent, lower": percent.lower(),
        "percent, mixed": percent[:half].lower() + percent[half:],
        "JSON": json.dumps(secret)[1:-1],
        "JSON, UTF-8": json.dumps(secret, ensure_ascii=False)[1:-1],
        "JSON, slashes": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "repr": repr(secret)[1:-1],
    }


# -- texts ----------------------------------------------------------------------------------------


@fixed
@given(secrets, texts, texts)
def test_no_spelling_of_a_secret_survives(secret: str, before: str, after: str) -> None:
    """Plain, percent-encoded in either case, JSON-escaped: embedded anywhere, all are masked."""
    redactor = Redactor([secret])
    for kind, spelling in spellings(secret).items():
        masked = redactor.text(f"{before}{spelling}{after}")
        assert MASK in masked, kind
        for other in spellings(secret).values():
            assert other.casefold() not in masked.casefold(), kind


@fixed
@given(secrets, st.binary(max_size=12), st.binary(max_size=12))
def test_no_base64_of_a_secret_survives(secret: str, before: bytes, after: bytes) -> None:
    """A secret inside anything that is encoded as a whole (basic authentication) is masked."""
    redactor = Redactor([secret])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + secret.encode() + after).decode()
        masked = redactor.text(f"Authorization: Basic {text}").removeprefix("Authorization: Basic ")
        assert MASK in masked
        # What is left are the letters that the secret shares with its neighbours.
        left, _, right = masked.partition(MASK)
        assert len(base64.urlsafe_b64decode(left[: len(left) // 4 * 4])) <= len(before)
        assert len(right.rstrip("=")) <= len(after) * 8 / 6 + 2


@pytest.mark.parametrize("kind", spellings(SECRET))
def test_each_spelling_is_masked_whole(kind: str) -> None:
    """Nothing of it is left over, and nothing around it is lost."""
    text = f"<{spellings(SECRET)[kind]}>"
    assert Redactor([SECRET]).text(text) == "<***>"


def test_case_does_not_save_a_secret() -> None:
    """A host or a header that changes the case of a key still leaks it."""
    assert Redactor([KEY]).text(f"x{KEY.upper()}x{KEY.lower()}x") == "x***x***x"


@pytest.mark.parametrize("secret", ["ab", "key", "test", "1234567"])
def test_a_short_secret_is_masked_as_a_whole_word_alone(secret: str) -> None:
    """A short key may be an everyday word: masking it inside words would spoil every text."""
    redactor = Redactor([secret])
    assert redactor.text(f"apiKey={secret}&x='{secret}',{secret}") == f"apiKey={MASK}&x='***',***"
    assert redactor.text(f"x{secret} {secret}9") == f"x{secret} {secret}9"


@pytest.mark.parametrize("secret", ["key", "test", "s", "state"])
def test_a_short_secret_does_no_damage_to_the_tap_s_data(secret: str) -> None:
    """Nobody would have put it there; Apptivo's answers may repeat it."""
    redactor = Redactor([secret])
    data = {"key_properties": ["test_id"], "state": "s", "key": {"text": f"my {secret} plan"}}
    assert redactor.data(data) == data
    assert redactor.answer({secret: f"no such apiKey={secret}"}) == {secret: "no such apiKey=***"}


@pytest.mark.parametrize("nothing", ["", " ", None, 1.5, ["x"]])
def test_what_is_no_secret_masks_nothing(nothing: object) -> None:
    """A blank setting, or one of a wrong type, does not mask every text."""
    redactor = Redactor()
    redactor.add(nothing)
    assert redactor.text("a b\tc 1.5 None x") == "a b\tc 1.5 None x"


def test_a_key_without_its_quotes_is_a_secret() -> None:
    """A number in place of a text is an error of the settings, and is not shown by it."""
    redactor = Redactor()
    redactor.add(1234567890)
    assert redactor.text("1234567890 is no string") == "*** is no string"
    assert redactor.data({"n": [1234567890, 12345678901, True]}) == {"n": [MASK, 12345678901, True]}


def test_half_a_character_in_a_key_is_no_crash() -> None:
    """A key that cannot be sent is still masked."""
    assert Redactor(["abcd\ud800efgh"]).text("<abcd\ud800efgh>") == "<***>"


def test_secrets_are_learnt_one_after_the_other() -> None:
    """A later secret does not make an earlier one forgotten; the longest is masked first."""
    redactor = Redactor(["secret-one"])
    redactor.add("secret-one-and-more", "secret-two")
    assert redactor.text("secret-one-and-more secret-one secret-two") == "*** *** ***"


# -- values ---------------------------------------------------------------------------------------


def leaves(secret: str) -> st.SearchStrategy[Any]:
    """Give values of JSON in whose texts a secret may be."""
    leaf = st.none() | st.booleans() | st.integers(-9, 9) | texts | texts.map(secret.__add__)
    return st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    )


@fixed
@given(secrets, st.data())
def test_masked_values_stay_valid_json(secret: str, data: st.DataObject) -> None:
    """Values are masked before they are written, so what is around a secret stays whole."""
    value = data.draw(leaves(secret))
    redactor = Redactor([secret])
    line = json.dumps(redactor.data(value))
    masked = json.loads(line)
    assert secret not in json.dumps(masked, ensure_ascii=False)
    assert json.dumps(secret)[1:-1] not in line
    assert redactor.data(masked) == masked


def test_names_and_values_are_masked_and_the_rest_stays() -> None:
    """A secret may be the name of an attribute; what holds none comes back equal."""
    redactor = Redactor([KEY])
    value = {KEY: [f"x{KEY}", 1, None], "plain": {"a": True}}
    assert redactor.data(value) == {MASK: ["x***", 1, None], "plain": {"a": True}}
    assert KEY in value
    assert Redactor().data(value) == value


# -- the log --------------------------------------------------------------------------------------


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger of our own, whose handlers are gone afterwards."""
    logger = logging.getLogger("target-apptivo.test-redact")
    logger.propagate = False
    hook, make_record = threading.excepthook, logging.getLogRecordFactory()
    yield logger
    threading.excepthook = hook
    logging.setLogRecordFactory(make_record)
    logger.propagate = True
    logger.handlers.clear()
    if logging.lastResort:
        logging.lastResort.setFormatter(None)


def stream_handler(formatter: logging.Formatter | None) -> tuple[logging.Handler, io.StringIO]:
    """Make a handler that writes into memory."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    return handler, stream


def fail() -> None:
    """Raise an error with a cause and a context, each with the secret in its text."""
    try:
        fail_for_a_cause()
    except KeyError:
        raise RuntimeError(f"failed with {SECRET!r}")  # noqa: B904 - a context, not a cause


def fail_for_a_cause() -> None:
    """Raise an error with a cause."""
    try:
        int(f"https://host/x?apiKey={quote(SECRET)}")
    except ValueError as error:
        raise KeyError(SECRET) from error


@pytest.mark.parametrize("formatter", [None, ConsoleFormatter(), StructuredFormatter()])
def test_the_log_guard_works_on_the_finished_line(
    logger: logging.Logger, formatter: logging.Formatter | None
) -> None:
    """Messages, arguments, extras, tracebacks and causes are masked in every format."""
    handler, stream = stream_handler(formatter)
    logger.addHandler(handler)
    guard_logging(Redactor([SECRET]))
    logger.warning("url %s and %r", quote(SECRET, safe=""), {"k": SECRET}, extra={"url": SECRET})
    try:
        fail()
    except RuntimeError as error:
        logger.exception("failed: %s", error)  # noqa: TRY401 - the text is what is tested
        logger.error("once more", exc_info=error, stack_info=True)  # noqa: TRY400
    text = stream.getvalue()
    assert text.count(MASK) >= 8
    for spelling in spellings(SECRET).values():
        assert spelling not in text
    if isinstance(formatter, StructuredFormatter):
        lines = [json.loads(line) for line in text.splitlines()]
        assert lines[0]["extra"]["url"] == MASK
        assert "?apiKey=***'" in lines[1]["exception"]["message"]


def test_the_guard_holds_for_handlers_configured_by_a_file(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    """Handlers of `SINGER_SDK_LOG_CONFIG`, also those that stand behind others, are guarded."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": "singer_sdk.logging.StructuredFormatter"}},
            "handlers": {
                "direct": {
                    "class": "logging.StreamHandler",
                    "formatter": "json",
                    "stream": "ext://sys.stderr",
                },
                "behind": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"},
                "memory": {
                    "class": "logging.handlers.MemoryHandler",
                    "capacity": 1,
                    "target": "behind",
                },
            },
            "loggers": {logger.name: {"handlers": ["direct", "memory"], "level": "INFO"}},
        }
    )
    guard_logging(Redactor([SECRET]))
    logger.info("key %s", SECRET)
    captured = capsys.readouterr()
    assert json.loads(captured.err)["message"] == "key ***"
    assert captured.out == "key ***\n"


class _Raw(logging.Handler):
    """A handler that sends what it finds in a record, as those for sockets and queues do."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen += [record.getMessage(), repr(vars(record))]


def test_a_handler_that_formats_nothing_gets_no_secret(logger: logging.Logger) -> None:
    """The record itself is masked, with its arguments, its error and the error's causes."""
    handler = _Raw()
    logger.addHandler(handler)
    guard_logging(Redactor([SECRET]))
    logger.warning("url %s and %r", quote(SECRET, safe=""), {"k": SECRET})
    try:
        fail()
    except RuntimeError as error:
        logger.exception("failed: %s", error)  # noqa: TRY401 - the text is what is tested
    logger.warning("no %s here: %d", "secret", 7)
    logger.warning("two %s %d", SECRET)  # noqa: PLE1206 - a library may log so
    text = "\n".join(handler.seen)
    for spelling in spellings(SECRET).values():
        assert spelling not in text
    assert handler.seen[0].startswith("url *** and ")
    assert "'args': ('secret', 7)" in text


def test_the_handler_of_last_resort_is_guarded(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    """A logger without a handler writes to stderr, masked too."""
    logger.handlers.clear()  # of pytest
    guard_logging(Redactor([SECRET]))
    logger.warning("key %s", SECRET)
    assert capsys.readouterr().err == "key ***\n"


def test_guarding_twice_wraps_once(logger: logging.Logger) -> None:
    """A second guard brings its own secrets and keeps the format."""
    handler, stream = stream_handler(logging.Formatter("<%(message)s>"))
    logger.addHandler(handler)
    guard_logging(Redactor(["first-secret"]))
    redactor = Redactor([SECRET])
    guard_logging(redactor)
    logger.warning(SECRET)
    assert stream.getvalue() == "<***>\n"
    assert isinstance(handler.formatter, RedactingFormatter)
    assert not isinstance(handler.formatter.inner, RedactingFormatter)
    assert handler.formatter.redactor is redactor


def test_a_thread_that_dies_tells_so_through_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The interpreter's own traceback on stderr would show what no filter has seen."""
    hook, root = threading.excepthook, logging.getLogger("target_apptivo.redact")
    handler, stream = stream_handler(None)
    root.addHandler(handler)
    try:
        guard_logging(Redactor([SECRET]))
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        silent = threading.Thread(target=sys.exit)
        silent.start()
        silent.join()
    finally:
        root.removeHandler(handler)
        threading.excepthook = hook
    text = stream.getvalue()
    assert text.startswith("a thread ended by RuntimeError\nTraceback")
    assert text.count("a thread ended") == 1
    assert SECRET not in text + capsys.readouterr().err


@fixed
@given(secrets, texts)
def test_a_structured_line_stays_valid_json(secret: str, text: str) -> None:
    """Masking the finished line does not break the JSON that it is."""
    assume("\\" not in secret)
    record = logging.LogRecord("n", logging.INFO, "p", 1, "%s|%s|", (text, secret), None)
    line = RedactingFormatter(StructuredFormatter(), Redactor([secret])).format(record)
    assert json.loads(line)["message"].endswith("|***|")
