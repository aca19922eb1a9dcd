"""What a box does for each effect of its session, inline and in virtual time.

The same functions as edge_agent/services/{link,conversation,marks}.py call; what they keep
in memory between two effects is `Memory`, and it is gone with the power.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edge_agent.services import audit, downlink, former, pruning, uplink
from edge_agent.storage import identity
from sync_protocol import effects as does
from sync_protocol import messages as say
from sync_protocol.clock import OffsetEstimator
from sync_protocol.retention import SafeAt

if TYPE_CHECKING:
    from tests.simulation.box import Box

LINGER_MS = 250


@dataclass(slots=True)
class Memory:
    """Of an agent's conversations."""

    mark: does.SaveMark | None = None
    """Heard, and not yet on the disk."""
    offsets: OffsetEstimator = field(default_factory=OffsetEstimator)
    notes: list[SafeAt] = field(default_factory=list)


def carry_out(box: "Box", effects: list[does.Effect]) -> None:
    """One after the other, for as long as the agent lives."""
    for effect in effects:
        if box.session is None:
            return
        _CARRIERS[type(effect)](box, effect)


def _save_mark(box: "Box", effect: does.SaveMark) -> None:
    if effect.hub_epoch is None and not effect.rejected:
        if box.memory.mark is None:
            box.later(LINGER_MS, _write_mark, box)
        box.memory.mark = effect
        return
    box.memory.mark = None
    _write_one_mark(box, effect)


def _write_mark(box: "Box") -> None:
    mark, box.memory.mark = box.memory.mark, None
    if mark is not None:
        box.guarded(lambda: _write_one_mark(box, mark))


def _write_one_mark(box: "Box", mark: does.SaveMark) -> None:
    box.write(uplink.save_mark, mark, box.clock_ms())
    box.memory.notes = pruning.noted(box.memory.notes, identity.get(box.database), box.clock_ms())


def _hub_time(box: "Box", effect: does.HubTime) -> None:
    box.memory.offsets.observe(
        hub_time_ms=effect.hub_time_ms, sent_ms=effect.sent_clock_ms, received_ms=effect.received_clock_ms
    )
    if box.memory.offsets.offset_ms is not None:
        box.write(identity.save_clock_offset, box.memory.offsets.offset_ms)


def _compare_hash(box: "Box", effect: does.CompareHash) -> None:
    assert box.session is not None
    own = uplink.own_hash(box.database, effect.position)
    carry_out(box, box.session.hash_known(own, now=box.world.timeline.now, clock_ms=box.clock_ms()))


def _apply_feed(box: "Box", effect: does.ApplyFeed) -> None:
    assert box.session is not None
    box.write(downlink.apply_feed, effect, box.clock_ms())
    box.world.timeline.note(f"{box.name} applied feed to {effect.cursor.position}")
    box.grown()
    carry_out(box, box.session.feed_applied(effect.cursor))


def _save_feed_safe(box: "Box", effect: does.SaveFeedSafe) -> None:
    box.write(downlink.save_feed_safe, effect)


def _return_feed(box: "Box", effect: does.ReturnFeed) -> None:
    for sealed in downlink.batches_to_return(box.database, effect.after):
        if box.session is not None and box.session.lease is not None:
            box.publish(say.frame(box.session.lease, sealed))


def _return_former(box: "Box", effect: does.ReturnFormer) -> None:
    for sealed in former.sealed_stretch(box.database, effect.wanted, box.store.key.sign):
        if box.session is not None and box.session.lease is not None:
            box.publish(say.frame(box.session.lease, sealed))


def _fetch_snapshot(box: "Box", _effect: does.FetchSnapshot) -> None:
    box.world.https.fetch(box, box.connection)


def _make_digest(box: "Box", effect: does.MakeDigest) -> None:
    assert box.session is not None
    found = audit.digest(box.database, effect.position)
    carry_out(box, box.session.digest(effect.position, *found))


def _tell(box: "Box", function: Callable[..., list[bytes]], *args: object) -> None:
    if box.session is not None and box.session.lease is not None:
        for data in function(box.database, box.session.lease, *args):
            box.publish(data)


def _rebuild_levels(box: "Box", effect: does.RebuildLevels) -> None:
    wrong = box.write(audit.rebuild, effect.products, box.clock_ms())
    box.world.met["levels rebuilt"] += wrong > 0
    box.grown()


def _become(box: "Box", effect: does.Become) -> None:
    box.world.https.bootstrap(box, box.connection, effect)


_CARRIERS: dict[type, Callable[["Box", Any], None]] = {
    does.Publish: lambda box, effect: box.publish(effect.data),
    does.SaveMark: _save_mark,
    does.HubTime: _hub_time,
    does.CompareHash: _compare_hash,
    does.ApplyFeed: _apply_feed,
    does.SaveFeedSafe: _save_feed_safe,
    does.ReturnFeed: _return_feed,
    does.ReturnFormer: _return_former,
    does.FetchSnapshot: _fetch_snapshot,
    does.MakeDigest: _make_digest,
    does.TellBuckets: lambda box, effect: _tell(box, audit.bucket_levels, effect.position, effect.buckets),
    does.MakeSummary: lambda box, effect: _tell(box, audit.level_summary, box.session.sender.mark),
    does.TellPruned: lambda box, effect: _tell(box, audit.pruned_levels, box.store.key.sign),
    does.RebuildLevels: _rebuild_levels,
    does.Become: _become,
    does.Disconnect: lambda box, effect: box.hang_up(effect.reason),
}
