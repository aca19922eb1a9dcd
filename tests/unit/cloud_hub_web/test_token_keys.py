"""F32: keys of access tokens: the newest signs, the one before verifies on, every process finds a new one by itself."""

from datetime import UTC, datetime
from pathlib import Path

from cloud_hub.storage.state_files import StateFolder
from cloud_hub.storage.token_keys import OVERLAP_S, TokenKeys

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW_S = int(START.timestamp())


def opened(folder: Path) -> TokenKeys:
    """As another process sees the same folder."""
    return StateFolder(folder).open_keyring(START).tokens


def test_a_new_key_signs_at_once_and_every_process_verifies_with_both(tmp_path: Path) -> None:
    here, there = opened(tmp_path), opened(tmp_path)
    old, _ = here.signing()
    here.replace(NOW_S + 100)
    new, _ = there.signing()
    assert new != old
    assert list(there.verifying()) == list(here.verifying()) == [old, new]


def test_a_replaced_key_goes_when_its_last_token_must_have_expired(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    first, _ = keys.signing()
    keys.replace(NOW_S + 100)
    second, _ = keys.signing()
    keys.replace(NOW_S + 100 + OVERLAP_S)
    assert first in keys.verifying()
    keys.replace(NOW_S + 101 + 2 * OVERLAP_S)
    third, fourth = list(keys.verifying())[-2:]
    assert set(keys.verifying()).isdisjoint({first, second})
    assert keys.signing()[0] == fourth != third


def test_after_a_leak_only_the_new_key_is_left(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    leaked, _ = keys.signing()
    keys.replace(NOW_S + 1, forget_old=True)
    assert leaked not in keys.verifying()
    assert len(keys.verifying()) == 1


def test_keys_and_the_seal_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first, second = (StateFolder(tmp_path).open_keyring(START) for _ in range(2))
    assert first.refresh_key == second.refresh_key
    assert first.tokens.signing()[0] == second.tokens.signing()[0]
    for path in (tmp_path / "refresh.key", *(tmp_path / "tokens").iterdir()):
        assert path.stat().st_mode & 0o077 == 0
