"""Enrolment over real HTTP: what is believed, what is written, and what a person is told."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from edge_agent import app
from edge_agent.domain.enrolment import parse_code
from edge_agent.errors import Conflict, Invalid, Refused, Unavailable
from edge_agent.services import enrolment
from edge_agent.storage.files import Folder
from edge_agent.transport.hub_http import check_url, fetch_ca
from tests.integration.edge_sync.enrolling_hub import EnrollingHub


@pytest.fixture
async def hub() -> AsyncIterator[EnrollingHub]:
    made = EnrollingHub()
    async with TestServer(made.application()) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "box")


async def test_an_enrolled_box_has_its_keys_certificates_and_identity(hub: EnrollingHub, folder: Folder) -> None:
    found = await app.enrol(folder, hub.url, hub.codes[0], None, "till-1")

    assert enrolment.load(folder) == found
    assert list(enrolment.api_keys(folder).values()) == ["store"]
    private = (folder.record_key, folder.device_key, folder.api_key, folder.enrolment, folder.database)
    assert [stat.S_IMODE(path.stat().st_mode) for path in private] == [0o600] * 5
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


async def test_a_used_code_is_a_clear_error_and_leaves_no_enrolment(
    hub: EnrollingHub, folder: Folder, tmp_path: Path
) -> None:
    await app.enrol(folder, hub.url, hub.codes[0], None, "till-1")
    other = Folder(tmp_path / "other")

    with pytest.raises(Refused, match="was used already") as caught:
        await app.enrol(other, hub.url, hub.codes[0], None, "till-2")

    assert caught.value.code == "code_used"
    assert not other.enrolment.exists()


async def test_a_lost_answer_is_asked_for_again_with_the_same_keys(hub: EnrollingHub, folder: Folder) -> None:
    enrolment.record_key(folder)
    body = enrolment.request_body(folder, parse_code(hub.codes[0]), "till-1")
    hub.used[hub.codes[0]] = body["record_key"]

    found = await app.enrol(folder, hub.url, hub.codes[0], None, "till-1")

    assert enrolment.claims_of(found).public_key == body["record_key"]


async def test_a_box_is_enrolled_once(hub: EnrollingHub, folder: Folder) -> None:
    await app.enrol(folder, hub.url, hub.codes[0], None, "till-1")

    with pytest.raises(Conflict) as caught:
        await app.enrol(folder, hub.url, hub.codes[1], None, "till-1")

    assert caught.value.code == "already_enrolled"


async def test_a_hub_with_another_authority_is_not_believed(hub: EnrollingHub, folder: Folder) -> None:
    code = parse_code(hub.codes[0])
    wrong = f"{code.text[:-16]}{'0' * 16}"

    with pytest.raises(Refused) as caught:
        await app.enrol(folder, hub.url, wrong, None, "till-1")
    with pytest.raises(Refused) as fetched:
        await fetch_ca(hub.url, "0" * 16)

    assert caught.value.code == fetched.value.code == "wrong_ca"
    assert not folder.enrolment.exists()


@pytest.mark.parametrize(
    "lie",
    [{"hub_key": "00" * 32}, {"origin_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12}, {"certificate": "nonsense"},
     {"client_certificate": "nonsense"}, {"broker": {}}, {"device_id": "x"}],
    ids=lambda lie: next(iter(lie)),
)  # fmt: skip
async def test_an_answer_that_does_not_fit_together_is_not_stored(
    hub: EnrollingHub, folder: Folder, lie: dict[str, object]
) -> None:
    hub.changes = lie

    with pytest.raises(Refused) as caught:
        await app.enrol(folder, hub.url, hub.codes[0], None, "till-1")

    assert caught.value.code == "bad_answer"
    assert not folder.enrolment.exists()
    assert not folder.ca.exists()


@pytest.mark.parametrize("url", ["http://hub.example", "ftp://127.0.0.1", "hub.example", "http://10.0.0.1:80"])
def test_plain_http_is_for_loopback_only(url: str) -> None:
    with pytest.raises(Refused):
        check_url(url)


@pytest.mark.parametrize("text", ["", "BK-short", "BK-ABCD-xyz", "XX-ABCDEF-0011223344556677", "BK--0011223344556677"])
def test_what_is_no_code_is_refused_before_anything_is_sent(text: str) -> None:
    with pytest.raises(Invalid):
        parse_code(text)


async def test_a_hub_that_cannot_be_reached_is_not_a_refusal(folder: Folder) -> None:
    with pytest.raises(Unavailable) as caught:
        await app.enrol(folder, "http://127.0.0.1:9", f"BK-{'A' * 16}-{'0' * 16}", None, "till-1")

    assert caught.value.code == "hub_unreachable"
