"""One exchange on the wire: an answer is whole, and that of its own request, or it is neither."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_apptivo.apptivo.response import NoResponse, Response
from target_apptivo.delivery.exchange import Connection
from tests.runs.test_client import OK, REQUEST, client, read_request, reset, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"
MIB = 2**20


def numbered(number: int, *, before: bytes = b"", after: bytes = b"") -> bytes:
    """Write an answer with an id."""
    body = b'{"id":%d}' % number
    return before + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body) + after


@contextmanager
def answering(*answers: bytes, pause: float = 0.0) -> Iterator[tuple[int, list[int]]]:
    """Serve connections with answers in order; give the port, and the requests a connection."""
    left = list(answers)
    connections: list[int] = []

    def answer(connection: socket.socket) -> None:
        connections.append(0)
        while left and read_request(connection):
            connections[-1] += 1
            connection.sendall(left.pop(0))
            time.sleep(pause)

    with serving(answer) as port:
        yield port, connections


@pytest.mark.parametrize("interim", [HINTS, PROCESSING, CONTINUE, HINTS + PROCESSING + HINTS])
def test_an_interim_answer_is_not_the_answer(interim: bytes) -> None:
    """Each record gets the id that is its own, over one connection."""
    answers = [numbered(number, before=interim) for number in (1, 2, 3)]
    with answering(*answers) as (port, connections):
        one = client(f"http://127.0.0.1:{port}/")
        assert [one.send(REQUEST) for _ in answers] == [
            Response(200, b'{"id":%d}' % number) for number in (1, 2, 3)
        ]
        one.close()
    assert connections == [3]


def test_a_switch_of_protocols_ends_the_exchange() -> None:
    """101 is the answer, and nothing after it is HTTP."""
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    with answering(switch + numbered(1), numbered(2)) as (port, connections):
        one = client(f"http://127.0.0.1:{port}/")
        assert [one.send(REQUEST), one.send(REQUEST)] == [
            Response(101, b""),
            Response(200, b'{"id":2}'),
        ]
        one.close()
    assert connections == [1, 1]


LEFT_OVER = {
    "a second answer": numbered(1, after=numbered(666)),
    "a byte": numbered(1, after=b"\n"),
    "more than the length": b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"id":1}}',
    "a body where none may be": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n",
    "an end that was announced": b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\n"
    b"Content-Length: 2\r\n\r\n{}",
    "an old server": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "too much": b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n{",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
    "headers that are none": b"HTTP/1.1 200 OK\r\nContent Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("answer", LEFT_OVER.values(), ids=LEFT_OVER)
def test_a_connection_in_doubt_is_not_used_again(answer: bytes) -> None:
    """What is left over on it would be the answer to the next request."""
    with answering(answer, numbered(2)) as (port, connections):
        one = client(f"http://127.0.0.1:{port}/")
        one.send(REQUEST)
        assert one.send(REQUEST) == Response(200, b'{"id":2}')
        one.close()
    assert connections == [1, 1]


def test_what_comes_late_is_noticed_before_the_next_request() -> None:
    """A second answer need not come with the first."""

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(numbered(1))
        time.sleep(0.1)
        connection.sendall(numbered(666))
        time.sleep(0.2)

    with serving(answer) as port:
        one = client(f"http://127.0.0.1:{port}/")
        assert one.send(REQUEST) == Response(200, b'{"id":1}')
        time.sleep(0.2)
        assert one.send(REQUEST) == Response(200, b'{"id":1}')
        one.close()


def test_an_old_server_may_keep_a_connection() -> None:
    """HTTP/1.0 says so."""
    old = b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\n{}"
    with answering(old, old) as (port, connections):
        one = client(f"http://127.0.0.1:{port}/")
        assert [one.send(REQUEST), one.send(REQUEST)] == [Response(200, b"{}")] * 2
        one.close()
    assert connections == [2]


BROKEN_HEADS = {
    "nothing": b"",
    "in the status line": b"HTTP/1.1 200",
    "after the status line": b"HTTP/1.1 200 OK\r\n",
    "in a name": b"HTTP/1.1 200 OK\r\nContent-Le",
    "in a value": b"HTTP/1.1 200 OK\r\nContent-Length: 2",
    "before the empty line": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
    "in the empty line": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r",
    "after an interim answer": HINTS,
    "no header": b"HTTP/1.1 200 OK\r\nwhat is this\r\n\r\n{}",
    "no name": b"HTTP/1.1 200 OK\r\n: x\r\n\r\n{}",
    "a continued nothing": b"HTTP/1.1 200 OK\r\n x: y\r\n\r\n{}",
    "a null": b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n{}",
    "a return": b"HTTP/1.1 200 OK\r\nX: a\rContent-Length: 0\r\n\r\n{}",
    "no status": b"HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\n{}",
    "a low status": b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/2": b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/0.9": b"{}",
    "a line before": b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000,
}


@pytest.mark.parametrize("head", BROKEN_HEADS.values(), ids=BROKEN_HEADS)
def test_an_answer_without_whole_headers_is_none(head: bytes) -> None:
    """Its status cannot be trusted; the request may have been processed."""
    with answering(head) as (port, _):
        answer = client(f"http://127.0.0.1:{port}/").send(REQUEST)
    assert isinstance(answer, NoResponse)
    assert (answer.processed, answer.timed_out) == (True, False)


PACKED = gzip.compress(b'{"id":1}')


def framed(body: bytes, *headers: bytes) -> bytes:
    """Write an answer of a known length."""
    head = b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers))
    return head + b"\r\n\r\n" + body


def bare_deflate(body: bytes) -> bytes:
    """Pack as some servers do for `deflate`, against RFC 9110."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


UNFRAMED = b"HTTP/1.1 200 OK\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
WHOLE = {
    "length": framed(b'{"id":1}'),
    "the same length twice": framed(b'{"id":1}', b"Content-Length: 8", b"content-length: 8, 8"),
    "chunks": CHUNKED + b'3;a=b\r\n{"i\r\n05 \r\nd":1}\r\n0\r\nExpires: never\r\nA: b\r\n\r\n',
    "close": UNFRAMED + b'\xef\xbb\xbf {"id":1}\n',
    "lines end as in Unix": b'HTTP/1.1 200\nContent-Length: 8\n\n{"id":1}',
    "a continued header": framed(b'{"id":1}', b"X: a\r\n\tb"),
    "gzip": framed(PACKED, b"Content-Encoding: x-GZip"),
    "gzip, in members": framed(
        gzip.compress(b'{"id"') + gzip.compress(b":1}"), b"Content-Encoding: gzip"
    ),
    "gzip, until the close": UNFRAMED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    + PACKED,
    "deflate": framed(zlib.compress(b'{"id":1}'), b"Content-Encoding: deflate"),
    "deflate without head": framed(bare_deflate(b'{"id":1}'), b"Content-Encoding: deflate"),
    "twice": framed(zlib.compress(PACKED), b"Content-Encoding: gzip", b"Content-Encoding: deflate"),
    "a coding that is none": framed(b'{"id":1}', b"Content-Encoding: utf-8"),
}
BROKEN_BODIES = {
    "length": framed(b'{"id":1}')[:-1],
    "length, nothing": framed(b'{"id":1}')[:-8],
    "different lengths": framed(b'{"id":1}', b"Content-Length: 2"),
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
    "a strange length": "HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n{}".encode("latin-1"),
    "a length beyond measure": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "no last chunk": CHUNKED + b'8\r\n{"id":1}\r\n',
    "no end of the trailer": CHUNKED + b'8\r\n{"id":1}\r\n0\r\n',
    "a trailer that is none": CHUNKED + b'8\r\n{"id":1}\r\n0\r\nwhat\r\n\r\n',
    "a chunk too long": CHUNKED + b'7\r\n{"id":1}\r\n0\r\n\r\n',
    "a chunk size that is none": CHUNKED + b'0x8\r\n{"id":1}\r\n0\r\n\r\n',
    "a coding not known": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "close, nothing": UNFRAMED,
    "close, half": UNFRAMED + b'{"id":',
    "close, a number": UNFRAMED + b"12",
    "close, text": UNFRAMED + b"fine",
    "gzip, no end": framed(PACKED[:-1], b"Content-Encoding: gzip"),
    "gzip, something behind": framed(PACKED + b"what", b"Content-Encoding: gzip"),
    "gzip, wrong sum": framed(PACKED[:-8] + bytes(8), b"Content-Encoding: gzip"),
    "no gzip": framed(b'{"id":1}', b"Content-Encoding: gzip"),
    "deflate, no end": framed(zlib.compress(b'{"id":1}')[:-1], b"Content-Encoding: deflate"),
    "deflate, a byte": framed(b"x", b"Content-Encoding: deflate"),
    "packed too often": framed(b"{}", b"Content-Encoding: gzip, gzip, gzip, gzip, gzip"),
}


@pytest.mark.parametrize("answer", WHOLE.values(), ids=WHOLE)
def test_a_whole_answer_is_whole(answer: bytes) -> None:
    """Whatever tells its length."""
    with answering(answer) as (port, _):
        one = client(f"http://127.0.0.1:{port}/")
        got = one.send(REQUEST)
        one.close()
    assert isinstance(got, Response)
    assert (got.status_code, got.is_whole) == (200, True)
    assert json.loads(got.body) == {"id": 1}


@pytest.mark.parametrize("answer", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_an_answer_without_its_end_is_not_whole(answer: bytes) -> None:
    """Its status holds, its body does not."""
    with answering(answer) as (port, _):
        got = client(f"http://127.0.0.1:{port}/").send(REQUEST)
    assert isinstance(got, Response)
    assert (got.status_code, got.is_whole) == (200, False)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_a_body_is_whole(status: bytes) -> None:
    """Its status is its length."""
    with answering(b"HTTP/1.1 " + status + b"\r\n\r\n", numbered(2)) as (port, connections):
        one = client(f"http://127.0.0.1:{port}/")
        assert one.send(REQUEST) == Response(int(status[:3]), b"")
        assert one.send(REQUEST) == Response(200, b'{"id":2}')
        one.close()
    assert connections == [2]


DRIPS = {
    "interim answers": PROCESSING * 100,
    "headers": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000,
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000,
    "chunks": CHUNKED + b"1\r\nx\r\n" * 1000,
    "until the close": UNFRAMED + b"x" * 1000,
}


@pytest.mark.parametrize("answer", DRIPS.values(), ids=DRIPS)
def test_an_answer_that_drips_ends_with_the_read_timeout(answer: bytes) -> None:
    """The timeout does not start again with every byte."""

    def drip(connection: socket.socket) -> None:
        read_request(connection)
        at = answer.find(b"\r\n\r\n") + 4 if b"OK\r\n\r\n" in answer else 0
        connection.sendall(answer[:at])
        for byte in answer[at:]:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    with serving(drip) as port:
        started = time.monotonic()
        answer_ = client(f"http://127.0.0.1:{port}/", read_timeout=0.5).send(REQUEST)
        assert 0.4 < time.monotonic() - started < 0.9
    match answer_:
        case NoResponse():
            assert (answer_.processed, answer_.timed_out) == (True, True)
        case Response():
            assert not answer_.is_whole


def test_eight_mebibytes_are_read_and_no_byte_more() -> None:
    """Neither as they come, nor unpacked."""
    most = b'"' + b"x" * (8 * MIB - 2) + b'"'
    for body, is_whole in ((most, True), (most + b" ", False)):
        sent = b"".join(
            b"10000\r\n%b\r\n" % body[at : at + 65536] for at in range(0, 8 * MIB, 65536)
        )
        rest = b"1\r\n \r\n" if not is_whole else b""
        packed = framed(gzip.compress(body), b"Content-Encoding: gzip")
        for answer in (framed(body), CHUNKED + sent + rest + b"0\r\n\r\n", packed, UNFRAMED + body):
            with answering(answer) as (port, _):
                one = client(f"http://127.0.0.1:{port}/")
                got = one.send(REQUEST)
                one.close()
            assert isinstance(got, Response)
            assert got.is_whole is is_whole


@pytest.mark.parametrize("times", [1, 2])
def test_a_small_answer_cannot_take_all_memory(times: int) -> None:
    """200 megabytes of zeros are little when they travel, and twice packed even less."""
    packed = zlib.compressobj(wbits=31)
    bomb = b"".join(packed.compress(bytes(MIB)) for _ in range(200)) + packed.flush()
    for _ in range(times - 1):
        bomb = gzip.compress(bomb)
    codings = b"Content-Encoding: " + b", ".join([b"gzip"] * times)
    with answering(framed(bomb, codings)) as (port, _):
        tracemalloc.start()
        got = client(f"http://127.0.0.1:{port}/").send(REQUEST)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(got, Response)
    assert not got.is_whole
    assert peak < 60 * MIB


@dataclass(frozen=True)
class Legal:
    """A legal answer: its bytes, what it says, and whether the connection's close is its end."""

    sent: bytes
    answer: Response
    closes: bool


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
NAMES = st.text(st.sampled_from("abcXYZ-_.!9"), min_size=1, max_size=10)
HEADERS = st.lists(st.builds("X-{}: {}\r\n".format, NAMES, TEXT), max_size=4).map("".join)


@st.composite
def legal_answers(draw: st.DrawFn, *, may_close: bool = True) -> Legal:
    """Draw any legal answer."""
    interim = "".join(
        f"HTTP/1.1 {number} {draw(TEXT)}\r\n{draw(HEADERS)}\r\n"
        for number in draw(st.lists(st.sampled_from([100, 102, 103, 199]), max_size=3))
    )
    status = draw(st.sampled_from([200, 201, 204, 304, 400, 404, 429, 500, 503, 999]))
    body = json.dumps({"id": draw(st.integers()), "text": draw(st.text(max_size=30))}).encode()
    packs = draw(st.booleans())
    raw = gzip.compress(body) if packs else body
    head = f"HTTP/1.1 {status} {draw(TEXT)}\r\n{draw(HEADERS)}"
    head += "Content-Encoding: gzip\r\n" if packs else ""
    length = draw(st.sampled_from(["length", "chunks", "close"][: 3 if may_close else 2]))
    if status in {204, 304}:
        length, body, raw = "none", b"", b""
    elif length == "length":
        head += f"content-length:{len(raw)}\r\n"
    elif length == "chunks":
        head += "Transfer-Encoding: chunked\r\n"
        raw = chunked(draw, raw) + draw(HEADERS).encode() + b"\r\n"
    sent = interim.encode() + head.encode() + draw(HEADERS).encode() + b"\r\n" + raw
    return Legal(sent, Response(status, body), length == "close")


def chunked(draw: st.DrawFn, raw: bytes) -> bytes:
    """Write a body in chunks of any size, without the trailer."""
    sent = b""
    while raw:
        size = draw(st.integers(1, len(raw)))
        sent += b"%x%b\r\n%b\r\n" % (size, draw(st.sampled_from([b"", b";a=b", b" "])), raw[:size])
        raw = raw[size:]
    return sent + b"0\r\n"


class Scripted:
    """In place of a socket: what it receives comes in given pieces, and then the end."""

    def __init__(self, pieces: list[bytes]) -> None:
        """Take the pieces."""
        self.pieces = [piece for piece in pieces if piece]

    def settimeout(self, seconds: float) -> None:
        """Never wait."""

    def send(self, request: memoryview) -> int:
        """Send a byte at a time."""
        return min(1, len(request))

    def recv(self, size: int) -> bytes:
        """Give the next piece, or what of it is asked for."""
        if not self.pieces:
            return b""
        piece, self.pieces[0] = self.pieces[0][:size], self.pieces[0][size:]
        if not self.pieces[0]:
            del self.pieces[0]
        return piece


def exchange(scripted: Scripted) -> tuple[Response | NoResponse, bool]:
    """Have one exchange; tell besides whether the connection is used again."""
    connection = Connection(cast("socket.socket", scripted))
    return connection.exchange(b"request", time.monotonic() + 60), connection.is_reusable


def cut(sent: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes into pieces."""
    edges = [0, *sorted(place % (len(sent) + 1) for place in places), len(sent)]
    return [sent[start:end] for start, end in pairwise(edges)]


PLACES = st.lists(st.integers(0, 10_000), max_size=30)


@settings(deadline=None)
@given(legal_answers(), PLACES)
def test_any_legal_answer_is_read_back_however_it_is_cut(legal: Legal, places: list[int]) -> None:
    """TCP knows no lines, headers or chunks."""
    answer, is_reusable = exchange(Scripted(cut(legal.sent, places)))
    assert answer == legal.answer
    assert is_reusable is not legal.closes


@settings(deadline=None)
@given(legal_answers(), st.integers(0, 10_000), PLACES)
def test_no_part_of_an_answer_is_an_answer(legal: Legal, end: int, places: list[int]) -> None:
    """What breaks off is not whole, wherever it does: no part of a JSON object is JSON."""
    part = legal.sent[: end % len(legal.sent)]
    answer, is_reusable = exchange(Scripted(cut(part, places)))
    assert not is_reusable
    assert isinstance(answer, NoResponse) or not answer.is_whole
    if isinstance(answer, Response):
        assert answer.status_code == legal.answer.status_code


@settings(deadline=None)
@given(legal_answers(may_close=False), legal_answers(), PLACES)
def test_the_next_answer_is_its_own(first: Legal, second: Legal, places: list[int]) -> None:
    """Nothing of one answer is left for another."""
    scripted = Scripted([*cut(first.sent, places), *cut(second.sent, places)])
    assert exchange(scripted)[0] == first.answer
    assert exchange(scripted)[0] == second.answer


@settings(deadline=None)
@given(legal_answers(may_close=False), st.binary(min_size=1, max_size=50))
def test_no_connection_with_something_left_is_used_again(legal: Legal, left: bytes) -> None:
    """Whether it came with the answer or not."""
    answer, is_reusable = exchange(Scripted([legal.sent + left]))
    assert answer == legal.answer
    assert not is_reusable
    late = Connection(cast("socket.socket", Scripted([legal.sent, left])))
    assert late.exchange(b"request", time.monotonic() + 60) == legal.answer
    assert not (late.is_reusable and late.is_quiet())


def test_a_reset_within_the_body_keeps_the_status() -> None:
    """It is no other end than a close; nor is it the end that a body without a length has."""
    for answer in (OK[:-1], UNFRAMED + b"{}"):

        def hang_up(connection: socket.socket, answer: bytes = answer) -> None:
            read_request(connection)
            connection.sendall(answer)
            time.sleep(0.1)
            reset(connection)

        with serving(hang_up) as port:
            got = client(f"http://127.0.0.1:{port}/").send(REQUEST)
        assert isinstance(got, Response)
        assert (got.status_code, got.is_whole) == (200, False)
