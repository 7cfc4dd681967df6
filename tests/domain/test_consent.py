"""Deny by default: a field is told under a grant that holds, or not at all."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.consent import FIELDS, SCHEMA, TO_CONTACTS, Grant, allowed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def grant(*fields, recipient="shop", purpose="order", **facts):
    known = {"given_by": "ana", "given_at": NOW, "id": "g", **facts}
    return Grant(
        fields=fields or ("address",), recipient=recipient, called="", purpose=purpose, **known
    )


def told(grants, *wanted, recipient="shop", purpose="order", about="o1", now=NOW):
    return allowed(grants, wanted or ("address",), recipient, purpose, about, now)


def test_without_a_grant_nothing_is_told():
    found = told([])
    assert (found.fields, found.lacking, found.grants) == ((), ("address",), ())


def test_a_grant_is_for_a_recipient_a_purpose_and_an_order():
    assert told([grant()]).fields == ("address",)
    assert told([grant()], recipient="other").fields == ()
    assert told([grant()], purpose="offer").fields == ()
    assert told([grant(about="o2")]).fields == ()
    assert told([grant(about="o1")]).fields == ("address",)
    assert told([grant()], "address", "phone").lacking == ("phone",)


def test_it_ends_and_can_be_taken_back():
    assert told([grant(until=NOW)]).fields == ()
    assert told([grant(until=NOW + timedelta(seconds=1))]).fields == ("address",)
    assert told([grant().revoked("ben", NOW)]).fields == ()


def test_it_holds_for_so_many_orders_and_one_order_counts_once():
    twice = grant(uses=2)
    for about in ("o1", "o1", "o2"):
        assert told([twice], about=about).fields == ("address",)
        twice = twice.used(about)
    assert told([twice], about="o3").fields == ()
    assert told([twice], about="o1").fields == ("address",)


def test_never_is_stronger_than_always():
    never = grant(id="n", never=True)
    found = told([grant(), never], "address", "phone")
    assert (found.fields, found.forbidden) == ((), ("address",))
    assert told([grant(), never.revoked("ana", NOW)]).fields == ("address",)


def test_what_binds_to_the_order_is_used_before_what_stands():
    standing, bound = grant(id="standing", uses=1), grant(id="bound", about="o1")
    assert [one.id for one in told([standing, bound]).grants] == ["bound"]


names = st.lists(st.sampled_from(FIELDS), unique=True)


@given(names, names, names, st.booleans())
def test_told_and_lacking_are_what_is_wanted_and_nothing_granted_is_lacking(
    wanted, granted, refused, always
):
    grants = [
        grant(*granted, id="yes", about="" if always else "o1"),
        grant(*refused, id="no", never=True),
    ]
    grants = [one for one, given_ in zip(grants, (granted, refused), strict=True) if given_]
    found = allowed(grants, wanted, "shop", "order", "o1", NOW)
    assert sorted((*found.fields, *found.lacking)) == sorted(wanted)
    assert set(found.fields) == set(wanted) & set(granted) - set(refused)


def test_every_field_says_what_it_tells_and_every_message_names_fields_of_the_schema():
    assert set(SCHEMA) == set(FIELDS)
    assert all(SCHEMA.values())
    assert {name for fields in TO_CONTACTS.values() for name in fields} <= set(FIELDS)
