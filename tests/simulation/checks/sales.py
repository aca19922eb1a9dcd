"""G: an acknowledged act is in the hub's ledger exactly once, a refused one never, an unknown one at most once."""

from collections import Counter
from typing import TYPE_CHECKING

from sync_protocol.records import Movement, decode
from tests.simulation.checks.ledgers import site_records
from tests.simulation.store import Answer

if TYPE_CHECKING:
    from tests.simulation.store import Store
    from tests.simulation.world import World


def check(world: "World") -> list[str]:
    problems = []
    for store in world.stores:
        found = Counter(
            record.document for record in site_records(world, store)
            if isinstance(record, Movement) and record.document is not None
        )  # fmt: skip
        for act in store.acts:
            expected: tuple[int, ...] = (act.lines,)
            if act.answer is Answer.REFUSED:
                expected = (0,)
            elif act.answer is Answer.UNKNOWN or act.may_be_lost:
                expected = (0, act.lines)
            if found[act.document] not in expected:
                problems.append(
                    f"store {store.number}: act {act.document} was {act.answer}"
                    f"{' (maybe lost)' if act.may_be_lost else ''}: "
                    f"expected {' or '.join(map(str, expected))} movements, got {found[act.document]}"
                )
    return problems


def documents_held(world: "World", store: "Store") -> set[str]:
    """Documents of all movements that some disk or the hub's database holds now."""
    tables = world.hub.tables
    texts = [
        row.encoded for key, row in tables.scan("ledger") if tables.get("origins", key[0]).site_id == store.site_id
    ]
    texts += [branch[1] for key, branch in tables.scan("branches")]
    for box in store.live_boxes():
        for table in ("ledger", "former_records"):
            texts += [row[0] for row in box.database.execute(f"SELECT encoded FROM {table}")]
    return {
        record.document for record in map(decode, texts) if isinstance(record, Movement) and record.document is not None
    }
