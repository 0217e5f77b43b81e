"""Endpoint plus options -> Operation: how one stream's records travel. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from target_apptivo.apptivo.endpoints import DELETE_CUSTOMER, GENERIC, TEMPLATES, ApiStyle, Endpoint
from target_apptivo.apptivo.request import CREDENTIALS, Content, Operation, Param, climbs
from target_apptivo.apptivo.template import Template
from target_apptivo.errors import SettingsError
from target_apptivo.jsontext import number_text
from target_apptivo.settings.batch import read_batch
from target_apptivo.settings.declared import APPLIES_TO, STREAM_SCHEMA, with_defaults

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from target_apptivo.apptivo.batch import Batch
    from target_apptivo.apptivo.request import Pairs

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
# These are the client's own: another value would break the request, or send it elsewhere.
_OUR_HEADERS: Final = {"host", "content-length", "transfer-encoding", "connection"}
_ATTRIBUTE: Final = re.compile(r"\{[^{}]+\}")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNSAFE_IN_URL: Final = re.compile(r"[\x00-\x20\x7f\\]")


def build_operation(
    name: str, options: Mapping[str, Any], *, style: ApiStyle, base_url: str, path: str
) -> tuple[Operation, Batch | None]:
    """Put together how an endpoint is called.

    Args:
        name: The endpoint.
        options: Its options from the settings, checked for their types.
        style: How templates call Apptivo.
        base_url: The API's base URL, whose host absolute URLs must share.
        path: Path of the options in the settings, for errors.

    Returns:
        The operation, and how its records are batched, if they are.

    Raises:
        SettingsError: If an option does not fit.
    """
    for option, value in options.items():
        endpoints = APPLIES_TO.get(option, (name,))
        if value is not None and name not in endpoints:
            problem = f"does not apply to {name}; it is an option of {', '.join(endpoints)}"
            raise SettingsError(f"{path}.{option}", problem)
    given = with_defaults(options, STREAM_SCHEMA)
    if name == GENERIC:
        return _generic(given, base_url, path)
    return _template(TEMPLATES[name], given, style, path), None


def _template(
    endpoint: Endpoint, options: Mapping[str, Any], style: ApiStyle, path: str
) -> Operation:
    """Call a template in one of the two styles."""
    # An endpoint without a data parameter is a delete, whose id is guarded.
    own = {"a", endpoint.data_param or endpoint.id_name}
    own |= {option.parameter for option in endpoint.options}
    extra = (*_options(endpoint, options, path), *_params(options, path, own))
    if style is ApiStyle.ACTION:
        return _action_call(endpoint, options, extra, path)
    return _rest_call(endpoint, options, extra, path)


def _action_call(
    endpoint: Endpoint, options: Mapping[str, Any], extra: tuple[Param, ...], path: str
) -> Operation:
    """Apptivo's own form: everything, credentials included, in a form body."""
    customer_id = _customer_id(endpoint, options, path)
    own = [Param(name="a", value=Template((endpoint.action,)))]
    if customer_id is not None:
        own.append(Param(name=endpoint.id_name, value=customer_id))
    return Operation(
        endpoint=endpoint.name,
        method="POST",
        url=Template((endpoint.path,)),
        content=Content.FORM,
        params=(*own, *extra),
        params_in_form=True,
        data_param=endpoint.data_param,
        customer_id=customer_id,
        **_common(endpoint, options, path),
    )


def _rest_call(
    endpoint: Endpoint, options: Mapping[str, Any], extra: tuple[Param, ...], path: str
) -> Operation:
    """The destination's own form: the record as JSON body, the rest in the query."""
    customer_id = _customer_id(endpoint, options, path)
    if customer_id is not None:
        url = Template((f"{endpoint.path}/", *customer_id.parts))
    else:
        url = Template((f"{endpoint.path}?a={endpoint.action}",))
    return Operation(
        endpoint=endpoint.name,
        method="POST" if customer_id is None else "DELETE",
        url=url,
        content=Content.JSON if customer_id is None else Content.NONE,
        params=extra,
        customer_id=customer_id,
        **_common(endpoint, options, path),
    )


def _generic(
    options: Mapping[str, Any], base_url: str, path: str
) -> tuple[Operation, Batch | None]:
    """Read an operation from the settings."""
    if "url" not in options:
        problem = "is required"
        raise SettingsError(f"{path}.url", problem)
    method = options["method"]
    is_form = options["content_format"] == Content.FORM.value
    content = Content.FORM if is_form else Content.JSON
    if "data_param" in options and (not is_form or method == "DELETE"):
        problem = "needs a body of content_format application/x-www-form-urlencoded"
        raise SettingsError(f"{path}.data_param", problem)
    operation = Operation(
        endpoint=GENERIC,
        method=method,
        url=_url(options["url"], base_url, f"{path}.url"),
        content=Content.NONE if method == "DELETE" else content,
        params=_params(options, path, {options.get("data_param"), *_query_names(options["url"])}),
        data_param=options.get("data_param"),
        **_common(None, options, path),
    )
    return operation, _batch(operation, options, path)


def _batch(operation: Operation, options: Mapping[str, Any], path: str) -> Batch | None:
    """Read how a generic endpoint's records are batched."""
    if "batch" not in options:
        return None
    if operation.method == "DELETE" or (
        operation.content is Content.FORM and not operation.data_param
    ):
        problem = "needs a body that takes several records: not DELETE, no form without data_param"
        raise SettingsError(f"{path}.batch", problem)
    return read_batch(options["batch"], f"{path}.batch")


def _common(endpoint: Endpoint | None, options: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Read the options that every endpoint has."""
    known = endpoint.id_paths if endpoint else ()
    return {
        "headers": _headers(options.get("headers"), f"{path}.headers"),
        "exclude": tuple(options.get("exclude_attributes", ())),
        "id_paths": (options["id_path"],) if "id_path" in options else known,
    }


def _customer_id(endpoint: Endpoint, options: Mapping[str, Any], path: str) -> Template | None:
    """Read the template of the id of a customer to delete."""
    if endpoint is not DELETE_CUSTOMER:
        return None
    return parse_template(options["customer_id"], f"{path}.customer_id")


def _options(endpoint: Endpoint, options: Mapping[str, Any], path: str) -> Iterator[Param]:
    """Give the request parameters that an endpoint has settings for; absent unless set."""
    for option in endpoint.options:
        if options.get(option.setting, "") != "":
            yield Param(
                name=option.parameter,
                value=_value(options[option.setting], f"{path}.{option.setting}", option.booleans),
                booleans=option.booleans,
                optional=True,
            )


def _params(
    options: Mapping[str, Any], path: str, own: Collection[str | None]
) -> tuple[Param, ...]:
    """Read further parameters, which never take the place of the endpoint's own or of the keys."""
    params = options.get("params", {})
    for name in params:
        if name in CREDENTIALS:
            problem = "is added by the target; set api_key and access_key"
            raise SettingsError(f"{path}.params.{name}", problem)
        if name in own:
            problem = "is a parameter of the endpoint's own"
            raise SettingsError(f"{path}.params.{name}", problem)
    return tuple(
        Param(name=name, value=_value(value, f"{path}.params.{name}", ("false", "true")))
        for name, value in params.items()
        if value is not None
    )


def _value(value: object, path: str, booleans: tuple[str, str]) -> Template:
    """Read a parameter's value, which need not be a text."""
    match value:
        case bool():
            return Template((booleans[value],))
        case int() | float():
            try:
                return Template((number_text(value),))
            except ValueError as error:
                raise SettingsError(path, f"is {error}") from None
    return parse_template(str(value), path)


def parse_template(text: str, path: str) -> Template:
    """Read a template."""
    try:
        return Template.parse(text)
    except ValueError as error:
        raise SettingsError(path, str(error)) from None


def _headers(headers: object, path: str) -> Pairs:
    """Read headers in both forms: an object, or `name1:value1,name2:value2`."""
    pairs: Mapping[str, str] = headers if isinstance(headers, Mapping) else {}
    if isinstance(headers, str):
        pieces = [piece.partition(":") for piece in headers.split(",") if piece.strip()]
        if not all(colon for _, colon, _ in pieces):
            problem = "must be written `name1:value1,name2:value2`"
            raise SettingsError(path, problem)
        pairs = {name.strip(): value.strip() for name, _, value in pieces}
    for name, value in pairs.items():
        _check_header(name, value, path)
    return tuple((name, value) for name, value in pairs.items() if value is not None)


def _check_header(name: str, value: str | None, path: str) -> None:
    """Refuse a header that would break the request or belongs to the client."""
    if not _HEADER_NAME.fullmatch(name):
        problem = "holds a name that is no header name"
        raise SettingsError(path, problem)
    if name.lower() in _OUR_HEADERS:
        problem = "is set by the target itself"
        raise SettingsError(f"{path}.{name}", problem)
    if value is not None and not _HEADER_VALUE.fullmatch(value):
        problem = "holds a character that a header cannot hold"
        raise SettingsError(f"{path}.{name}", problem)


def _url(text: str, base_url: str, path: str) -> Template:
    """Read a generic endpoint's URL as a path below the base URL, or on its host."""
    literal = _ATTRIBUTE.sub("{}", text)
    if _UNSAFE_IN_URL.search(literal) or "#" in literal:
        problem = "holds a space, a control character, `\\` or `#`; percent-encode it"
        raise SettingsError(path, problem)
    if _STRAY_PERCENT.search(literal):
        problem = "holds a `%` without two hexadecimal digits; write %25"
        raise SettingsError(path, problem)
    if CREDENTIALS & _query_names(literal):
        problem = "names apiKey or accessKey, which the target adds"
        raise SettingsError(path, problem)
    if climbs(literal):
        problem = "holds a segment `.` or `..`"
        raise SettingsError(path, problem)
    if literal.startswith("//"):
        problem = "must be absolute (https://...) or relative to api_url"
        raise SettingsError(path, problem)
    if "://" not in literal.partition("?")[0]:
        return parse_template(text.removeprefix("/"), path)
    host = _our_host(literal, base_url, path)
    rest = text.partition("://")[2].removeprefix(host)
    return parse_template(rest if rest.startswith("/") else f"/{rest}", path)


def _query_names(url: str) -> set[str]:
    """Give the names of the parameters in a URL's query."""
    return {name for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)}


def _our_host(url: str, base_url: str, path: str) -> str:
    """Give the host of an absolute URL after checking that the credentials may go there."""
    try:
        ours, theirs = urlsplit(base_url), urlsplit(url)
    except ValueError:
        problem = "is no URL"
        raise SettingsError(path, problem) from None
    if "@" in theirs.netloc or "{" in theirs.netloc:
        problem = "holds a user name or a template before its path"
        raise SettingsError(path, problem)
    if _origin(theirs.scheme, theirs.netloc) != _origin(ours.scheme, ours.netloc):
        problem = "is on another host than api_url; the keys are sent to that host alone"
        raise SettingsError(path, problem)
    return theirs.netloc


def _origin(scheme: str, netloc: str) -> tuple[str, str]:
    """Give what two URLs of one host share."""
    port = {"https": ":443", "http": ":80"}.get(scheme.lower(), "")
    return scheme.lower(), netloc.lower().removesuffix(port)
