"""What an edge knows of its own ledger at the moment of a Hello, and the Hello that says it."""

from dataclasses import dataclass

from sync_protocol import messages as say


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """What the store's database says at the moment of a Hello."""

    site_id: str
    origin_id: str
    device_id: str
    certificate: str
    boot: int
    instance: str
    head: int
    chain_head: bytes
    acked: int
    acked_hash: bytes
    first_retained: int
    checkpoints: list[say.Checkpoint]
    feed: say.FeedCursor | None
    hub_epoch: int
    agent_version: str = ""

    def hello(self, session: str, clock_ms: int) -> say.Hello:
        """The first word on a connection; `session` is random."""
        return say.Hello(
            session=session, site_id=self.site_id, origin_id=self.origin_id, device_id=self.device_id,
            boot=self.boot, instance=self.instance, head=self.head, chain_head=self.chain_head.hex(),
            acked=self.acked, acked_hash=self.acked_hash.hex(), first_retained=self.first_retained,
            checkpoints=self.checkpoints, feed=self.feed, hub_epoch=self.hub_epoch, clock_ms=clock_ms,
            certificate=self.certificate, agent_version=self.agent_version,
        )  # fmt: skip
