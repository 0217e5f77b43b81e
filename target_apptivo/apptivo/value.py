"""Values: dataclasses that nobody changes once they are made. Pure.

It is the type checker that sees to it. At run time a frozen dataclass sets each of its fields by a
call, which takes many times as long as an assignment; and of verdicts and the like, which have up
to eighteen fields, several are made for every request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen: bool, **options: bool) -> Any:  # noqa: ANN401 - it decorates any class
        """Make a dataclass that may be a key, as a frozen one may."""
        return dataclass(unsafe_hash=frozen, **options)


__all__ = ["value"]
