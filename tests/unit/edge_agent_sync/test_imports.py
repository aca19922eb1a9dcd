"""A box has 512 MB for everything: what the agent does not need, it does not import."""

import subprocess
import sys


def test_the_agent_starts_without_what_only_developers_and_migrations_need() -> None:
    code = (
        "import sys, edge_agent.__main__, edge_agent.app; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert not {"rich", "pygments", "alembic", "mako", "pytest"} & set(done.stdout.split())
