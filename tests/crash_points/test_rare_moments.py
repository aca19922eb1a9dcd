"""Death at moments that come once: a new box, a restored box, keys, backups and restores of the hub."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from cloud_hub.crashpoints import REGISTRY as HUB
from deploy.local.calls import call, wait_until
from deploy.local.programs import Program, StackError
from deploy.local.stack import Store
from edge_agent.crashpoints import REGISTRY as EDGE
from tests.crash_points import test_chores, test_head_office, test_printing, test_store_box, test_telling
from tests.system.chain import (
    Chain,
    a_chain,
    assert_equal_to_the_unit,
    caught_up,
    hub_on_hand,
    on_hand,
    sell,
    wait_equal,
)
from tests.system.commands import DIED, run
from tests.system.test_restore import agent

pytestmark = [pytest.mark.system, pytest.mark.timeout(0)]

NEW_BOX = ("edge.file.before_rename", "edge.file.after_rename", "edge.swap.before_rename", "edge.swap.after_rename",
           "edge.snapshot.before_chunk", "edge.snapshot.after_chunk", "edge.snapshot.before_swap",
           "edge.snapshot.after_swap")  # fmt: skip
RETURN_OF_A_BOX = ("edge.origin.before_open", "edge.origin.after_open")
FENCED = ("salvage.before_commit", "intake.after_commit", "take_over.before_commit", "take_over.after_commit")
KEYS = ("file.before_rename", "file.after_rename")
ENROLMENT = ("enrolment.before_commit", "enrolment.after_commit")
REVOCATION = ("revocation.after_file",)
BACKUPS = ("backup.before_rename", "backup.after_rename", "backup.after_verify")
RESTORES = ("restore.before_epoch", "restore.after_epoch")


def test_every_registered_point_is_in_a_story() -> None:
    told_of_box = {*test_store_box.TRADING, *test_chores.CHORES, *test_printing.PRINTING, *NEW_BOX, *RETURN_OF_A_BOX}
    told_of_hub = {*test_head_office.TRADING, *test_telling.TELLING, *test_telling.GIVING_BACK, *FENCED, *KEYS,
                   *ENROLMENT, *REVOCATION, *BACKUPS, *RESTORES}  # fmt: skip
    assert set(EDGE) - told_of_box == set()
    assert set(HUB) - told_of_hub == set()


async def test_a_new_box_that_dies_anywhere_comes_up_whole(tmp_path: Path) -> None:
    with a_chain(tmp_path, products=50) as stack:
        for number, point in enumerate(NEW_BOX):
            store = _enrolled_with_a_death(stack, f"box{number}", (point, 1 + number % 2) if "file" in point else None)
            _started_with_a_death(store, None if "file" in point else (point, 1))
            wait_until(
                lambda s=store: len(s.get("/api/v1/products?limit=100").body["items"]) == 50, f"{point}: products"
            )
            assert sell(store, stack.products[0], key=f"first-{number}").status == 201
            wait_equal(stack, store)
            await assert_equal_to_the_unit(stack, store)
            store.stop()


async def test_a_restored_box_is_taken_back_whoever_dies_meanwhile(tmp_path: Path) -> None:
    """The hub dies four times while it takes the branch in and confirms the box, the box twice in its succession."""
    with a_chain(tmp_path, "north") as stack:
        north, product = stack.stores["north"], stack.products[0]
        agent(north, "backup", str(tmp_path / "copy"))
        for number in range(3):
            assert sell(north, product, key=f"kept-{number}").status == 201
        stack.wait_converged()
        north.stop()
        agent(north, "restore", str(tmp_path / "copy"))
        stack.hub.stop()
        keeper = _Keeper(stack, north)
        keeper.start_hub()
        keeper.start_store()
        for number in range(2):
            assert sell(north, product, key=f"after-{number}").status == 201
        keeper.insist(lambda: north.sync()["state"] in ("fenced", "salvaging"), "fenced")
        keeper.insist(_Person(stack, north).is_done, "confirmed and adopted")
        keeper.insist(lambda: on_hand(north, product) == hub_on_hand(stack, north, product) == -5, "five are sold once")
        keeper.insist(lambda: caught_up(stack, north), "in step")
        await assert_equal_to_the_unit(stack, north)
        assert keeper.died == [*FENCED, *RETURN_OF_A_BOX], "each died once, in the order of the story"


def test_keys_backups_and_restores_of_the_hub_survive_a_death(tmp_path: Path) -> None:
    with a_chain(tmp_path, "north") as stack:
        environment = stack.hub_environment()
        for point in KEYS:
            state = tmp_path / f"state-{point}"
            own = {**environment, "HUB_STATE_DIR": str(state), "HUB_ADMIN_PASSWORD": "correct horse battery staple"}
            # Any command opens the keys; a code for a site that is there needs them.
            code = _hub("enrol-code", "north")
            assert run(code, environment=own, crash=(point, 1)) == DIED
            assert run(code, environment=own) == 0
        for point in BACKUPS:
            file = tmp_path / f"{point}.backup"
            assert run(_hub("backup", str(file), "--verify"), environment=environment, crash=(point, 1)) == DIED
            file.unlink(missing_ok=True)
            assert run(_hub("backup", str(file), "--verify"), environment=environment) == 0
        for number, point in enumerate(RESTORES):
            stack.postgres.create_database(f"restored{number}")
            own = {**environment, "HUB_DATABASE_URL": stack.postgres.url(f"restored{number}")}
            restore = _hub("restore", str(tmp_path / "backup.after_verify.backup"))
            assert run(restore, environment=own, crash=(point, 1)) == DIED
            if point == "restore.before_epoch":
                assert run(restore, environment=own) == 0
            assert run(_hub("verify"), environment=own) == 0


def test_enrolment_and_revocation_survive_a_death_of_the_hub(tmp_path: Path) -> None:
    with a_chain(tmp_path, products=1) as stack:
        for number, point in enumerate(ENROLMENT):
            site = stack.expect("POST", "/api/v1/sites", {"code": f"s{number}", "name": "S", "kind": "edge"})
            store = Store(stack, f"s{number}", site["id"], tmp_path / f"s{number}")
            stack.stores[store.name] = store
            code = stack.expect("POST", "/api/v1/enrolment-codes", {"site_id": site["id"]})["code"]
            _restart_hub(stack, point)
            with pytest.raises(StackError):
                store.enrol(code)
            _revive(stack)
            store.enrol(code)
            store.start()
            wait_equal(stack, store)
        _restart_hub(stack, REVOCATION[0])
        device = store.sync()["device_id"]
        path = f"/api/v1/devices/{device}/revoke"
        with pytest.raises(OSError):
            call("POST", stack.api + path, {"reason": "stolen"}, token=stack.token)
        _revive(stack)
        stack.expect("POST", path, {"reason": "stolen"})
        wait_until(lambda: store.sync()["state"] != "streaming", "the box is out")


class _Keeper:
    """Starts again whoever has died, with the next place to die at."""

    def __init__(self, stack: Chain, store: Store) -> None:
        self._stack, self._store = stack, store
        self._usual = stack.hub.environment
        self._of_hub, self._of_store = list(FENCED), list(RETURN_OF_A_BOX)
        self.died: list[str] = []

    def start_hub(self) -> None:
        self._stack.hub.environment = {**self._usual, **_place(self._of_hub)}
        self._stack.hub.start()

    def start_store(self) -> None:
        self._store.environment = _place(self._of_store)
        self._store.start()

    def insist(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for it, reviving the dead."""

        def look() -> bool:
            self._revive()
            with suppress(StackError):
                return holds()
            return False

        wait_until(look, what, 120)

    def _revive(self) -> None:
        if _is_dead(self._stack.hub):
            self.died.append(self._of_hub.pop(0))
            self.start_hub()
        if _is_dead(self._store.program):
            self.died.append(self._of_store.pop(0))
            self.start_store()


def _place(points: list[str]) -> dict[str, str]:
    return {"BACKSTOCK_CRASH": f"{points[0]}:1"} if points else {}


def _is_dead(program: Program | None) -> bool:
    assert program is not None and program.process is not None
    code = program.process.poll()
    assert code in (None, DIED), f"{program.name} ended with {code}"
    return code is not None


class _Person:
    """Somebody at head office who confirms the box and has its branch adopted, and repeats what got no answer."""

    def __init__(self, stack: Chain, store: Store) -> None:
        self._stack, self._store = stack, store
        self._before = store.sync()["origin_id"]
        self._has_confirmed = False

    def is_done(self) -> bool:
        branches = self._stack.expect("GET", "/api/v1/branches")["items"]
        if sum(branch["records"] for branch in branches) < 2:
            return False
        if not self._has_confirmed:
            device = self._store.sync()["device_id"]
            self._stack.expect("POST", f"/api/v1/devices/{device}/confirm-survivor")
            self._has_confirmed = True
        if self._store.sync()["origin_id"] == self._before:
            return False
        for branch in branches:
            if branch["state"] not in ("adopting", "adopted"):
                self._stack.expect("POST", f"/api/v1/branches/{branch['id']}/adopt", {})
        return True


def _enrolled_with_a_death(stack: Chain, name: str, case: tuple[str, int] | None) -> Store:
    site = stack.expect("POST", "/api/v1/sites", {"code": name, "name": name, "kind": "edge"})
    store = Store(stack, name, site["id"], stack.folder / name)
    stack.stores[name] = store
    code = stack.expect("POST", "/api/v1/enrolment-codes", {"site_id": site["id"]})["code"]
    if case is not None:
        store.environment = {"BACKSTOCK_CRASH": f"{case[0]}:{case[1]}"}
        with pytest.raises(StackError, match=f"ended with {DIED}"):
            store.enrol(code)
        store.environment = {}
    store.enrol(code)
    return store


def _started_with_a_death(store: Store, case: tuple[str, int] | None) -> None:
    if case is not None:
        store.environment = {"BACKSTOCK_CRASH": f"{case[0]}:{case[1]}"}
        try:
            store.start()
        except StackError as error:
            assert f"ended with {DIED}" in str(error), error
        else:
            assert store.program is not None and store.program.process is not None
            assert store.program.process.wait(30) == DIED
        store.environment = {}
    store.start()


def _restart_hub(stack: Chain, point: str) -> None:
    stack.hub.stop()
    usual = stack.hub.environment
    stack.hub.environment = {**usual, "BACKSTOCK_CRASH": f"{point}:1"}
    stack.hub.start()
    stack.hub.environment = usual


def _revive(stack: Chain) -> None:
    assert stack.hub.process is not None
    assert stack.hub.process.wait(30) == DIED
    stack.hub.start()


def _hub(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cloud_hub", *arguments]
