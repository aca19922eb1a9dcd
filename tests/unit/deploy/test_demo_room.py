"""The demo looks at the disk before it begins."""

from pathlib import Path

import pytest

from deploy.local.demo.lifecycle import NoRoom, see_room


def test_a_demo_begins_where_there_is_room(tmp_path: Path) -> None:
    see_room(tmp_path, needed=1)


def test_a_demo_on_a_full_disk_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match="needs 1048576 GiB of free disk"):
        see_room(tmp_path, needed=1 << 50)
