"""Sends mails: by SMTP in a thread of its own, or into a mailbox file (for trying things out).

The Message-ID is the delivery's, so that a mail that comes twice after all can be told.
Passwords go over TLS only: `smtps://`, or STARTTLS with `smtp://` to another machine.
"""

import asyncio
import mailbox
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from cloud_hub.services.ports import Undelivered

TIMEOUT_S = 20


class Mailer:
    """One way out for mails, by its URL."""

    def __init__(self, url: str, sender: str) -> None:
        self._url = urlsplit(url)
        self._sender = sender

    async def __call__(self, to: str, subject: str, text: str, message_id: str) -> None:
        """Raises Undelivered, finally when the server says that it never will."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{message_id}@{self._sender.rpartition('@')[2] or 'backstock'}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        hand_over = _into_file if self._url.scheme == "file" else _by_smtp
        try:
            await asyncio.to_thread(hand_over, self._url, message)
        except smtplib.SMTPResponseException as error:
            said = (
                error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
            )
            raise Undelivered(str(said), status=error.smtp_code, is_final=error.smtp_code >= 500) from error
        except smtplib.SMTPRecipientsRefused as error:
            status = min(code for code, _ in error.recipients.values())
            raise Undelivered("the address was refused", status=status, is_final=status >= 500) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Undelivered(f"no mail server: {type(error).__name__}") from error


def _by_smtp(url: SplitResult, message: EmailMessage) -> None:
    host = url.hostname or ""
    context = ssl.create_default_context()
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT_S)
    with server:
        if url.scheme == "smtp" and not _is_here(host):
            server.starttls(context=context)
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)


def _into_file(url: SplitResult, message: EmailMessage) -> None:
    box = mailbox.mbox(Path(unquote(url.path)))
    box.lock()
    try:
        box.add(message)
        box.flush()
    finally:
        box.unlock()
        box.close()


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
