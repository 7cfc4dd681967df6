"""Adopting, updating and dropping a community's set of rules: decided first, then written.

The decision is committed with what has to reach the files. The files follow, and once they are
there the rest is taken off (``written``): a hub that is killed in between goes on at its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.domain.rulesets import (
    MOST_SETS,
    AdoptedSet,
    Newer,
    Offered,
    SetError,
    Writing,
    digest_of,
    precedence,
)
from hub.domain.tongue import phrase
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.rulesets import RuleSetStore
from hub.store.tx import Entry, Tx
from rules.times import quiet_until


def adopt(
    tx: Tx,
    offered: Offered,
    values: Mapping[str, str],
    writing: tuple[Writing, ...],
    *,
    member: str,
    via: str,
) -> AdoptedSet:
    """Put an offered set in force, or its newer version; the same again does no harm.

    Raises SetError where it may not take the place of the one that is adopted.
    """
    store = RuleSetStore(tx.connection)
    before = store.one(offered.id)
    may_follow(before, offered.key, offered.version, offered.digest)
    if before is None and len(store.adopted()) >= MOST_SETS:
        raise SetError(f"a household adopts at most {MOST_SETS} sets of rules")
    after = AdoptedSet(
        offered.id,
        offered.version,
        offered.key,
        offered.digest,
        offered.document,
        offered.url or (before.url if before else ""),
        offered.local if offered.url else (before.local if before else False),
        dict(values),
        tx.now,
        writing=writing,
        looked_at=tx.now,
    )
    store.keep(after)
    facts = {
        "version": offered.version,
        "was": before.version if before else "",
        "sha256": offered.digest,
        "publisher_key": offered.key,
        "files": {one.name: digest_of(one.text) for one in writing},
        "member": member,
        "via": via,
        "source": offered.url,
    }
    tx.append(Entry("rule_set_updated" if before else "rule_set_adopted", offered.id, facts))
    tx.page_changed = True
    return after


def may_follow(before: AdoptedSet | None, key: str, version: str, digest: str) -> None:
    """Return where a set may take the place of the one that is adopted; else SetError says why.

    The publisher's key is the one that was looked at when the set was adopted, and no version goes
    back: what a publisher has mended nobody can bring again.
    """
    if before is None:
        return
    if before.writing:
        raise SetError(f"{before.id} is being written; try again in a moment")
    if key != before.key:
        raise SetError(
            f"{before.id} is signed with another key than the one you trusted. It is refused. If"
            " its publisher tells you of a new key, drop the set and adopt it anew"
        )
    if precedence(version) < precedence(before.version):
        raise SetError(f"{before.id} {version} is older than {before.version}, which you have")
    if precedence(version) == precedence(before.version) and digest != before.digest:
        raise SetError(f"{before.id} {version} is not what {version} said before: it is refused")


def drop(tx: Tx, set_id: str, writing: tuple[Writing, ...], *, member: str, via: str) -> AdoptedSet:
    """Take a set out of force, and forget its publisher's key. SetError for an unknown one."""
    store = RuleSetStore(tx.connection)
    before = store.one(set_id)
    if before is None:
        raise SetError(f"no set of rules is called {set_id[:60]}")
    after = replace(before, writing=writing, dropped=True, newer=None)
    store.keep(after)
    facts = {"version": before.version, "publisher_key": before.key, "member": member, "via": via}
    tx.append(Entry("rule_set_dropped", set_id, facts))
    tx.page_changed = True
    return after


def written(tx: Tx, set_id: str, left: tuple[str, ...]) -> None:
    """Note that a set's files are as was decided, but those ``left`` that a person changed then."""
    store = RuleSetStore(tx.connection)
    before = store.one(set_id)
    if before is None:
        return
    if before.dropped:
        store.forget(set_id)
    else:
        trouble = ""
        if left:
            names = ", ".join(f"{name}.new" for name in left)
            trouble = phrase(
                "changed meanwhile, so what the set says is in {names} beside it", names=names
            )
        store.keep(replace(before, writing=(), trouble=trouble))
    tx.page_changed = True


def found_newer(tx: Tx, home: Home, offered: Offered) -> None:
    """Keep a newer version to be looked at, and tell adults of it: once for each version."""
    store = RuleSetStore(tx.connection)
    before = store.one(offered.id)
    if before is None or before.dropped:
        return
    known = before.newer is not None and before.newer.digest == offered.digest
    newer = before.newer if known else Newer(offered.version, offered.digest, tx.now)
    store.keep(replace(before, newer=newer, trouble="", looked_at=tx.now))
    if known:
        return
    facts = {"version": offered.version, "was": before.version, "sha256": offered.digest}
    cause = tx.append(Entry("rule_set_newer", offered.id, facts))
    _tell(
        tx,
        home,
        before,
        cause,
        phrase("Rules {id}: version {version} is there", id=before.id, version=offered.version),
        phrase(
            "You have {version}. Nothing changes until you looked at it and agreed.",
            version=before.version,
        ),
    )


def looked(tx: Tx, home: Home, set_id: str, trouble: str, *, refused: bool = False) -> None:
    """Note what looking for a newer version gave; what was ``refused`` is told once."""
    store = RuleSetStore(tx.connection)
    before = store.one(set_id)
    if before is None or before.dropped:
        return
    store.keep(replace(before, looked_at=tx.now, trouble=trouble))
    if refused and trouble != before.trouble:
        cause = tx.append(Entry("rule_set_refused", set_id, {"reason": trouble}))
        _tell(tx, home, before, cause, phrase("Rules {id}: not taken", id=before.id), trouble)
    tx.page_changed = True


def _tell(tx: Tx, home: Home, about: AdoptedSet, cause: int, title: str, body: str) -> None:
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(f"rule-set:{about.id}"),
        title=title,
        body=body,
        cause=cause,
        not_before=quiet_until(home.settings.home.quiet_hours, tx.now, home.settings.home.zone),
    )
    tx.page_changed = True
