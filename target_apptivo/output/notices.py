"""What is said once per stream: where it goes, and what is probably not meant."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.fields.names import nearest_told
from target_apptivo.apptivo.template import splits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_apptivo.apptivo.endpoints import Endpoint
    from target_apptivo.apptivo.rules import Rules
    from target_apptivo.settings.routes import Route

# Where a schema has one of these, its properties are not all that there may be.
_OPEN: Final = ("additionalProperties", "patternProperties", "$ref", "allOf", "anyOf", "oneOf")

logger = logging.getLogger("target-apptivo")


class Notices:
    """Log lines about streams, each of them once."""

    def __init__(self, *, tells_responses: bool) -> None:
        """Start with nothing said.

        Args:
            tells_responses: Whether response records are asked for.
        """
        self._tells_responses = tells_responses
        self._said: set[tuple[str, str]] = set()

    def announce(
        self, stream: str, route: Route, *, has_keys: bool, schema: Mapping[str, Any]
    ) -> None:
        """Say where a stream goes and why, and what of its settings its schema has not."""
        if not self._is_new(stream, "route"):
            return
        logger.info("stream %s -> %s (%s)", stream, route.operation.endpoint, route.why)
        if self._tells_responses and not has_keys:
            logger.warning(
                "stream %s has no key properties: its response records say what became of a "
                "record, but not of which; set __key_properties__ in a stream map",
                stream,
            )
        self._warn_of_absent(stream, route.rules, schema)

    def skip_deletion(self, stream: str, *, may_delete: bool) -> None:
        """Warn that a stream which creates brings deleted records.

        Args:
            stream: Its name.
            may_delete: Whether the option `hard_delete` would delete what became of them.
        """
        by_option = (
            "to delete what was created from them, set hard_delete under the stream's exact name, "
            "or map a stream of their ids to delete_customer"
        )
        by_ids = "to delete customers, map a stream of their ids to delete_customer"
        if self._is_new(stream, "deletion"):
            logger.warning(
                "stream %s brings deleted records (_sdc_deleted_at) to an endpoint that creates: "
                "they are skipped; %s",
                stream,
                by_option if may_delete else by_ids,
            )

    def ignore_version(self, stream: str) -> None:
        """Say that versions are ignored."""
        if self._is_new(stream, "version"):
            logger.info("stream %s: ACTIVATE_VERSION is ignored, Apptivo has none", stream)

    def tell_unused(self, names: Iterable[str]) -> None:
        """Say which entries of the settings no stream went by, where any stream came."""
        if self._said:
            for name in names:
                logger.info("streams.%s: no stream of the input with records goes by it", name)

    def warn_of_traps(self, stream: str, endpoint: Endpoint, payload: Mapping[str, Any]) -> None:
        """Warn of attribute names that Apptivo is known to drop or misread."""
        for trap in endpoint.traps:
            is_there = trap.name in payload and trap.unless not in payload
            if is_there and self._is_new(stream, trap.name):
                logger.warning(
                    "stream %s sends '%s', which Apptivo probably drops or misreads without a "
                    "word: it takes %s",
                    stream,
                    trap.name,
                    trap.remedy,
                )

    def _warn_of_absent(self, stream: str, rules: Rules, schema: Mapping[str, Any]) -> None:
        """Warn of attributes in `fields` that no record will have: typos, most likely."""
        referenced = {reference.attribute for reference in rules.references}
        for field, attribute in rules.fields.items():
            if attribute not in referenced and not _may_have(schema, attribute):
                logger.warning(
                    "%s.fields.%s: stream %s has no '%s' in its SCHEMA, so that nothing fills the "
                    "field; %s",
                    rules.path,
                    field,
                    stream,
                    attribute,
                    nearest_told(attribute, [*schema["properties"]]),
                )

    def _is_new(self, stream: str, subject: str) -> bool:
        """Whether this is said for the first time; from now on it is not."""
        is_new = (stream, subject) not in self._said
        self._said.add((stream, subject))
        return is_new


def _may_have(schema: Mapping[str, Any], name: str) -> bool:
    """Whether records may have an attribute, dotted for nested; in doubt they may."""
    properties = schema.get("properties")
    is_open = any(schema.get(word) for word in _OPEN) or name.startswith("_sdc_")
    if is_open or not isinstance(properties, dict) or not properties or name in properties:
        return True
    nested = ((properties.get(head), rest) for head, rest in splits(name))
    return any(_may_have(inner, rest) for inner, rest in nested if isinstance(inner, dict))
