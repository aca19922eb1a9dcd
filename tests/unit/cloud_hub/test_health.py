"""What a check tells to a person: its finding in its own words, and what to do."""

from cloud_hub.services.health import Health, Probe, Unwell


async def _finds() -> str:
    raise Unwell("2 open")


async def _breaks() -> str:
    raise OSError("no such file")


async def test_a_finding_is_told_in_its_own_words_with_its_remedy_and_a_failure_by_its_kind() -> None:
    found = await Health([Probe("exceptions", _finds, "read them"), Probe("disk", _breaks, "mend it")]).check()

    assert [(each.detail, each.remedy) for each in found] == [
        ("2 open", "read them"),
        ("OSError: no such file", "mend it"),
    ]
