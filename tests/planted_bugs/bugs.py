"""The list: what each bug is, where it is planted, and who kills it."""

from dataclasses import dataclass

from tests.planted_bugs.planting import Change


@dataclass(frozen=True, slots=True)
class Bug:
    """Killed by the first seed of `seeds` whose run breaks a law, or by a test that fails."""

    name: str
    changes: tuple[Change, ...]
    seeds: tuple[int, ...] = ()
    test: str | None = None


def _bug(name: str, *changes: tuple[str, str, str], seeds: tuple[int, ...] = (), test: str | None = None) -> Bug:
    return Bug(name, tuple(Change(*change) for change in changes), seeds, test)


MANY = tuple(range(50_000, 50_060))
_SESSION = "sync_protocol.edge_session:EdgeSession."
_SENDER = "sync_protocol.sender:Sender."

SIMULATED: tuple[Bug, ...] = (
    _bug("dedupe is off: a batch that is known already is stored again",
         ("sync_protocol.receiver:receive", "return _duplicate(batch, mark, mark_hash)",
          "o = open_batch(batch); return Accepted(mark + 1, o.rows, o.hashes, [])"), seeds=MANY),
    _bug("an ack of an older session is obeyed",
         (_SESSION + "received", "message.lease != self.lease", "False"),
         (_SENDER + "on_ack", "ack.lease != self.lease", "False"), seeds=MANY),
    _bug("the box takes the hub's word and does not compare hashes at the mark",
         (_SESSION + "hash_known", "own_hash.hex() != welcome.mark_hash", "False"), seeds=MANY),
    _bug("a gap rewinds nothing",
         (_SENDER + "_rewind", "self._next = self._rewound_to = position", "self._rewound_to = position"), seeds=MANY),
    _bug("a lost batch is never sent again",
         (_SENDER + "on_timer", "if due is None or now < due:", "if True:"), seeds=MANY),
    _bug("a silent box never asks whether its session still stands",
         (_SESSION + "_ask", "if self.link is not Link.STREAMING", "if True"), seeds=MANY),
    _bug("the mark of a salvaged tail is saved as the origin's",
         (_SESSION + "_on_ack", "if self.link in (Link.SALVAGING, Link.FENCED):", "if False:"), seeds=MANY),
    _bug("a salvage is begun anew while it is under way",
         (_SESSION + "_on_ack", "self._retry_at = now + FENCED_RETRY_MS", "pass"), seeds=(1_033, *MANY)),
    _bug("two live boxes with one identity are both believed",
         ("sync_protocol.handshake:_is_clone", "if known.instance is None or hello.boot > known.boot:", "if True:"),
         seeds=MANY),
    _bug("a box that fell behind the hub is welcomed",
         ("sync_protocol.handshake:_compare_positions", "if known.mark > hello.head:", "if False:"), seeds=MANY),
    _bug("pruning looks at what was acknowledged, not at what a backup holds",
         ("sync_protocol.retention:prune_below", "min(max(old_enough, default=0), safe_mark, acked)", "acked"),
         seeds=MANY),
    _bug("a checkpoint is made from the levels instead of the records",
         ("edge_agent.storage.retention:prune", "_rows(folded(connection, position))", "levels.all_levels(connection)"),
         seeds=(7, 126, *MANY)),
    _bug("a level is set instead of added to",
         ("cloud_hub.domain.intake:_add_movement", "levels[product_id, target] += quantity",
          "levels[product_id, target] = quantity"), seeds=MANY),
    _bug("units leave and do not arrive",
         ("cloud_hub.domain.intake:_add_movement", "levels[product_id, target] += quantity", "pass"), seeds=MANY),
    _bug("an idempotency key is looked up and not remembered",
         ("edge_agent.services.once:once", "if used is None:", "if True:"),
         ("edge_agent.services.once:once", "keys.add(connection, key,", "None and keys.add(connection, key,"), seeds=MANY),
    _bug("a command given again under the caller's key has a second effect",
         ("edge_agent.services.executing:_run", "if is_repeated or keys.find(connection, command.key) is not None:",
          "if False:"), seeds=MANY),
    _bug("the feed's cursor is not saved with what the feed brought",
         ("edge_agent.services.downlink:apply_feed",
          "identity.save_feed(connection, cursor.origin_id, cursor.position, bytes.fromhex(cursor.hash))", "pass"),
         seeds=MANY),
    _bug("an older row of a product overwrites a newer one",
         ("edge_agent.services.applying:_apply_product", "known > change.version", "False"), seeds=MANY),
    _bug("what is written while a successor is fetched is forgotten",
         ("edge_agent.services.adopting:adopt_own", "if sequence <= after or", "if True or"), seeds=MANY),
    _bug("a successor believes that keys used on a branch have had their effect",
         ("edge_agent.storage.keys:keep_only", "if key not in known", "if False"), seeds=(113, *MANY)),
    _bug("a successor believes that commands run on a branch have had their effect",
         ("edge_agent.services.recovery:_forget_outcomes", "for record in rest.changes:", "for record in ():"),
         ("edge_agent.storage.origins:succeed", "for statement in _FORGET_OUTCOMES:", "for statement in ():"), seeds=MANY),
    _bug("a successor keeps its predecessor's item numbers",
         ("edge_agent.storage.origins:succeed", "*_EMPTY, *_OLD_COUNTS", "*_EMPTY[:1], *_EMPTY[2:], *_OLD_COUNTS"), seeds=MANY),
    _bug("a branch record is adopted beside itself",
         ("edge_agent.services.adopting:adopt", "if history.position_of_hash(connection, chain_hash) is not None:",
          "if False:"),
         ("edge_agent.services.adopting:_is_known", "if record.key is not None and (", "if False and ("), seeds=MANY),
    _bug("a late copy of a Hello is answered and obeyed",
         (_SESSION + "_on_greeting", " or self.link is not Link.GREETING", ""), seeds=(20_736, *MANY)),
    _bug("after a hub restore the box does not hand its feed back",
         ("edge_agent.services.downlink:batches_to_return", "return [] if who.feed_origin is None else", "return [] if True else"),
         seeds=MANY),
)
