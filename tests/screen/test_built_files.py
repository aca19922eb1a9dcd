"""What the build leaves: small enough for a handheld's first opening, and the camera's reader only for who uses it."""

import gzip
import json
import re
from pathlib import Path

import pytest

from edge_agent.web import screen

SOURCE = Path(screen.__file__).parent.parent / "screen"
FIRST_SCRIPT_BYTES_MAX = 200 * 1024


@pytest.fixture
def shell() -> list[str]:
    """The files that the service worker keeps from the first opening on."""
    worker = screen.FOLDER / "sw.js"
    if not worker.is_file():
        pytest.skip("MISSING: the screen is not built (make screen), the size of its files is not tested")
    found = re.search(r'\["/".*?\]', worker.read_text(encoding="utf-8"))
    assert found is not None
    return list(json.loads(found.group()))


def test_the_first_script_is_at_most_200_kb_compressed(shell: list[str]) -> None:
    scripts = [screen.FOLDER / path.removeprefix("/") for path in shell if path.endswith(".js")]
    page = (screen.FOLDER / screen.PAGE).read_text(encoding="utf-8")

    assert [path for path in re.findall(r'src="([^"]+\.js)"', page) if path not in shell] == []
    assert 0 < sum(len(gzip.compress(path.read_bytes())) for path in scripts) <= FIRST_SCRIPT_BYTES_MAX


def test_the_cameras_reader_is_fetched_by_who_uses_it_only(shell: list[str]) -> None:
    names = [path.name for path in (screen.FOLDER / "assets").iterdir()]

    assert [name for name in names if name.startswith("codeReader-") and name.endswith(".js")]
    assert [name for name in names if name.endswith(".wasm")]
    assert not [path for path in shell if "codeReader" in path or path.endswith(".wasm")]


def test_every_large_file_goes_out_compressed() -> None:
    folder = screen.FOLDER / "assets"
    large = [path for path in folder.iterdir() if path.suffix in (".js", ".css", ".wasm")] if folder.is_dir() else []

    assert [path.name for path in large if not Path(f"{path}.gz").is_file()] == []


def test_whatever_is_built_in_comes_with_its_version_and_the_text_of_its_licence() -> None:
    file = screen.FOLDER / "licenses.txt"
    if not file.is_file():
        pytest.skip("MISSING: the screen is not built (make screen), its licences are not tested")
    wanted = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    sections = re.split(r"\n\n\n(?=.+\n=+\n)", file.read_text(encoding="utf-8"))[1:]
    told = {title.partition(" (")[0]: text for title, _, text in (each.partition("\n") for each in sections)}

    assert {f"{name} {version}" for name, version in wanted.items()} <= told.keys()
    assert "Apache License" in told["zxing-cpp, inside zxing-wasm"]
    assert [title for title, text in told.items() if not re.search("(?i)permi|licensor", text)] == []


def test_it_can_be_installed() -> None:
    manifest = json.loads((screen.FOLDER / "manifest.webmanifest").read_text(encoding="utf-8"))

    assert manifest["display"] == "standalone"
    assert manifest["start_url"] == manifest["scope"] == "/"
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    assert all((screen.FOLDER / icon["src"].removeprefix("/")).is_file() for icon in manifest["icons"])
