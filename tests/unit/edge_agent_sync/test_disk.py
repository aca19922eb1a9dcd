"""Watermarks of the disk and the reserve that keeps a full box selling."""

from pathlib import Path

import pytest

from edge_agent.services.disk import GIB, Disk, Space, Watermark, watermark

BALLAST = 1 << 20


@pytest.mark.parametrize(
    ("free", "expected"),
    [(100, Watermark.ROOM), (20, Watermark.ROOM), (19, Watermark.WARN), (10, Watermark.WARN),
     (9, Watermark.TIGHT), (2, Watermark.TIGHT), (1, Watermark.FULL), (0, Watermark.FULL)],
)  # fmt: skip
def test_each_watermark_begins_where_it_says(free: int, expected: Watermark) -> None:
    assert watermark(Space(free, 100)) is expected


@pytest.mark.parametrize(
    ("free_gib", "expected"),
    [(8, Watermark.ROOM), (7, Watermark.WARN), (2, Watermark.WARN), (1, Watermark.TIGHT), (0.4, Watermark.FULL)],
)  # fmt: skip
def test_a_large_disk_is_judged_by_the_bytes_that_are_free(free_gib: float, expected: Watermark) -> None:
    assert watermark(Space(int(free_gib * GIB), 250 * GIB)) is expected


def a_disk(tmp_path: Path, free_percent: list[int]) -> Disk:
    return Disk(
        tmp_path, tmp_path / "ballast", BALLAST,
        measure=lambda _: Space(free_percent[0] << 24, 100 << 24),
    )  # fmt: skip


def test_the_reserve_is_made_when_there_is_room(tmp_path: Path) -> None:
    a_disk(tmp_path, [90]).look()

    assert (tmp_path / "ballast").stat().st_size == BALLAST
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= BALLAST


def test_a_full_disk_gets_the_reserve_and_an_empty_one_gives_it_back(tmp_path: Path) -> None:
    free = [90]
    disk = a_disk(tmp_path, free)
    disk.look()

    free[0] = 1
    disk.look()
    assert not (tmp_path / "ballast").exists()
    assert not disk.allows_optional

    free[0] = 90
    disk.look()
    assert (tmp_path / "ballast").exists()


def test_no_reserve_is_made_out_of_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    a_disk(tmp_path, [15]).look()

    assert not (tmp_path / "ballast").exists()


def test_a_tight_disk_stops_what_is_optional(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, [9])
    disk.look()

    assert not disk.allows_optional
