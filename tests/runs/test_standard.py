"""The SDK's standard target tests, against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import get_target_test_class

from target_apptivo.sandbox import Sandbox
from target_apptivo.target import TargetApptivo
from tests.conftest import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG: dict[str, Any] = {**KEYS, "generic": {"url": "v6/customapp?a=save"}}

StandardTests = get_target_test_class(TargetApptivo, config=CONFIG)


@pytest.fixture(scope="module", autouse=True)
def _sandbox_for_all() -> Iterator[None]:
    """Send to a sandbox that is there for all of the tests."""
    with Sandbox(accept_all=True) as sandbox:
        CONFIG["api_url"] = sandbox.url
        yield


class TestTargetApptivo(StandardTests):  # type: ignore[misc, valid-type]
    """Every stream goes to the generic endpoint of a sandbox."""
