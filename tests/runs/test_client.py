"""One request at the level of sockets: what a failure means is decided by where it happened."""

from __future__ import annotations

import base64
import gzip
import logging
import resource
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from urllib3.connection import HTTPConnection

from target_apptivo.apptivo.request import Request
from target_apptivo.apptivo.response import NoResponse, Response
from target_apptivo.delivery.client import Client
from target_apptivo.errors import SettingsError
from target_apptivo.sandbox import Reply, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    time.sleep(1)


@pytest.mark.parametrize(
    ("handle", "request_", "reason"),
    [
        (_while_sending, LARGE, "connection lost while sending"),
        (_after_sending, REQUEST, "connection lost after sending"),
        (_nonsense, REQUEST, "the answer's headers are garbled"),
        (_never, REQUEST, "no answer within the read timeout"),
        (_never, LARGE, "the request could not be sent within the read timeout"),
    ],
)
def test_what_has_begun_to_leave_may_have_been_processed(
    handle: Callable[[socket.socket], None], request_: Request, reason: str
) -> None:
    """From the first byte on nobody knows, however the exchange ends."""
    with serving(handle) as port:
        one = client(f"http://127.0.0.1:{port}/", read_timeout=0.5 if handle is _never else 20.0)
        answer = one.send(request_)
        one.close()
    assert isinstance(answer, NoResponse)
    assert answer.processed
    assert answer.reason.startswith(reason)
    assert "the-api-key" not in answer.reason
    assert answer.timed_out is (handle is _never)


def test_a_refused_connection_was_not_processed() -> None:
    """Nobody listens: surely not processed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = client(f"http://127.0.0.1:{port}/").send(REQUEST)
    assert answer == NoResponse("cannot connect (Connection refused)", processed=False)


def test_a_stale_connection_is_replaced(sandbox: Sandbox) -> None:
    """A connection that the server closed while idle is not used again."""
    one = client(sandbox.url)
    assert isinstance(one.send(REQUEST), Response)
    sandbox.stop()
    sandbox.start()
    assert isinstance(one.send(REQUEST), Response)
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
        assert [one.send(REQUEST), one.send(REQUEST)] == [Response(200, b"{}")] * 2
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
    assert isinstance(answer, NoResponse)
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
    assert [one.send(REQUEST), one.send(REQUEST)] == [Response(200, b"{}")] * 2
    one.close()


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_refused(tls_port: int) -> None:
    """A known authority is not enough: the name has to be right."""
    answer = client(f"https://127.0.0.1:{tls_port}/").send(REQUEST)
    assert isinstance(answer, NoResponse)
    assert not answer.processed


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_that_cannot_be_used_is_a_wrong_setting(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told before anything is sent, by the variable's name; plain http needs none."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in ("/no/such/bundle.pem", str(empty)):
        monkeypatch.setenv(variable, path)
        with pytest.raises(SettingsError, match=f"^{variable}: names no file"):
            client("https://localhost:1/")
    client("http://localhost:1/").close()


def use_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str, variable: str = "HTTPS_PROXY") -> None:
    """Name a proxy in the environment, and no exceptions from it."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv(variable, proxy)


def pump(source: socket.socket, sink: socket.socket, seen: list[bytes]) -> None:
    """Hand on what comes until it ends."""
    with suppress(OSError):
        while piece := source.recv(65536):
            seen.append(piece)
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def tunnel(connection: socket.socket, port: int, seen: list[bytes]) -> None:
    """Be a proxy for one connection."""
    seen.append(connection.recv(65536))
    with socket.create_connection(("127.0.0.1", port)) as onward:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=pump, args=(onward, connection, seen), daemon=True).start()
        pump(connection, onward, seen)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_sees_a_tunnel_and_no_keys(
    tls_port: int, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """A proxy of the environment is used for https, by CONNECT, with its own password."""
    seen: list[bytes] = []
    with serving(lambda connection: tunnel(connection, tls_port, seen)) as port:
        use_proxy(monkeypatch, f"{scheme}me:pass%40word@127.0.0.1:{port}")
        one = client(f"https://localhost:{tls_port}/")
        assert [one.send(REQUEST), one.send(REQUEST)] == [Response(200, b"{}")] * 2
        one.close()
    assert seen[0].startswith(f"CONNECT localhost:{tls_port}".encode())
    assert base64.b64encode(b"me:pass@word") in seen[0]
    assert sum(each.startswith(b"CONNECT") for each in seen) == 1
    assert not any(b"the-api-key" in each for each in seen)


@pytest.mark.usefixtures("trusted")
def test_a_proxy_may_want_tls_for_itself(
    tls_port: int, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS in TLS: the connection is used again, and its deadline holds."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    def proxy(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            with socket.create_connection(("127.0.0.1", tls_port)) as onward:
                secure.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                _relay(secure, onward)

    with serving(proxy) as port:
        use_proxy(monkeypatch, f"https://localhost:{port}")
        one = client(f"https://localhost:{tls_port}/")
        assert [one.send(REQUEST), one.send(REQUEST)] == [Response(200, b"{}")] * 2
        one.close()


def _relay(secure: ssl.SSLSocket, onward: socket.socket) -> None:
    """Hand on in both directions from one thread, as a TLS socket is not for two."""
    secure.settimeout(0.02)
    onward.settimeout(0.02)
    while True:
        for source, sink in ((secure, onward), (onward, secure)):
            with suppress(TimeoutError):
                piece = source.recv(65536)
                if not piece:
                    return
                sink.sendall(piece)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (b"407 Proxy Authentication Required", "the proxy wants credentials (407)"),
        (b"403 Forbidden", "the proxy refuses (403)"),
        (b"502 Bad Gateway", "the proxy refuses (502)"),
    ],
)
def test_a_refusal_of_a_proxy_is_told(
    monkeypatch: pytest.MonkeyPatch, status: bytes, reason: str
) -> None:
    """What the proxy says of itself is not what Apptivo says."""

    def refuse(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    with serving(refuse) as port:
        use_proxy(monkeypatch, f"http://127.0.0.1:{port}", "ALL_PROXY")
        assert client("https://localhost:1/").send(REQUEST) == NoResponse(reason, processed=False)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    ("proxy", "problem"),
    [
        ("socks5h://me:secret@127.0.0.1:1", "names a SOCKS proxy: install the package PySocks"),
        ("ftp://me:secret@127.0.0.1:1", "names no proxy that can be used"),
        ("http://me:secret@", "names no proxy that can be used"),
        ("http://me:secret@host:port", "names no proxy that can be used"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str, problem: str
) -> None:
    """It is told before anything is sent, by the variable's name; plain http uses none."""
    use_proxy(monkeypatch, proxy, variable)
    with pytest.raises(SettingsError, match=f"^{variable}: {problem}") as told:
        client("https://localhost:1/")
    assert "secret" not in str(told.value)
    client("http://localhost:1/").close()


def timed(one: Client, request: Request, **options: float) -> tuple[Response | NoResponse, float]:
    """Send a request; give the seconds that it took besides."""
    started = time.monotonic()
    answer = one.send(request, **options)
    return answer, time.monotonic() - started


def brief(base_url: str) -> Client:
    """Make a client that waits half a second for a connection."""
    return Client(base_url, KEYS, connections=1, connect_timeout=0.5, read_timeout=10.0)


def test_a_proxy_that_drips_does_not_outlast_the_connect_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The timeout is for all of the way to a connection."""
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        finally:
            ended.set()

    with serving(drip) as port:
        use_proxy(monkeypatch, f"http://127.0.0.1:{port}")
        answer, seconds = timed(brief("https://localhost:1/"), REQUEST)
        assert ended.wait(2), "the connection is left behind"
    timeout = NoResponse("cannot connect within the timeout", processed=False, timed_out=True)
    assert answer == timeout
    assert 0.4 < seconds < 1


@pytest.mark.parametrize("stage", ["name", "handshake"])
def test_the_connect_timeout_holds_at_every_stage(
    monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """A look-up that hangs and a handshake that is not answered are bounded too."""
    look_up = socket.getaddrinfo

    def hang(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        time.sleep(1.5 if stage == "name" else 0)
        return look_up(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with serving(lambda _: time.sleep(1.5)) as port:
        answer, seconds = timed(brief(f"https://localhost:{port}/"), REQUEST)
    assert isinstance(answer, NoResponse)
    assert (answer.processed, answer.timed_out) == (False, True)
    assert 0.4 < seconds < 1
    time.sleep(1.2)  # what comes too late is closed, or pytest tells


def test_a_name_that_nobody_knows_was_not_processed() -> None:
    """Neither one that is unknown nor one that cannot be."""
    for host in ("nowhere.invalid", f"{'x' * 70}.invalid"):
        answer = client(f"http://{host}/").send(REQUEST)
        assert isinstance(answer, NoResponse)
        assert not answer.processed
        assert answer.reason.startswith("cannot connect")


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("size", [100, 30_000_000])
def test_an_exchange_over_tls_ends_in_time(authority: trustme.CA, size: int) -> None:
    """Whether the server does not read or does not answer; a caller may have less patience."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    def slow(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            while secure.recv(16384):
                time.sleep(0.1)

    request = Request("POST", "v6/leads", body=b"x" * size)
    with serving(slow) as port:
        one = client(f"https://localhost:{port}/", read_timeout=0.6)
        answer, seconds = timed(one, request)
        assert isinstance(answer, NoResponse)
        assert (answer.processed, answer.timed_out) == (True, True)
        assert 0.5 < seconds < 1.2
    with serving(slow) as port:
        one = client(f"https://localhost:{port}/")
        answer, seconds = timed(one, request, within=0.4)
        assert isinstance(answer, NoResponse)
        assert 0.3 < seconds < 1


def test_sending_has_the_time_of_the_exchange_not_that_of_connecting() -> None:
    """A slow reader of a large request is no host that cannot be reached."""

    def slow(connection: socket.socket) -> None:
        time.sleep(1)
        received = 0
        while received < len(LARGE.body or b""):
            received += len(connection.recv(1_000_000))
        connection.sendall(OK)

    with serving(slow) as port:
        one = brief(f"http://127.0.0.1:{port}/")
        assert one.send(LARGE) == Response(200, b"{}")
        one.close()


def test_a_refusal_before_all_is_sent_is_an_answer() -> None:
    """A server that hangs up with 413 has refused; one that hangs up with 200 has not taken it."""
    for status, is_answer in ((b"413 Too Large", True), (b"200 OK", False)):

        def refuse(connection: socket.socket, status: bytes = status) -> None:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
            connection.shutdown(socket.SHUT_WR)
            time.sleep(0.2)

        with serving(refuse) as port:
            answer = client(f"http://127.0.0.1:{port}/").send(LARGE)
        assert isinstance(answer, Response if is_answer else NoResponse)
        assert isinstance(answer, Response) or answer.processed


def test_a_server_that_speaks_first_is_not_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer cannot be that of the request."""
    received: list[bytes] = []
    connect = HTTPConnection.connect

    def speak(connection: socket.socket) -> None:
        connection.sendall(OK)
        received.append(connection.recv(1000))

    def connect_slowly(connection: HTTPConnection) -> None:
        connect(connection)
        time.sleep(0.2)

    monkeypatch.setattr(HTTPConnection, "connect", connect_slowly)
    with serving(speak) as port:
        answer = client(f"http://127.0.0.1:{port}/").send(REQUEST)
    assert answer == NoResponse("connection lost before sending", processed=False)
    assert not b"".join(received)


def test_many_open_files_do_not_matter(sandbox: Sandbox) -> None:
    """`select` takes no descriptor above 1,023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    with ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(Path("/dev/null").open())
        one = client(sandbox.url)
        assert isinstance(one.send(REQUEST), Response)
        assert isinstance(one.send(REQUEST), Response)
        one.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_more_connections_are_kept_than_may_be(sandbox: Sandbox) -> None:
    """Threads share the connections; what is too many, or comes back after the end, is closed."""
    one = client(sandbox.url)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one.send, [REQUEST] * 100))
    assert all(isinstance(answer, Response) and answer.status_code == 200 for answer in answers)
    assert len(one._idle) <= 2  # noqa: SLF001
    one.close()
    assert isinstance(one.send(REQUEST), Response)
    assert not one._idle  # noqa: SLF001


@pytest.mark.parametrize(
    ("request_", "written"),
    [
        (Request("DELETE", "/v6/é?a=1&b=%20"), b"DELETE /v6/%C3%A9?a=1&b=%20&apiKey=the-api-key"),
        (Request("PUT", "v6"), b"PUT /v6?apiKey"),
        (Request("POST", "v6#part"), b"POST /v6 HTTP/1.1\r\n"),
        (Request("POST", "?x=1", headers=(("user-agent", "me"),)), b"POST /?x=1&apiKey"),
    ],
)
def test_a_request_is_written_as_it_should(request_: Request, written: bytes) -> None:
    """Its target is encoded, its headers are the user's, its length is told where one is due."""
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    with serving(answer) as port:
        one = client(f"http://127.0.0.1:{port}/")
        assert one.send(request_) == Response(200, b"{}")
        one.close()
    (request,) = seen
    assert request.startswith(written)
    assert f"\r\nHost: 127.0.0.1:{port}\r\n".encode() in request
    assert (b"Content-Length: 0\r\n" in request) is (request_.method != "DELETE")
    assert request.lower().count(b"user-agent") == 1


def test_nothing_is_logged(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """No library's log tells of a request, at any level and whatever happens."""
    caplog.set_level(logging.DEBUG)
    one = client(sandbox.url)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    for broken in ("HTTP/1.1 200 OK\r\nNo header\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y"):

        def answer(connection: socket.socket, broken: str = broken) -> None:
            read_request(connection)
            connection.sendall(broken.encode())

        with serving(answer) as port:
            assert isinstance(client(f"http://127.0.0.1:{port}/").send(REQUEST), NoResponse)
    assert isinstance(one.send(REQUEST), Response)
    one.close()
    assert not [each for each in caplog.records if not each.name.startswith(("aiohttp", "asyncio"))]


def test_compressed_answers_are_read(sandbox: Sandbox) -> None:
    """What the request says it accepts is understood."""
    sandbox.respond = lambda _: Reply(
        body=gzip.compress(b'{"id":5}'), headers={"Content-Encoding": "gzip"}
    )
    one = client(sandbox.url)
    assert one.send(REQUEST) == Response(200, b'{"id":5}')
    one.close()
