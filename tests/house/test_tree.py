"""What may be committed, and that the documents point at things that exist."""

import re
import tomllib

import pytest

from tests.house.tree import PACKAGES, ROOT, tracked

TOP_LEVEL = {
    *PACKAGES, "tests", "packaging", "deploy", ".ci", ".github",
    "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "pyproject.toml",
    ".gitignore", ".gitattributes", ".dockerignore", ".editorconfig",
}  # fmt: skip
# Written so that this file does not find itself.
MACHINE = re.compile(r"(^|[^A-Za-z])/(work|farm)/|bash" r"_jobs|/home/[a-z]+/|/root/\.")
REGISTRY = re.compile(r"(pypi|npmjs|pythonhosted|debian)" r"\.(org|com)/")
BUNDLE = re.compile(r"(^|/)(dist|node_modules|\.venv|\.demo)/|\.min\.(js|css)$|^(published_api|edge_agent/web)/assets/")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md")


def texts() -> list[tuple[str, str]]:
    found = []
    for name in tracked():
        try:
            found.append((name, (ROOT / name).read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_the_top_level_is_the_one_of_the_design() -> None:
    assert {name.split("/")[0] for name in tracked()} - TOP_LEVEL == set()


@pytest.mark.parametrize(("what", "pattern"), [("a machine's path", MACHINE), ("a registry's host", REGISTRY)])
def test_no_file_names(what: str, pattern: re.Pattern[str]) -> None:
    hits = [
        f"{name}:{number} {what}: {line.strip()[:100]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]

    assert hits == []


def test_nothing_built_or_bought_in_is_committed() -> None:
    assert [name for name in tracked() if BUNDLE.search(name)] == []


def test_every_pin_is_exact_and_hashed() -> None:
    for path in sorted((ROOT / "packaging/requirements").glob("*.txt")):
        blocks = re.split(r"\n(?=\S)", path.read_text(encoding="utf-8").strip())
        assert blocks
        assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("folder", ["packaging/assets", "edge_agent/screen"])
def test_the_lock_of_npm_names_no_host(folder: str) -> None:
    assert '"resolved"' not in (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_exist_and_their_links_resolve(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [target.split("#")[0] for target in LINK.findall(text)]
    local = [target for target in targets if target and "://" not in target and not target.startswith("mailto:")]

    assert [target for target in local if not (ROOT / target).exists()] == []


def test_paths_named_in_the_documents_exist() -> None:
    named = re.compile(rf"`((?:{'|'.join(PACKAGES)}|tests|deploy|packaging)/[\w./-]+)`")
    missing = [
        f"{name}: {path}"
        for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
        for path in named.findall((ROOT / name).read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]

    assert missing == []


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))

    assert {target for target in used if target not in targets} <= {"sure", "it", "a", "the"}


def test_typed_markers_are_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert [name for name in packages if not (ROOT / name / "py.typed").exists()] == []
