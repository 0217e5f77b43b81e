"""Which URLs the settings may name: where the keys may be sent to, and where not. Pure."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from target_apptivo.settings.setting import WrongValueError


def base_url(url: str) -> str:
    """Check the API's base URL.

    Returns:
        The URL with its final `/`.

    Raises:
        WrongValueError: If it is no URL that the keys may be sent to.
    """
    parts = _split(url)
    if "?" in url or "#" in url:
        msg = "must have no query and no fragment"
        raise WrongValueError(msg)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        msg = "must be https; plain http is for a loopback host (127.0.0.1, localhost) alone"
        raise WrongValueError(msg)
    return url if url.endswith("/") else f"{url}/"


def webhook_url(url: str) -> str:
    """Check the URL of a webhook.

    Raises:
        WrongValueError: If it is no http URL, or holds a user.
    """
    _split(url)
    return url


def our_host(url: str, base: str) -> str:
    """Give the host of an absolute URL after checking that the credentials may go there.

    Args:
        url: The URL.
        base: The API's base URL, whose host they are sent to.

    Raises:
        WrongValueError: If it is another host.
    """
    try:
        ours, theirs = urlsplit(base), urlsplit(url)
    except ValueError:
        msg = "is no URL"
        raise WrongValueError(msg) from None
    if "@" in theirs.netloc or "{" in theirs.netloc:
        msg = "holds a user name or a template before its path"
        raise WrongValueError(msg)
    if _origin(theirs.scheme, theirs.netloc) != _origin(ours.scheme, ours.netloc):
        msg = "is on another host than api_url; the keys are sent to that host alone"
        raise WrongValueError(msg)
    return theirs.netloc


def _origin(scheme: str, netloc: str) -> tuple[str, str]:
    """Give what two URLs of one host share."""
    port = {"https": ":443", "http": ":80"}.get(scheme.lower(), "")
    return scheme.lower(), netloc.lower().removesuffix(port)


def _split(url: str) -> Any:  # noqa: ANN401 - urllib names the type privately
    """Split an http URL that holds no user."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character <= " " or character == "\\" for character in url):
        msg = "must be an http or https URL"
        raise WrongValueError(msg)
    if "@" in parts.netloc:
        msg = "must hold no user name or password"
        raise WrongValueError(msg)
    return parts


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
