"""Names that a box may have a certificate for: those of a store's network, and none that passes for head office."""

import pytest

from cloud_hub.domain.box_names import may_be_called

OURS = ("hub.example.com", "hub.internal", "10.0.0.5")


@pytest.mark.parametrize(
    "host",
    ["store-12", "store-12.local", "box.market.lan", "till.home.arpa", "10.1.2.3", "192.168.1.20", "172.16.0.9",
     "fe80::1", "fd00::12", "127.0.0.1", "::1", "localhost"],
)  # fmt: skip
def test_a_box_is_called_as_its_store_calls_it(host: str) -> None:
    assert may_be_called(host, OURS)


@pytest.mark.parametrize(
    "host",
    ["hub.example.com", "hub.internal", "10.0.0.5", "example.com", "8.8.8.8", "2001:4860::1", "0.0.0.0", "*.local",
     "-box", "box_1", "a" * 64, "", "..local", "store 12"],
)  # fmt: skip
def test_a_box_is_never_called_as_the_hub_or_anything_of_the_internet(host: str) -> None:
    assert not may_be_called(host, OURS)


def test_a_hub_on_this_machine_leaves_the_loopback_to_its_boxes() -> None:
    assert may_be_called("127.0.0.1", ("127.0.0.1",))
