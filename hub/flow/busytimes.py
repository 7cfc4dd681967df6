"""When everybody is busy: asked of several contacts at once, and told to those who may know."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import OperationalError

from hub.domain import agenda
from hub.domain.contacts import Contact
from hub.domain.freebusy import FreeBusy, Survey, TooBusy
from hub.domain.offers import Window
from hub.domain.peers import PeerError, PeerMessage
from hub.flow.agenda import agenda_of
from hub.flow.home import Home
from hub.flow.peerbusy import ANSWERED, ASKED, ask_busy, busy_in
from hub.store.tx import Entry, Tx

log = logging.getLogger(__name__)

Surveyed = Callable[[Tx, Home, str, tuple[FreeBusy, ...]], None]
"""Told, once and in a step of its own, what came of a survey about a subject: one FreeBusy a
contact, whose id is ``household``; ``busy`` is None where it did not tell."""

MOST_TOLD = 100
"""How often a day one contact is told when this household is busy."""
DAY = timedelta(days=1)


def own_busy(
    tx: Tx, home: Home, contact: Contact | None, asked: Window
) -> tuple[Window, ...] | None:
    """Return when an adult of this household is busy (``PeerHooks.busy``), joined.

    To a ``contact`` it is told at most MOST_TOLD times a day, None after that; what of it one may
    see is decided elsewhere. For the household itself ``contact`` is None.
    """
    if contact is not None:
        if tx.count("busy_told", contact.id, tx.now - DAY) >= MOST_TOLD:
            return None
        facts = {"start": asked.start.isoformat(), "end": asked.end.isoformat()}
        tx.append(Entry("busy_told", contact.id, facts))
    # What nobody has agreed to yet takes nobody's time.
    agreed = (one for one in agenda_of(tx.house, home, asked).during(asked) if not one.tentative)
    return agenda.busy(agenda.Agenda(agreed), asked, home.adults())


def ask_when_free(
    tx: Tx,
    home: Home,
    purpose: str,
    subject: str,
    contacts: Sequence[Contact],
    asked: Window,
    until: datetime,
) -> Survey:
    """Ask contacts' hubs when they are busy; ``home.surveyed[purpose]`` is told what they said.

    That is when all have answered, or at ``until``. A contact that cannot be asked counts as one
    that does not tell.
    """
    survey = Survey(tx.new_id(), purpose, subject, asked, max(until, tx.now))
    waiting, silent = [], []
    for contact in contacts:
        try:
            waiting.append((ask_busy(tx, contact, asked), contact.id))
        except PeerError:
            silent.append(FreeBusy(contact.id, asked, None))
    survey = replace(survey, waiting=tuple(waiting), told=tuple(silent))
    _keep(tx, survey)
    return survey


def busy_answered(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Take an answer in (``PeerHooks.handlers``); one that nobody waits for changes nothing.

    PeerError refuses it.
    """
    request, _, times = busy_in(message)
    for survey in list(tx.house.surveys.values()):
        if (request, contact.id) in survey.waiting:
            try:
                _keep(tx, survey.answered(request, times))
            except TooBusy as error:
                raise PeerError(str(error)) from None


def busy_lost(
    tx: Tx, home: Home, contact: Contact, type_: str, body: Mapping[str, object], reason: str
) -> None:
    """Note that a question never reached a contact (``PeerHooks.lost``): it does not tell."""
    if type_ != ASKED:
        return
    for survey in list(tx.house.surveys.values()):
        asked = [request for request, who in survey.waiting if who == contact.id]
        if asked and body.get("start") == survey.asked.start.isoformat():
            _keep(tx, survey.answered(asked[0], None))


def survey_due(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Pass on what contacts said (a timer): all of them, or those who did in time."""
    survey = tx.house.surveys.get(name)
    if survey is None:
        return
    tx.forget_survey(name)
    told = home.surveyed.get(survey.purpose)
    if told is None:
        return
    try:
        tx.attempt(partial(told, tx, home, survey.subject, survey.closed().told))
    except OperationalError:
        raise
    except Exception as error:
        log.exception("nothing came of asking when contacts are busy")
        tx.park(f"surveys/{survey.purpose}", b"", f"the hub failed on the answers: {error!r}")


def _keep(tx: Tx, survey: Survey) -> None:
    tx.save_survey(survey)
    # In a step of its own, also when nobody is awaited: whoever asked has to be ready for it.
    tx.set_timer("survey", survey.id, "", survey.due if survey.waiting else tx.now)


HANDLERS = {ANSWERED: busy_answered}
