"""An API against its document, by schemathesis: what the schema allows works, what it forbids is refused.

The document's boundaries make thousands of requests; SCHEMA_CASES (default 200) is about how many random ones are made
besides. SEED repeats a run. Who asks, and about what, is said by hooks: a module that reads what SCHEMA_MATERIAL names.
"""

import asyncio
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.house.tree import ROOT

CASES = int(os.environ.get("SCHEMA_CASES", "200"))
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "negative_data_rejection", "positive_data_acceptance", "unsupported_method", "data_that_fits_is_valid",
)  # fmt: skip
"""`data_that_fits_is_valid` is the hooks' own: they say which 422 the document could have said."""
_CONFIGURATION = """
[checks]
positive_data_acceptance.expected-statuses = {right}
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429"]
[[operations]]
include-path-regex = "{left_out}"
enabled = false
"""
_KEYS = itertools.count()


async def ask(
    document: str, folder: Path, *, hooks: str, material: Any, operations: int, least: int, seed: int,
    right: Sequence[str], left_out: str, checks: Sequence[str] = CHECKS, more: Sequence[str] = (),
) -> None:  # fmt: skip
    """Ask all that the document at this URL has; `right` are statuses of right answers to data that fits."""
    (folder / "material.json").write_text(json.dumps(material))
    settings = folder / "schemathesis.toml"
    settings.write_text(_CONFIGURATION.format(right=json.dumps(right), left_out=left_out))
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run", document,
        "--checks", ",".join(checks), "--max-examples", str(max(1, CASES // operations)), "--seed", str(seed),
        "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--generation-database", "none",
        *more,
    ]  # fmt: skip
    told = {"SCHEMATHESIS_HOOKS": hooks, "PYTHONPATH": str(ROOT), "SCHEMA_MATERIAL": str(folder / "material.json")}
    run = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, **told}
    )
    output = (await run.communicate())[0].decode()
    print(output[-1_500:])
    assert run.returncode == 0, output[-12_000:]
    made = re.search(r"(\d+) generated", output)
    assert made is not None
    assert int(made[1]) >= max(CASES, least)


def material() -> Any:
    """What a test gave its hooks."""
    return json.loads(Path(os.environ["SCHEMA_MATERIAL"]).read_text())


def give_a_key_of_its_own(case: Any) -> None:
    """All boundaries of a body say the same key, "0": that would be one request."""
    if (case.headers or {}).get("Idempotency-Key") == "0":
        case.headers["Idempotency-Key"] = f"key-{next(_KEYS)}"
