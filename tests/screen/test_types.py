"""The screen is compiled against what the box says that it answers; no mistake between the two outlives a build."""

import os
from pathlib import Path

from tests.integration.edge_sync.agent_process import ROOT
from tests.screen.typescript import typescript

FILE: Path = ROOT / "edge_agent/screen/src/api/views.ts"


def test_the_screens_types_are_the_boxs_own() -> None:
    if os.environ.get("BACKSTOCK_WRITE"):
        FILE.write_text(typescript(), encoding="utf-8")

    assert FILE.read_text(encoding="utf-8") == typescript(), "BACKSTOCK_WRITE=1 pytest tests/screen/test_types.py"
