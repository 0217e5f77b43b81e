"""One request at the level of sockets: what a failure means is decided by where it happened."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import trustme

from target_apptivo.client import Client
from target_apptivo.request import Request
from target_apptivo.response import Answer, NoAnswer
from target_apptivo.sandbox import Reply, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEYS = (("apiKey", "the-api-key"), ("accessKey", "the-access-key"))
REQUEST = Request("POST", "v6/leads?a=save", headers=(("X-Own", "1"),), body=b'{"a":1}')
LARGE = Request("POST", "v6/leads", body=b"x" * 30_000_000)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\n{}"


def client(base_url: str, *, read_timeout: float = 20.0) -> Client:
    """Make a client."""
    return Client(base_url, KEYS, connections=2, connect_timeout=10.0, read_timeout=read_timeout)


@contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve connections by a function; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        handle(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(1)


def read_request(connection: socket.socket) -> bytes:
    """Read a small request to its end."""
    data = b""
    while b"\r\n\r\n" not in data or (b"Content-Length: 7" in data and not data.endswith(b"}")):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def reset(connection: socket.socket) -> None:
    """Close a connection so that the other side is told at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def _while_sending(connection: socket.socket) -> None:
    connection.recv(1000)
    reset(connection)


def _after_sending(connection: socket.socket) -> None:
    read_request(connection)


def _nonsense(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"SSH-2.0-what\r\n\r\n")


def _never(connection: socket.socket) -> None:
    read_request(connection)
    connection.recv(1)


@pytest.mark.parametrize(
    ("handle", "request_", "processed", "reason"),
    [
        (_while_sending, LARGE, False, "cannot connect or send"),
        (_after_sending, REQUEST, True, "connection lost after sending"),
        (_nonsense, REQUEST, True, "connection lost after sending"),
        (_never, REQUEST, True, "no answer within the read timeout"),
    ],
)
def test_where_a_failure_happens_decides_what_it_means(
    handle: Callable[[socket.socket], None], request_: Request, *, processed: bool, reason: str
) -> None:
    """Before the last byte is sent nothing was processed; after it something may have been."""
    with serving(handle) as port:
        one = client(f"http://127.0.0.1:{port}/", read_timeout=0.5 if handle is _never else 20.0)
        answer = one.send(request_)
        one.close()
    assert isinstance(answer, NoAnswer)
    assert answer.processed is processed
    assert answer.reason.startswith(reason)
    assert "the-api-key" not in answer.reason
    assert answer.timed_out is (handle is _never)


BROKEN_BODIES = {
    "cut off": b"Content-Length: 50\r\n\r\n{",
    "not gzip": b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "bad chunk": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_a_status_holds_though_its_body_breaks_off(body: bytes) -> None:
    """What the status line and the headers say is not lost with the body."""

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\n" + body)

    with serving(answer) as port:
        one = client(f"http://127.0.0.1:{port}/")
        assert one.send(REQUEST) == Answer(429, b"", "3", is_whole=False)
        one.close()


def test_a_refused_connection_was_not_processed() -> None:
    """Nobody listens: surely not processed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = client(f"http://127.0.0.1:{port}/").send(REQUEST)
    assert answer == NoAnswer("cannot connect or send (Connection refused)", processed=False)


def test_a_stale_connection_is_replaced(sandbox: Sandbox) -> None:
    """A connection that the server closed while idle is not used again."""
    one = client(sandbox.url)
    assert isinstance(one.send(REQUEST), Answer)
    sandbox.stop()
    sandbox.start()
    assert isinstance(one.send(REQUEST), Answer)
    one.close()


def test_no_cookie_is_kept_and_no_password_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a session of `requests` would add from answers and `.netrc` is not sent."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        for _ in range(2):
            seen.append(read_request(connection).lower())
            connection.sendall(OK)

    with serving(answer) as port:
        one = client(f"http://127.0.0.1:{port}/")
        assert [one.send(REQUEST), one.send(REQUEST)] == [Answer(200, b"{}")] * 2
        one.close()
    assert len(seen) == 2
    assert not any(b"cookie" in each or b"authorization" in each for each in seen)
    assert b"x-own: 1" in seen[0]
    assert b"user-agent: target-apptivo/" in seen[0]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that nobody knows."""
    return trustme.CA()


@pytest.fixture
def tls_port(authority: trustme.CA) -> Iterator[int]:
    """A TLS server with a certificate of that authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            while read_request(secure):
                secure.sendall(OK)

    with serving(answer) as port:
        yield port


def test_a_certificate_of_an_unknown_authority_is_refused(tls_port: int) -> None:
    """TLS is verified: nothing is sent."""
    answer = client(f"https://localhost:{tls_port}/").send(REQUEST)
    assert isinstance(answer, NoAnswer)
    assert not answer.processed
    assert answer.reason.startswith("no TLS connection")


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the authority in the environment, as firms with a CA of their own do."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))


@pytest.mark.usefixtures("trusted")
def test_a_private_authority_can_be_named(tls_port: int) -> None:
    """With its bundle the request passes, over a connection that is used again."""
    one = client(f"https://localhost:{tls_port}/")
    assert [one.send(REQUEST), one.send(REQUEST)] == [Answer(200, b"{}")] * 2
    one.close()


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_refused(tls_port: int) -> None:
    """A known authority is not enough: the name has to be right."""
    answer = client(f"https://127.0.0.1:{tls_port}/").send(REQUEST)
    assert isinstance(answer, NoAnswer)
    assert not answer.processed


def test_a_bundle_that_is_not_there_is_told(tls_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong path in the environment is no traceback."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    answer = client(f"https://localhost:{tls_port}/").send(REQUEST)
    assert isinstance(answer, NoAnswer)
    assert not answer.processed


@pytest.mark.usefixtures("trusted")
def test_a_proxy_sees_a_tunnel_and_no_keys(tls_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is used for https, by CONNECT."""
    seen: list[bytes] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                seen.append(data)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def tunnel(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        with socket.create_connection(("127.0.0.1", tls_port)) as onward:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            threading.Thread(target=pump, args=(onward, connection), daemon=True).start()
            pump(connection, onward)

    with serving(tunnel) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        one = client(f"https://localhost:{tls_port}/")
        assert one.send(REQUEST) == Answer(200, b"{}")
        one.close()
    assert seen[0].startswith(f"CONNECT localhost:{tls_port}".encode())
    assert not any(b"the-api-key" in each for each in seen)


def test_compressed_answers_are_read(sandbox: Sandbox) -> None:
    """What the request says it accepts is understood."""
    import gzip  # noqa: PLC0415

    sandbox.respond = lambda _: Reply(
        body=gzip.compress(b'{"id":5}'), headers={"Content-Encoding": "gzip"}
    )
    assert client(sandbox.url).send(REQUEST) == Answer(200, b'{"id":5}')
