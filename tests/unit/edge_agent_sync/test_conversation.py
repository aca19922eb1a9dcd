"""Every effect that the protocol can ask for is carried out by this program."""

import asyncio
from typing import cast, get_args

from edge_agent.services.conversation import Conversation
from edge_agent.services.link_context import LinkContext
from edge_agent.services.outside import Wire
from sync_protocol.edge_session import EdgeSession
from sync_protocol.effects import Effect


async def test_every_effect_of_the_session_has_a_carrier() -> None:
    async with asyncio.TaskGroup() as tasks:
        nothing = cast("LinkContext", None)
        session = EdgeSession(verify_hub=lambda *_: None)
        made = Conversation(nothing, session, cast("Wire", None), tasks, lambda _: None)

    assert set(made._carriers) == set(get_args(Effect))
