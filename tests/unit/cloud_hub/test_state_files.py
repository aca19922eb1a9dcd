"""What the hub keeps outside its database, for the time when that is put back."""

from pathlib import Path

from cloud_hub.storage.state_files import StateFolder


def test_a_take_over_is_noted_once_and_kept_in_order(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)

    for certificate in ("first", "second", "first"):
        folder.note_succession(certificate)

    assert StateFolder(tmp_path).successions() == ["first", "second"]
    assert (tmp_path / "successions").stat().st_mode & 0o777 == 0o600


def test_a_note_that_was_cut_short_is_none(tmp_path: Path) -> None:
    (tmp_path / "successions").write_text("whole\nhal")

    assert StateFolder(tmp_path).successions() == ["whole"]
