"""Turn records into the HTTP request Apptivo expects. Pure: no I/O, no clock."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from target_apptivo.apptivo.guards import (
    ACTION,
    asks_to_delete,
    climbs,
    query_pairs,
    splits_path,
)
from target_apptivo.apptivo.operation import CREDENTIALS, Content, Operation, Pairs, Param
from target_apptivo.apptivo.template import MissingValueError, splits
from target_apptivo.apptivo.value import value
from target_apptivo.errors import RecordRejectedError
from target_apptivo.jsontext import dumps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Names that say what is done and on whose behalf: none of a record's business.
_RESERVED = CREDENTIALS | {ACTION, "userName"}
_POSITIVE_INTEGER = re.compile(r"0*[1-9][0-9]*")


@value(frozen=True, slots=True)
class Address:
    """Where a record goes: equal for all records of one batch.

    Attributes:
        url: Path and query of the URL, filled in and percent-encoded.
        params: The filled-in parameters.
    """

    url: str
    params: Pairs


@value(frozen=True, slots=True)
class Request:
    """A request without the credentials, so that it can be shown and logged.

    Attributes:
        method: The HTTP method.
        url: Path and query, relative to the API's base URL or host.
        query: Further query parameters.
        headers: Header names and values.
        form: Form fields, or none where the body is no form.
        body: The JSON body, or none.
    """

    method: str
    url: str
    query: Pairs = ()
    headers: Pairs = ()
    form: Pairs | None = None
    body: bytes | None = field(default=None, repr=False)


def shape_address(operation: Operation, record: Mapping[str, Any]) -> Address:
    """Fill in the templates of an operation's URL and parameters.

    Raises:
        RecordRejectedError: If a template finds no fit value, a value would lead to another path,
            or the id of a customer to delete is not a positive integer.
    """
    if operation.customer_id is not None:
        _guard_customer_id(operation.customer_id.render(record))
    path, query = operation.url.partition("?")
    url = path.render(record, encode=_quote_in_path)
    if climbs(url):
        msg = "a value in the URL's path is '.' or '..', which would call another path"
        raise RecordRejectedError(msg)
    url += query.render(record, encode=_quote)
    return Address(url, tuple(_filled_in(operation.params, record)))


def shape_request(operation: Operation, address: Address, payload: object) -> Request:
    """Make the request that carries a payload.

    Args:
        operation: How the stream's records are sent.
        address: Where this payload goes.
        payload: The record without its exclusions, or the body of a batch.

    Returns:
        The request, without credentials.

    Raises:
        RecordRejectedError: If the payload cannot be written, or would make a delete of it.
    """
    fields = _form_fields(operation, address, payload) if operation.content is Content.FORM else ()
    if not operation.deletes and asks_to_delete(
        operation.method, address.url, (*address.params, *fields)
    ):
        msg = "the record would make a delete of the call; a delete is set up by `a=delete` alone"
        raise RecordRejectedError(msg)
    form = (*address.params, *fields) if operation.params_in_form else fields
    return Request(
        method=operation.method,
        url=address.url,
        query=() if operation.params_in_form else address.params,
        headers=_headers(operation),
        form=form if operation.content is Content.FORM else None,
        body=_encode(_json(payload)) if operation.content is Content.JSON else None,
    )


def without(record: Mapping[str, Any], exclude: Sequence[str]) -> dict[str, Any]:
    """Leave attributes out of a record.

    Args:
        record: The record; it stays as it is.
        exclude: Names; a dotted one reaches into nested objects, unless an attribute is literally
            so named. Arrays are not entered.

    Returns:
        A copy of whatever changes, sharing the rest.
    """
    kept = dict(record)
    for name in exclude:
        _drop(kept, name)
    return kept


def _quote(value: str) -> str:
    """Percent-encode a value so that it cannot leave its place in a URL."""
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        msg = "a value in the URL is not valid Unicode text"
        raise RecordRejectedError(msg) from None


def _quote_in_path(value: str) -> str:
    """Percent-encode a value of a path, whose `/` would lead to another path where it is undone."""
    if splits_path(value):
        msg = "a value in the URL's path holds '/' or '\\', which would call another path"
        raise RecordRejectedError(msg)
    return _quote(value)


def _filled_in(params: Sequence[Param], record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Fill in parameters, leaving out the optional ones that have no value."""
    pairs = []
    for param in params:
        try:
            value = param.value.render(record, booleans=param.booleans)
        except MissingValueError:
            if not param.optional:
                raise
        else:
            _encode(value)
            pairs.append((param.name, value))
    return pairs


def _guard_customer_id(text: str) -> None:
    """Refuse to delete anything but one customer, named by a positive integer."""
    if not _POSITIVE_INTEGER.fullmatch(text):
        msg = "the id of the customer to delete is not a positive integer"
        raise RecordRejectedError(msg)


def _headers(operation: Operation) -> Pairs:
    """Give the content type and the user's headers, which win."""
    named = {name.lower() for name, _ in operation.headers}
    if operation.content is Content.NONE or "content-type" in named:
        return operation.headers
    return (("Content-Type", operation.content.value), *operation.headers)


def _form_fields(operation: Operation, address: Address, payload: object) -> Pairs:
    """Write a payload as form fields: one field of JSON, or a field for each attribute."""
    if operation.customer_id is not None:
        return ()
    if operation.data_param:
        text = _json(payload)
        _encode(text)
        return ((operation.data_param, text),)
    record = payload if isinstance(payload, dict) else {}
    fields = tuple((name, _field(value)) for name, value in record.items() if value is not None)
    taken = {name for name, _ in (*query_pairs(address.url), *address.params)} | _RESERVED
    for name, text in fields:
        if name in taken:
            msg = (
                f"attribute '{name}' would stand in the form beside the key or parameter of that "
                "name: leave it out (exclude_attributes)"
            )
            raise RecordRejectedError(msg)
        _encode(name + text)
    return fields


def _field(value: object) -> str:
    """Write one attribute as a form field; a nested value as JSON, a text as it is."""
    return value if isinstance(value, str) else _json(value).strip('"')


def _json(value: object) -> str:
    """Write JSON, or refuse the record without showing its values."""
    try:
        return dumps(value)
    except (ValueError, TypeError, RecursionError) as error:
        msg = "the record holds a value that JSON cannot hold"
        raise RecordRejectedError(msg) from error


def _encode(text: str) -> bytes:
    """Write UTF-8, or refuse the record: a lone surrogate is no character."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        msg = "the record holds text that is not valid Unicode"
        raise RecordRejectedError(msg) from None


def _drop(record: dict[str, Any], name: str) -> bool:
    """Drop the attribute that `look_up` finds; nested objects are copied before a change."""
    if name in record:
        del record[name]
        return True
    for head, rest in splits(name):
        if isinstance(nested := record.get(head), dict) and _drop(copy := dict(nested), rest):
            record[head] = copy
            return True
    return False
