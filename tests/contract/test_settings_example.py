"""F41: `cloud_hub/.env.example` names every setting of the hub with its meaning, and all of it is accepted.

After a change of cloud_hub/config.py: `BACKSTOCK_WRITE=1 pytest tests/contract/test_settings_example.py` writes it.
"""

import os
import re

from pydantic.fields import FieldInfo

from cloud_hub.config import PREFIX, Config
from tests.house.tree import ROOT

FILE = ROOT / "cloud_hub" / ".env.example"
HEAD = """\
# Settings of a hub process. Copy to .env, take the # away where yours differs, keep the file to yourself (chmod 600).
# What stands behind a # is the default, or an example where there is none. Any of them may stand in a file:
# HUB_DATABASE_URL_FILE=/run/secrets/database. A TOML file (cloud-hub --config) has the same names: database_url = "…".
"""


def _lines(name: str, field: FieldInfo) -> str:
    is_set = field.default not in (None, ()) and not field.is_required()
    value = field.default if is_set else field.examples[0]  # type: ignore[index]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"\n# {field.description}\n{'' if field.is_required() else '#'}{PREFIX}{name.upper()}={text}\n"


def test_the_example_of_the_environment_is_what_the_hub_reads() -> None:
    written = HEAD + "".join(_lines(name, field) for name, field in Config.model_fields.items())
    if os.environ.get("BACKSTOCK_WRITE"):
        FILE.write_text(written, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == written


def test_every_line_of_the_example_is_accepted() -> None:
    environment = dict(re.findall(rf"^#?({PREFIX}[A-Z_]+)=(.*)$", FILE.read_text(encoding="utf-8"), re.MULTILINE))

    read = Config.load(None, environment)

    assert set(environment) == {PREFIX + name.upper() for name in Config.model_fields}
    assert (read.http_port, str(read.state_dir)) == (8080, "hub-state")
