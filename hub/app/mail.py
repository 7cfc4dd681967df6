"""Mail to friends without a hub, over the server that hub.yaml names; loaded with the first one."""

from __future__ import annotations

from pathlib import Path

from hub.domain.activities import ActivityError
from hub.domain.effects import SendMail
from hub.flow.home import Home
from hub.ports import DeliveryError

_LONGEST_PASSWORD = 1000


async def send_mail(home: Home, effect: SendMail) -> None:
    """Bring a guest an iTIP message. Raises DeliveryError."""
    from integrations.calendar.smtp import MailInviter, SmtpServer

    smtp = home.settings.smtp
    if smtp.host is None:
        raise DeliveryError("this hub sends no mail (smtp in hub.yaml)", retry=False)
    server = SmtpServer(
        smtp.host,
        smtp.port,
        smtp.security,
        smtp.username,
        read_password("smtp.password_file", smtp.password_file),
        smtp.ca_file,
    )
    try:
        await MailInviter(server).invite(effect.message, effect.to, effect.subject, effect.text)
    except ActivityError as error:
        raise DeliveryError(str(error), retry=False) from error


def read_password(key: str, file: Path | None) -> str | None:
    """Return the first line of a password file, None where none is named.

    Raises DeliveryError, naming the ``key`` of hub.yaml; it is read anew each time it is needed.
    """
    if file is None:
        return None
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.readline(_LONGEST_PASSWORD).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise DeliveryError(f"{key}: {file} cannot be read: {why}") from error
