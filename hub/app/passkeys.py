"""Passkeys for pages (``hub.web.passkeys``): the ceremonies of WebAuthn, by the library webauthn.

The library is imported at the first ceremony: a hub whose members use codes has no memory to spare.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Engine

from hub.app.tls import own_names
from hub.ports import Clock
from hub.settings import HttpSettings
from hub.store.passkeys import Passkey, PasskeyError, PasskeyStore, id_of
from hub.web.passkeys import (
    BAD_NAME,
    COPIED,
    NOT_KEPT,
    NOT_MADE,
    NOT_TAKEN,
    TOO_OLD,
    PasskeyRefused,
    PasskeyView,
    Place,
)

log = logging.getLogger(__name__)

CHALLENGE_LASTS = timedelta(minutes=5)
MOST_CHALLENGES = 512
LONGEST_ANSWER = 16_384
LONGEST_NAME = 64
_LONGEST_CREDENTIAL = 1023
"""WebAuthn Level 2, 7.1 step 17 (as Level 3 words it)."""
Kind = Literal["new", "sign in"]


class Challenges:
    """Random numbers that an answer must sign: each for one browser, once, five minutes long."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: OrderedDict[bytes, tuple[Kind, str, Place, datetime]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def make(self, kind: Kind, bound: str, place: Place, now: datetime) -> bytes:
        """Return a new one (WebAuthn Level 2, 13.4.3: at least 16 random bytes)."""
        challenge = secrets.token_bytes(32)
        self._open[challenge] = (kind, bound, place, now + CHALLENGE_LASTS)
        while len(self._open) > MOST_CHALLENGES:
            self._open.popitem(last=False)
        return challenge

    def take(self, challenge: bytes, kind: Kind, bound: str, place: Place, now: datetime) -> bool:
        """Use one up; tell whether it was made for this."""
        found = self._open.pop(challenge, None)
        return found is not None and found[:3] == (kind, bound, place) and now < found[3]


class HubPasskeys:
    """Makes, keeps and checks members' passkeys."""

    def __init__(self, engine: Engine, settings: HttpSettings, clock: Clock) -> None:
        """Use the hub's database; ``settings`` say what it is called."""
        self._store = PasskeyStore(engine)
        self._clock = clock
        self.names = tuple(name for name in own_names(settings) if not _numeric(name))
        self._challenges = Challenges()

    def of(self, member: str) -> list[PasskeyView]:
        """Return a member's passkeys, oldest first."""
        return [_view(one) for one in self._store.of(member)]

    def remove(self, member: str, passkey_id: str) -> bool:
        """Forget a passkey of a member; False when there is no such one."""
        done = self._store.remove(member, passkey_id)
        if done:
            log.info("a passkey of %s was removed", member)
        return done

    def ask_new(self, place: Place, member: str, shown: str, handle: bytes, bound: str) -> str:
        """Return the options for making one, as JSON (WebAuthn Level 2, 5.4).

        It is to be found without a name (a resident key), and to ask for a finger, face or PIN:
        it stands for a member alone, who may spend.
        """
        import webauthn
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            PublicKeyCredentialDescriptor,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        known = [one for one in self._store.of(member) if one.rp_id == place.rp_id]
        options = webauthn.generate_registration_options(
            rp_id=place.rp_id,
            rp_name="Commonhearth",
            user_name=shown,
            user_display_name=shown,
            user_id=handle,
            challenge=self._challenges.make("new", bound, place, self._clock.now()),
            timeout=int(CHALLENGE_LASTS.total_seconds() * 1000),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(one.credential) for one in known],
        )
        return webauthn.options_to_json(options)

    def add(self, place: Place, member: str, name: str, answer: str, bound: str) -> PasskeyView:
        """Keep what the browser made (WebAuthn Level 2, 7.1). Raises PasskeyRefused."""
        import webauthn

        now = self._clock.now()
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise PasskeyRefused(BAD_NAME)
        given = _read(answer)
        challenge = self._challenge(given, "new", bound, place, now)
        try:
            made = webauthn.verify_registration_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=place.rp_id,
                expected_origin=place.origin,
                require_user_verification=True,
            )
        except Exception as error:
            # The library raises its own errors, and of others what a forged answer provokes.
            log.info("a new passkey of %s was refused: %s", member, str(error)[:200])
            raise PasskeyRefused(NOT_MADE) from None
        if len(made.credential_id) > _LONGEST_CREDENTIAL:
            raise PasskeyRefused(NOT_MADE)
        passkey = Passkey(
            id_of(made.credential_id),
            member,
            name,
            place.rp_id,
            made.credential_id,
            made.credential_public_key,
            made.sign_count,
            now,
        )
        try:
            self._store.add(passkey)
        except PasskeyError as error:
            log.info("a new passkey of %s was refused: %s", member, error)
            raise PasskeyRefused(NOT_KEPT) from None
        log.info("a passkey of %s was added", member)
        return _view(passkey)

    def ask(self, place: Place, bound: str) -> str:
        """Return the options for signing in, as JSON (WebAuthn Level 2, 5.5)."""
        import webauthn
        from webauthn.helpers.structs import UserVerificationRequirement

        options = webauthn.generate_authentication_options(
            rp_id=place.rp_id,
            challenge=self._challenges.make("sign in", bound, place, self._clock.now()),
            timeout=int(CHALLENGE_LASTS.total_seconds() * 1000),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return webauthn.options_to_json(options)

    def take(self, place: Place, answer: str, bound: str) -> str:
        """Return whom an answer signs in (WebAuthn Level 2, 7.2). Raises PasskeyRefused."""
        import webauthn

        now = self._clock.now()
        given = _read(answer)
        challenge = self._challenge(given, "sign in", bound, place, now)
        try:
            credential = webauthn.base64url_to_bytes(given["rawId"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise PasskeyRefused(NOT_TAKEN) from None
        passkey = self._store.get(id_of(credential))
        if passkey is None or passkey.rp_id != place.rp_id:
            raise PasskeyRefused(NOT_TAKEN)
        try:
            # The count is looked at once the signature is known to be good: nobody without the key
            # shall have a passkey taken for a copy.
            made = webauthn.verify_authentication_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=place.rp_id,
                expected_origin=place.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception as error:
            log.info("a passkey of %s was refused: %s", passkey.member, str(error)[:200])
            raise PasskeyRefused(NOT_TAKEN) from None
        if not self._store.used(passkey.id, made.new_sign_count, now):
            log.warning(
                "a passkey of %s was refused: its count did not grow, there is a copy of it",
                passkey.member,
            )
            raise PasskeyRefused(COPIED)
        return passkey.member

    def opened(self, answer: str, secret: str) -> None:
        """Note that this answer, which was taken, made the session of a cookie's ``secret``."""
        import webauthn

        credential = webauthn.base64url_to_bytes(_read(answer)["rawId"])
        self._store.opened(id_of(credential), secret)

    def _challenge(
        self, given: dict[str, Any], kind: Kind, bound: str, place: Place, now: datetime
    ) -> bytes:
        """Return the challenge that an answer names, which is used up with it."""
        import webauthn

        try:
            data = json.loads(webauthn.base64url_to_bytes(given["response"]["clientDataJSON"]))
            challenge = webauthn.base64url_to_bytes(data["challenge"])
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            raise PasskeyRefused(NOT_TAKEN) from None
        if not self._challenges.take(challenge, kind, bound, place, now):
            raise PasskeyRefused(TOO_OLD)
        return challenge


def _read(answer: str) -> dict[str, Any]:
    try:
        given = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise PasskeyRefused(NOT_TAKEN)
    return given


def _view(passkey: Passkey) -> PasskeyView:
    return PasskeyView(
        passkey.id,
        passkey.name,
        passkey.rp_id,
        passkey.created_at,
        passkey.used_at,
        passkey.copied_at,
    )


def _numeric(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()
