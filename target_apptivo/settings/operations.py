"""Endpoint plus options -> Operation: how one stream's records travel. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from target_apptivo.apptivo.endpoints import DELETE_CUSTOMER, GENERIC, TEMPLATES, ApiStyle, Endpoint
from target_apptivo.apptivo.guards import climbs
from target_apptivo.apptivo.operation import CREDENTIALS, Content, Operation, Param
from target_apptivo.apptivo.template import Template
from target_apptivo.errors import SettingsError
from target_apptivo.settings.batch import read_batch
from target_apptivo.settings.headers import read_headers
from target_apptivo.settings.options import read_options
from target_apptivo.settings.setting import WrongValueError
from target_apptivo.settings.urls import our_host
from target_apptivo.settings.values import parse_template, parse_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from target_apptivo.apptivo.batch import Batch
    from target_apptivo.settings.call_options import CallOptions

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
    given = read_options({**options, "endpoint": name}, path)
    return operation_of(given, style=style, base_url=base_url, path=path)


def operation_of(
    options: CallOptions, *, style: ApiStyle, base_url: str, path: str
) -> tuple[Operation, Batch | None]:
    """Put together how an endpoint is called, as `build_operation` does, by options once read."""
    if options.endpoint == GENERIC:
        return _generic(options, base_url, path)
    return _template(TEMPLATES[options.endpoint], options, style, path), None


def _template(endpoint: Endpoint, options: CallOptions, style: ApiStyle, path: str) -> Operation:
    """Call a template in one of the two styles."""
    # An endpoint without a data parameter is a delete, whose id is guarded.
    own = {"a", endpoint.data_param or endpoint.id_name}
    own |= {option.parameter for option in endpoint.options}
    extra = (*_options(endpoint, options, path), *_params(options, path, own))
    if style is ApiStyle.ACTION:
        return _action_call(endpoint, options, extra, path)
    return _rest_call(endpoint, options, extra, path)


def _action_call(
    endpoint: Endpoint, options: CallOptions, extra: tuple[Param, ...], path: str
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
    endpoint: Endpoint, options: CallOptions, extra: tuple[Param, ...], path: str
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


def _generic(options: CallOptions, base_url: str, path: str) -> tuple[Operation, Batch | None]:
    """Read an operation from the settings."""
    if options.url is None:
        problem = "is required"
        raise SettingsError(f"{path}.url", problem)
    method = options.method
    is_form = options.content_format == Content.FORM.value
    content = Content.FORM if is_form else Content.JSON
    if options.data_param is not None and (not is_form or method == "DELETE"):
        problem = "needs a body of content_format application/x-www-form-urlencoded"
        raise SettingsError(f"{path}.data_param", problem)
    operation = Operation(
        endpoint=GENERIC,
        method=method,
        url=_url(options.url, base_url, f"{path}.url"),
        content=Content.NONE if method == "DELETE" else content,
        params=_params(options, path, {options.data_param, *_query_names(options.url)}),
        data_param=options.data_param,
        **_common(None, options, path),
    )
    return operation, _batch(operation, options, path)


def _batch(operation: Operation, options: CallOptions, path: str) -> Batch | None:
    """Read how a generic endpoint's records are batched."""
    if options.batch is None:
        return None
    if operation.deletes or (operation.content is Content.FORM and not operation.data_param):
        problem = "needs a body that takes several records: no delete, no form without data_param"
        raise SettingsError(f"{path}.batch", problem)
    return read_batch(options.batch, f"{path}.batch")


def _common(endpoint: Endpoint | None, options: CallOptions, path: str) -> dict[str, Any]:
    """Read the options that every endpoint has."""
    known = endpoint.id_paths if endpoint else ()
    return {
        "headers": read_headers(options.headers, f"{path}.headers"),
        "exclude": options.exclude_attributes,
        "id_paths": known if options.id_path is None else (options.id_path,),
    }


def _customer_id(endpoint: Endpoint, options: CallOptions, path: str) -> Template | None:
    """Read the template of the id of a customer to delete."""
    if endpoint is not DELETE_CUSTOMER:
        return None
    return parse_template(options.customer_id, f"{path}.customer_id")


def _options(endpoint: Endpoint, options: CallOptions, path: str) -> Iterator[Param]:
    """Give the request parameters that an endpoint has settings for; absent unless set."""
    for option in endpoint.options:
        if (value := getattr(options, option.setting)) not in {None, ""}:
            yield Param(
                name=option.parameter,
                value=parse_value(value, f"{path}.{option.setting}", option.booleans),
                booleans=option.booleans,
                optional=True,
            )


def _params(options: CallOptions, path: str, own: Collection[str | None]) -> tuple[Param, ...]:
    """Read further parameters, which never take the place of the endpoint's own or of the keys."""
    params = options.params
    for name in params:
        if name in CREDENTIALS:
            problem = "is added by the target; set api_key and access_key"
            raise SettingsError(f"{path}.params.{name}", problem)
        if name in own:
            problem = "is a parameter of the endpoint's own"
            raise SettingsError(f"{path}.params.{name}", problem)
    return tuple(
        Param(name=name, value=parse_value(value, f"{path}.params.{name}", ("false", "true")))
        for name, value in params.items()
        if value is not None
    )


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
    try:
        host = our_host(literal, base_url)
    except WrongValueError as error:
        raise SettingsError(path, str(error)) from None
    rest = text.partition("://")[2].removeprefix(host)
    return parse_template(rest if rest.startswith("/") else f"/{rest}", path)


def _query_names(url: str) -> set[str]:
    """Give the names of the parameters in a URL's query."""
    return {name for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)}
