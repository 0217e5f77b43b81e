"""Take the README's picture: the demo in the sandbox, seen by a headless Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from target_apptivo.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "sandbox.png"
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


def fill(sandbox: Sandbox, folder: Path) -> None:
    """Run the two days of the demo into a sandbox."""
    config = json.loads((ROOT / "demo" / "in-step.json").read_text())
    config |= {
        "api_url": sandbox.url,
        "journal_url": f"sqlite:///{folder}/journal.db",
        "rejected_path": str(folder / "rejected.singer"),
    }
    (folder / "config.json").write_text(json.dumps(config))
    command = [str(Path(sys.executable).with_name("target-apptivo")), "--config"]
    command.append(str(folder / "config.json"))
    days = [["--input", f"demo/day-{number}.singer"] for number in ("one", "two")]
    for options in (["--journal"], *days):
        subprocess.run([*command, *options], cwd=ROOT, check=True, capture_output=True)  # noqa: S603


def take(url: str, folder: Path) -> None:
    """Take the picture."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("chromium is not installed (Debian: apt-get install chromium)")
    subprocess.run(  # noqa: S603 - the browser that was found
        [
            browser,
            *QUIET,
            f"--user-data-dir={folder / 'profile'}",
            f"--screenshot={PICTURE}",
            "--window-size=1200,1130",
            "--virtual-time-budget=4000",
            url,
        ],
        check=True,
        capture_output=True,
    )


def main() -> None:
    """Fill a sandbox and take the picture of its page."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(port=8700, key=("source_id",)) as sandbox:
        fill(sandbox, Path(folder))
        take(sandbox.origin, Path(folder))
    print(PICTURE.relative_to(ROOT))  # noqa: T201 - what was made


if __name__ == "__main__":
    main()
