"""The part of the role `jobs` that tells others: webhooks, mails, the broker, put together."""

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack
from functools import partial

import structlog

from cloud_hub.core import Core, now_ms
from cloud_hub.notify.mail import Mailer
from cloud_hub.notify.webhook import WebhookClient
from cloud_hub.services import password_resets, telling_people, webhooks
from cloud_hub.services.delivering import Channel, Delivering
from cloud_hub.services.telling import ROUND_S, Done, Fill, Telling, has_more, rest_s
from cloud_hub.storage.changes import CHANNEL
from cloud_hub.storage.database import AGAIN, connect
from cloud_hub.storage.listening import Listener
from cloud_hub.supervise import Part

log = structlog.get_logger()


async def telling_of(core: Core, stack: AsyncExitStack) -> Telling:
    """Everything that tells, with the channels that the configuration gives."""
    config, database = core.config, core.database
    client = await stack.enter_async_context(WebhookClient(config.webhook_private_nets))
    channels: dict[str, Channel] = {
        webhooks.CHANNEL: webhooks.WebhookChannel(database, client, key=core.keyring.webhook_key)
    }
    fills: list[Fill] = []
    if config.mail_url is not None:
        mailer = Mailer(config.mail_url, config.mail_from)
        channels[telling_people.MAIL] = telling_people.MailChannel(mailer)
        channels[password_resets.CHANNEL] = password_resets.ResetChannel(database, mailer, config.password_page)
        fills.append(telling_people.People(config.public_url).fill)
    delivering = Delivering(database, channels, now=now_ms)
    stack.push_async_callback(delivering.close)
    return Telling(database, delivering, fills, now=now_ms)


async def part(core: Core, stack: AsyncExitStack) -> Part:
    """Makes rounds, a second apart; soon when reference data changed, much is to be told or something is being sent."""
    telling = await telling_of(core, stack)
    listener = Listener(partial(connect, core.config.database_url), CHANNEL)
    stack.push_async_callback(listener.close)

    async def run() -> None:
        while True:
            begun, done = time.monotonic(), Done(0, 0)
            try:
                done = await telling.round()
            except AGAIN as error:
                log.warning("the database is away", detail=str(error))
            await asyncio.sleep(rest_s(done, time.monotonic() - begun))
            if not has_more(done):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ROUND_S):
                        await listener.changed()

    return Part("telling", run)
