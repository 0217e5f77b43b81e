"""How the records of a stream are remembered: by which key, and whom they wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.criteria import criteria_of, match_key
from target_apptivo.apptivo.request import without
from target_apptivo.errors import InputError, RecordRejectedError
from target_apptivo.journal.digest import digest, key_text
from target_apptivo.journal.steps import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_apptivo.apptivo.criteria import Criteria
    from target_apptivo.apptivo.rules import Mapped, Rules
    from target_apptivo.delivery.pending import PendingRecord


class Remembered:
    """One stream's records, as the journal knows them.

    Attributes:
        stream: The stream's name in the journal.
        key_names: The properties that make the key.
    """

    def __init__(
        self, stream: str, rules: Rules, key_properties: Sequence[str], *, is_referenced: bool
    ) -> None:
        """Decide by what the records are known.

        Args:
            stream: Name of the stream, after stream maps.
            rules: How its records are treated.
            key_properties: The stream's key properties.
            is_referenced: Whether records of other streams refer to it.

        Raises:
            InputError: If they cannot be known.
        """
        self.stream = rules.journal_stream or stream
        self.key_names = tuple(key_properties) or rules.match_on
        self._rules = rules
        self._has_key = bool(key_properties)
        self._is_referenced = is_referenced
        if not self.key_names and rules.is_recalled:
            msg = (
                f"stream '{stream}' has no key properties, by which the journal could know its "
                "records: set __key_properties__ in a stream map, or match_on, or load_method "
                "append-only"
            )
            raise InputError(msg)

    def place(self, key: Mapping[str, Any], record: Mapping[str, Any]) -> Place | None:
        """Give where a record is remembered; none where nothing makes it known again.

        Raises:
            RecordRejectedError: If its key cannot be written, or a match value is empty.
        """
        operation = self._rules.operation
        nulls = [name for name, value in key.items() if value is None]
        if nulls and self._rules.is_recalled:
            # Two of them would be one record: the second would be written over the first.
            msg = f"key property '{nulls[0]}' is null: the journal cannot tell such records apart"
            raise RecordRejectedError(msg)
        try:
            if self._has_key:
                text = key_text(key)
            elif self._rules.match_on:
                # Of values that `fields` shapes its way makes the key.
                text = "" if self._rules.fields else self._match_key(record)
            elif operation.deletes:
                text = digest(dict(record))  # known for as long as its delete is in doubt
            else:
                return None
        except ValueError:
            msg = "its key properties hold a value that cannot be a key"
            raise RecordRejectedError(msg) from None
        return Place(operation.endpoint, self.stream, text)

    def line_up(self, pending: PendingRecord, mapped: Mapped) -> Criteria | None:
        """Tell behind whom a record goes, and for whom it waits.

        Returns:
            By what it is looked for, where that is known before its way begins.

        Raises:
            RecordRejectedError: If a match value is empty, or a reference's key is no single value.
        """
        rules, place = self._rules, mapped.place
        criteria = self._criteria(mapped) if place else None
        if place:
            # Those with equal match values of an app go one by one.
            lines = dict.fromkeys(criteria.lines) if criteria else ()
            matches = ((rules.app.path, line) for line in lines)
            pending.lines = (*([place] if place.key else []), *matches)
        if self._is_referenced and self._has_key:
            pending.is_parent = (self.stream, key_text(pending.record.key))
        keys = [
            (reference.stream, key)
            for reference in rules.references
            if (key := reference.parent_key(mapped.attributes)) is not None
        ]
        # A record that is its own parent does not wait for itself.
        pending.parents = tuple(key for key in dict.fromkeys(keys) if key != pending.is_parent)
        return criteria

    def _criteria(self, mapped: Mapped) -> Criteria | None:
        """Give by what a record is looked for.

        Those whose match values `fields` shapes take turns (`deliver_in_turn`). A deleted record
        gives its values up, if it still has them: who takes them over waits for it.
        """
        rules = self._rules
        if not rules.match_on or rules.fields:
            return None
        payload = without(mapped.attributes, rules.operation.exclude)
        try:
            return criteria_of(rules.app, rules.match_on, payload)
        except RecordRejectedError:
            if mapped.is_deleted:
                return None
            raise

    def _match_key(self, record: Mapping[str, Any]) -> str:
        """Write a record's match values as its key."""
        payload = without(record, self._rules.operation.exclude)
        criteria = criteria_of(self._rules.app, self._rules.match_on, payload)
        return match_key(self._rules.app, criteria)
