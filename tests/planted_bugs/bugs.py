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
    _bug(
        "dedupe is off: a batch that is known already is stored again",
        (
            "sync_protocol.receiver:receive",
            "return _duplicate(batch, mark, mark_hash)",
            "o = open_batch(batch); return Accepted(mark + 1, o.rows, o.hashes, [])",
        ),
        seeds=MANY,
    ),
    _bug(
        "a gap rewinds nothing",
        (_SENDER + "_rewind", "self._next = self._rewound_to = position", "self._rewound_to = position"),
        seeds=MANY,
    ),
    _bug(
        "a lost batch is never sent again",
        (_SENDER + "timer", "if self.state is not SenderState.STREAMING or self.pending == 0:", "if True:"),
        seeds=MANY,
    ),
    _bug(
        "a silent box never asks whether its session still stands",
        (_SESSION + "timer", "due.append(self._ask_again_at())", "pass"),
        (_SESSION + "_ask", "if self.link is not Link.STREAMING", "if True or self.link is not Link.STREAMING"),
        seeds=MANY,
    ),
    _bug(
        "a salvage is begun anew while it is under way",
        (_SESSION + "_on_ack", "self._retry_at = now + FENCED_RETRY_MS", "pass"),
        seeds=(1_033, *MANY),
    ),
    _bug(
        "two live boxes with one identity are both believed",
        ("sync_protocol.handshake:_is_clone", "if known.instance is None or hello.boot > known.boot:", "if True:"),
        seeds=MANY,
    ),
    _bug(
        "pruning looks at what was acknowledged, not at what a backup holds",
        ("sync_protocol.retention:prune_below", "min(max(old_enough, default=0), safe_mark, acked)", "acked"),
        seeds=MANY,
    ),
    _bug(
        "a checkpoint is made from the levels instead of the records",
        ("edge_agent.storage.retention:prune", "_rows(folded(connection, position))", "levels.all_levels(connection)"),
        seeds=(7, 126, *MANY),
    ),
    _bug(
        "a level is set instead of added to",
        (
            "cloud_hub.domain.intake:_add_movement",
            "levels[product_id, target] += quantity",
            "levels[product_id, target] = quantity",
        ),
        seeds=MANY,
    ),
    _bug(
        "units leave and do not arrive",
        ("cloud_hub.domain.intake:_add_movement", "levels[product_id, target] += quantity", "pass"),
        seeds=MANY,
    ),
    _bug(
        "an idempotency key is looked up and not remembered",
        ("edge_agent.services.once:once", "if used is None:", "if True:"),
        ("edge_agent.services.once:once", "keys.add(connection, key,", "None and keys.add(connection, key,"),
        seeds=MANY,
    ),
    _bug(
        "a command given again under the caller's key has a second effect",
        (
            "edge_agent.services.executing:_run",
            "if is_repeated or keys.find(connection, command.key) is not None:",
            "if False:",
        ),
        seeds=MANY,
    ),
    _bug(
        "the feed's cursor is not saved with what the feed brought",
        (
            "edge_agent.services.downlink:apply_feed",
            "identity.save_feed(connection, cursor.origin_id, cursor.position, bytes.fromhex(cursor.hash))",
            "pass",
        ),
        seeds=MANY,
    ),
    _bug(
        "a successor believes that keys used on a branch have had their effect",
        ("edge_agent.storage.keys:keep_only", "if key not in known", "if False"),
        seeds=(113, *MANY),
    ),
    _bug(
        "a successor believes that commands run on a branch have had their effect",
        ("edge_agent.services.recovery:_forget_outcomes", "for record in rest.changes:", "for record in ():"),
        ("edge_agent.storage.origins:succeed", "for statement in _FORGET_OUTCOMES:", "for statement in ():"),
        seeds=MANY,
    ),
    _bug(
        "a successor keeps its predecessor's item numbers",
        ("edge_agent.storage.origins:succeed", "*_EMPTY, *_OLD_COUNTS", "*_EMPTY[:1], *_EMPTY[2:], *_OLD_COUNTS"),
        seeds=MANY,
    ),
    _bug(
        "a batch is acknowledged before the commit",
        (
            "tests.simulation.worker:Worker._commit",
            'self.point("before the commit")',
            '[self.hub.world.broker.down(*reply) for reply in replies]; self.point("before the commit")',
        ),
        seeds=(53, 50_102, *MANY),
    ),
    _bug(
        "a late copy of a Hello is answered and obeyed",
        (_SESSION + "_on_greeting", " or self.link is not Link.GREETING", ""),
        seeds=(20_736, *MANY),
    ),
    _bug(
        "a restored hub opens again what a take-over had closed",
        ("tests.simulation.formers:register_again", 'if txn.get("origins", claims.origin_id) is None:', "if False:"),
        seeds=(205_795, *MANY),
    ),
)

_UNIT = "tests/unit/"
_SYNC = _UNIT + "sync_protocol/"

TESTED: tuple[Bug, ...] = (
    _bug(
        "the mark of a salvaged tail is saved as the origin's",
        (_SESSION + "_on_ack", "if self.link in (Link.SALVAGING, Link.FENCED):", "if False:"),
        test="tests/unit/sync_protocol/test_edge_session.py::test_the_mark_of_a_salvaged_tail_is_never_the_origins_mark",
    ),
    _bug(
        "an ack of an older session is obeyed",
        (_SENDER + "on_ack", "ack.lease != self.lease", "False"),
        test=_SYNC + "test_sender.py::test_an_ack_of_another_lease_or_beyond_the_head_changes_nothing",
    ),
    _bug(
        "the chain is not checked at the mark",
        ("sync_protocol.receiver:_open", "before != mark_hash", "False"),
        test=_SYNC + "test_receiver.py::test_another_history_is_not_believed",
    ),
    _bug(
        "records need not lead to the hash that their batch names",
        ("sync_protocol.batch:open_batch", "hashes[-1] != batch.last_hash", "False"),
        test=_SYNC + "test_receiver.py::test_signed_raw_frames_that_do_not_lead_to_the_hash_are_not_believed",
    ),
    _bug(
        "the signature is not checked",
        ("sync_protocol.receiver:receive", "verify(batch.signature, batch.signed)", "pass"),
        test=_SYNC + "test_receiver.py::test_a_flipped_bit_anywhere_is_not_believed",
    ),
    _bug(
        "a box that fell behind the hub is welcomed",
        ("sync_protocol.handshake:_compare_positions", "if known.mark > hello.head:", "if False:"),
        test=_SYNC + "test_handshake.py::test_edge_rolled_back",
    ),
    _bug(
        "the hub takes batches of a session that is over",
        ("cloud_hub.services.intake:Intake._commit", "if lease == origin.lease]", "]"),
        test="tests/integration/hub/test_intake.py::test_a_batch_of_a_lease_that_ended_changes_nothing",
    ),
    _bug(
        "what a single sale takes below zero is not raised",
        ("cloud_hub.storage.stretches:append", 'levels.below_zero(found["levels"], deltas).get(site_id, [])', "[]"),
        test="tests/integration/hub/test_short_stretches.py::test_some_at_a_time_or_all_together_the_tables_say_the_same",
    ),
    _bug(
        "a key that a till uses twice within a moment is not raised",
        ("cloud_hub.services.short_way:_is_plain", "or len({use.key for use in made.keys}) < len(made.keys)", ""),
        test="tests/integration/hub/test_short_stretches.py::test_a_key_that_one_batch_uses_twice_goes_the_whole_way",
    ),
    _bug(
        "a serial is the cursor of changes: its numbers are not given in the order of commits",
        (
            "cloud_hub.storage.changes:append_all",
            "last: int = await _TAKE.fetchval(connection, count=len(added))",
            "serial = globals().setdefault('planted', [0]); serial[0] += len(added); last = serial[0]",
        ),
        (
            "cloud_hub.storage.changes:head",
            "value: int = await _HEAD.fetchval(connection)",
            "value = globals().setdefault('planted', [0])[0]",
        ),
        test="tests/integration/hub/test_feed.py::test_a_change_of_a_slow_transaction_is_not_skipped",
    ),
    _bug(
        "a commit does not wait for the disk (synchronous=NORMAL)",
        ("edge_agent.storage.database:prepare", 'f"synchronous={synchronous}"', '"synchronous=NORMAL"'),
        test="tests/planted_bugs/test_durability.py::test_every_commit_of_a_store_waits_for_the_disk",
    ),
    _bug(
        "a count that comes late is applied to what there is now",
        (
            "edge_agent.services.counting:assert_at",
            "location, command.counted, decided.expected,",
            "location, command.counted, levels.at(connection, product_id, location),",
        ),
        (
            "edge_agent.services.counting:assert_at",
            "else command.counted - decided.expected",
            "else command.counted - levels.at(connection, product_id, location)",
        ),
        test=_UNIT + "edge_agent/test_counting.py::test_a_count_handed_in_late_posts_the_variance_of_then",
    ),
    _bug(
        "records of a closed origin that were lost on their way are told once",
        (_SESSION + "_former_due", "if is_due else []", "if False else []"),
        test="tests/integration/hub/test_formers.py"
        "::test_a_stretch_whose_begin_or_end_was_lost_is_told_again_in_the_same_session",
    ),
    _bug(
        "records are sealed from wherever the ledger begins by now",
        ("edge_agent.services.uplink:read_range", "if len(encoded) != wanted.count:", "if False:"),
        test=_UNIT + "edge_agent_sync/test_uplink.py"
        "::test_a_range_whose_begin_was_pruned_since_the_hello_is_not_sealed_under_other_positions",
    ),
    _bug(
        "a movement whose key is known is adopted from a branch beside itself",
        ("edge_agent.services.adopting:_is_known", "if record.key is not None and (", "if False and ("),
        test=_UNIT + "edge_agent/test_adopting.py::test_a_movement_whose_key_or_command_is_known_has_no_effect",
    ),
    _bug(
        "a fenced box hands in all of its tail again at each Hello",
        (
            "cloud_hub.services.sessions:Sessions._common",
            "{at: chain_hash.hex() for chain_hash, (at, _) in stored.items()}",
            "{}",
        ),
        test="tests/integration/hub/test_sessions.py::test_a_fenced_box_is_not_asked_again_for_what_its_branch_has",
    ),
    _bug(
        "an adoption on a branch is adopted under a name of its own",
        ("edge_agent.services.adopting:_adopt_movement", "record.adopted or chain_hash.hex()", "chain_hash.hex()"),
        test=_UNIT + "edge_agent/test_adopting.py"
        "::test_an_adoption_on_a_branch_is_adopted_under_the_name_of_what_it_took_over",
    ),
    _bug(
        "the old variance of a branch's count is adopted",
        ("edge_agent.services.adopting:_adopt_movement", "if record.reason == Reason.COUNT:", "if False:"),
        test=_UNIT + "edge_agent/test_adopting.py::test_the_old_variance_of_a_count_is_never_adopted",
    ),
)
