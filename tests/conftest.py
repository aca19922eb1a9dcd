"""What every test may ask for: real servers, and a seed that is printed when something fails."""

import os

import pytest
from hypothesis import HealthCheck, settings

# As in Hypothesis's own profile for CI: a busy machine is no failure, whatever time an input took to make or to try.
settings.register_profile("backstock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("backstock")

pytest_plugins = ["tests.servers.postgres", "tests.servers.broker"]


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of randomised tests: SEED=… repeats a failed run."""
    value = int(os.environ.get("SEED", "20261121"))
    request.node.add_report_section("call", "seed", f"SEED={value}")
    return value
