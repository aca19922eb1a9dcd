"""F30–F32: passwords, one-time codes, keys and reach, as rules without a database."""

import re

import pytest

from cloud_hub.domain import api_keys, one_time_codes
from cloud_hub.domain.passwords import require_strong
from cloud_hub.domain.permissions import GRANTS, PEOPLE_ONLY, Permission, Principal, Role
from cloud_hub.errors import Forbidden, Invalid

ADMIN = Principal(id="a", name="ada", role=Role.ADMIN)


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaaaa", "1212121212", "lovelacelovelace", "Lovelace99", "ada.lovelace", "x-ADA.Lovelace"]
)
def test_a_password_that_the_name_or_one_key_would_guess_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_strong(password, "lovelace", "ada.lovelace@example.com")
    assert refused.value.code == "password_weak"


@pytest.mark.parametrize("password", ["a long enough password", "correct horse battery", "adamant thinking 12"])
def test_any_other_password_will_do(password: str) -> None:
    require_strong(password, "ada", "ada@example.com")


def test_a_code_is_easy_to_type_and_case_and_dashes_do_not_matter() -> None:
    text = one_time_codes.make_text(bytes(range(10)))
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", text)
    assert one_time_codes.hash_of(text) == one_time_codes.hash_of(text.replace("-", " ").lower())
    assert one_time_codes.hash_of(text) != one_time_codes.hash_of(one_time_codes.make_text(bytes(10)))


def test_a_key_can_be_recognised_and_only_its_beginning_is_shown() -> None:
    text = api_keys.make_text(bytes(range(32)))
    assert text.startswith("bsk_")
    assert (len(text), api_keys.SHOWN_CHARS) == (47, 12)
    assert api_keys.hash_of(text) != api_keys.hash_of(text[:-1])


def test_nobody_gives_a_key_more_than_they_have_and_no_key_makes_people() -> None:
    scopes = api_keys.scopes_of([Permission.STOCK_READ], ADMIN)
    assert scopes == {Permission.STOCK_READ, Permission.PROFILE}
    for scope in PEOPLE_ONLY:
        with pytest.raises(Invalid):
            api_keys.scopes_of([scope], ADMIN)
    auditor = Principal(id="b", name="bob", role=Role.AUDITOR)
    with pytest.raises(Forbidden):
        api_keys.scopes_of([Permission.STOCK_WRITE], auditor)


def test_a_key_has_its_scopes_whatever_its_role_has() -> None:
    key = Principal(id="k", name="till", role=Role.INTEGRATION, scopes=frozenset({Permission.SITES_WRITE}))
    assert key.may(Permission.SITES_WRITE)
    assert not key.may(Permission.STOCK_READ)
    with pytest.raises(Forbidden, match=r"a key with stock\.read"):
        key.require(Permission.STOCK_READ)


def test_nobody_reaches_beyond_their_own_sites() -> None:
    ADMIN.require_reach(None)
    of_two = Principal(id="c", name="cy", role=Role.ADMIN, sites=frozenset({"a", "b"}))
    of_two.require_reach(frozenset({"a"}))
    for sites in (None, frozenset({"a", "c"})):
        with pytest.raises(Forbidden):
            of_two.require_reach(sites)


def test_only_administrators_govern_people_and_everybody_knows_themselves() -> None:
    assert {role for role, granted in GRANTS.items() if Permission.USERS_WRITE in granted} == {Role.ADMIN}
    assert {role for role, granted in GRANTS.items() if Permission.PROFILE not in granted} == {Role.DEVICE}
