"""The sandbox's page in a real browser, where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import requests

from docs.screenshot import QUIET
from target_apptivo.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = "</td><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 1\">"
KEYS = {"apiKey": "KEY-ONE", "accessKey": "KEY-TWO"}


def drawn(url: str, profile: Path) -> str:
    """The page as the browser has it after a few seconds of its own clock."""
    assert BROWSER is not None
    options = [f"--user-data-dir={profile}", "--virtual-time-budget=4000", "--dump-dom"]
    finished = subprocess.run(  # noqa: S603 - the browser that was found
        [BROWSER, *QUIET, *options, url], check=True, capture_output=True, text=True
    )
    return finished.stdout


@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")
def test_the_page_tells_what_happened(tmp_path: Path) -> None:
    """A record made twice is marked in words; hostile values and refusals are plain text."""
    with Sandbox() as sandbox:
        for record in ({"lastName": "Doe"}, {"lastName": "Doe"}, {"lastName": HOSTILE}, {}):
            form = KEYS | {"a": "save", "leadData": json.dumps(record)}
            requests.post(f"{sandbox.url}v6/leads", data=form, timeout=20)
        sandbox.faults = {"drop_after": 1}
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{sandbox.url}v6/leads", data=KEYS | {"a": "getAll"}, timeout=20)
        page = drawn(sandbox.origin, tmp_path / "profile")
    assert "3 records created; 2 refused or failed; 1 created more than once." in page
    assert page.count(">double</span></th>") == 2
    assert "drop_after, on purpose: carried out, but no answer sent" in page
    assert "<title>Apptivo sandbox</title>" in page
    assert "&lt;/td&gt;&lt;script&gt;" in page
    assert "<img" not in page
