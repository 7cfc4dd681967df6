"""Mail sent over SMTP (RFC 5321), by the standard library in a thread of its own."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import field
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

from hub.domain.activities import Message, Person
from hub.domain.values import dataclass
from hub.ports import DeliveryError
from integrations.calendar.imip import invitation_mail

TIMEOUT = 20.0
"""Seconds the server may take for one answer."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server to hand mail to. ``security``: TLS from the start, by STARTTLS, or none at all.

    ``ca_file`` holds the certificates (PEM) to trust besides the system's.
    """

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


class MailInviter:
    """Brings guests without a hub their invitations."""

    def __init__(self, server: SmtpServer) -> None:
        """Send over ``server``; nothing is opened yet."""
        self._server = server

    async def invite(self, message: Message, to: Person, subject: str, text: str) -> None:
        """Send one guest an iTIP message, with ``text`` for people.

        Raises DeliveryError, with ``unknown`` when the server took the mail and did not say so;
        ActivityError for an address that gets no mail. Sent twice it is seen to be the same.
        """
        mail = invitation_mail(message, to, subject, text)
        await asyncio.to_thread(self._send, mail)

    def _send(self, mail: EmailMessage) -> None:
        where = f"the mail server {self._server.host}:{self._server.port}"
        handed_over = False
        try:
            session = self._connected()
            handed_over = True
            try:
                session.send_message(mail)
            finally:
                # Whether it says goodbye does not matter: the mail is taken or it is not.
                session.close()
        except smtplib.SMTPAuthenticationError as error:
            said = _said(error.smtp_error)
            message = f"{where} refused the user name or password: {said}"
            raise DeliveryError(message, retry=False) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, why = next(iter(error.recipients.values()))
            raise DeliveryError(
                f"{where} refused {mail['To']}: {code} {_said(why)}", retry=code < 500
            ) from error
        except smtplib.SMTPResponseException as error:
            message = f"{where} answered {error.smtp_code} {_said(error.smtp_error)}"
            raise DeliveryError(message, retry=error.smtp_code < 500) from error
        except ssl.SSLError as error:
            raise DeliveryError(f"{where} is not trusted: {error.reason}", retry=False) from error
        except smtplib.SMTPNotSupportedError as error:
            raise DeliveryError(f"{where}: {error}", retry=False) from error
        except (smtplib.SMTPException, OSError) as error:
            message = f"{where} cannot be reached: {_said(str(error)) or type(error).__name__}"
            raise DeliveryError(message, unknown=handed_over) from error

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        context = None
        if server.security != "none":
            context = ssl.create_default_context()
            if server.ca_file is not None:
                context.load_verify_locations(server.ca_file)
        session: smtplib.SMTP
        if server.security == "tls":
            session = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
        else:
            session = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        try:
            if server.security == "starttls":
                session.starttls(context=context)
            if server.username is not None:
                session.login(server.username, server.password or "")
        except BaseException:
            session.close()
            raise
        return session


def _said(words: object) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
