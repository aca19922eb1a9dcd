"""The printers of a box's settings: what is missing has a default, and each mistake says what was expected."""

from pathlib import Path

import pytest

from edge_agent.config import load
from edge_agent.errors import BadConfig


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EDGE_PRINTERS", "EDGE_LABEL_FONTS"):
        monkeypatch.delenv(name, raising=False)


def a_box(folder: Path, text: str) -> Path:
    (folder / "edge.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_printer_needs_a_name_and_an_output_only(tmp_path: Path) -> None:
    (printer,) = load(a_box(tmp_path, 'printers = [{name = "shelf", output = "tcp://192.0.2.7"}]')).printers
    assert (printer.format, printer.dpi, printer.width_mm, printer.height_mm) == ("zpl", 203, 60, 40)
    assert printer.templates == ("shelf", "lot", "price")


def test_a_command_is_a_list_of_arguments_in_the_file_and_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (printer,) = load(
        a_box(tmp_path, 'printers = [{name = "o", output = ["lp", "-d", "x y"], format = "pdf"}]')
    ).printers
    assert printer.output == ("lp", "-d", "x y")
    monkeypatch.setenv("EDGE_PRINTERS", '[{"name": "o", "output": ["lp"]}]')
    assert load(tmp_path).printers[0].output == ("lp",)


@pytest.mark.parametrize(("text", "where", "expected"), [
    ('printers = [{name = "a b", output = "tcp://h"}]', "printers.0.name", "pattern"),
    ('printers = [{name = "a", output = "lp -d office"}]', "printers.0.output", "a command as a list"),
    ('printers = [{name = "a", output = "http://h"}]', "printers.0.output", "tcp://HOST"),
    ('printers = [{name = "a", output = "tcp://h:99999"}]', "printers.0.output", "0-65535"),
    ('printers = [{name = "a", output = []}]', "printers.0.output", "a command and its arguments"),
    ('printers = [{name = "a", output = ["lp", 1]}]', "printers.0.output", "a list of texts"),
    ('printers = [{name = "a", output = "tcp://h", dpi = 200}]', "printers.0.dpi", "203, 300 or 600"),
    ('printers = [{name = "a", output = "tcp://h", width_mm = 5}]', "printers.0.width_mm", "or equal to 20"),
    ('printers = [{name = "a", output = "tcp://h", format = "epl"}]', "printers.0.format", "'zpl' or 'pdf'"),
    ('printers = [{name = "a", output = "tcp://h", templates = []}]', "printers.0.templates", "at least 1 item"),
    ('printers = [{name = "a", output = "tcp://h", colour = 1}]', "printers.0.colour", "not permitted"),
    ('printers = [{name = "a", output = "tcp://h"}, {name = "a", output = "tcp://i"}]', "printers", "a is there twice"),
    ('label_fonts = ["/no/such/font.ttf"]', "label_fonts.0", "a font file"),
])  # fmt: skip
def test_a_mistake_names_its_place_what_was_expected_and_an_example(
    tmp_path: Path, text: str, where: str, expected: str
) -> None:
    with pytest.raises(BadConfig) as caught:
        load(a_box(tmp_path, text))
    (mistake,) = caught.value.mistakes
    assert mistake.split(":")[0] == where
    assert expected in mistake
    assert f"example: {where.split('.')[0]} = [" in mistake
