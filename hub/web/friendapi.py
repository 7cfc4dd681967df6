"""The API of contacts: invited, confirmed, limited, muted, put into circles and removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import Field

from hub.domain.contacts import Sight
from hub.domain.values import dataclass
from hub.web.friends import Friends, FriendView, Invited
from hub.web.operations import (
    Answer,
    MemberBody,
    Operation,
    by_adult,
    known,
    read_body,
    read_query,
    tried,
)
from hub.web.site import site_of

T = TypeVar("T")


class LinkBody(MemberBody):
    """Another household's invitation."""

    link: str = Field(min_length=1, max_length=4096, description="as that household sent it")


class MailFriendBody(MemberBody):
    """A friend without a hub, who is invited by e-mail."""

    name: str = Field(max_length=200)
    email: str = Field(min_length=1, max_length=320)


class MutedBody(MemberBody):
    """Whether anybody is asked about what a contact sends."""

    muted: bool


class SeesBody(MemberBody):
    """What a contact may see."""

    sees: Sight


class WitnessBody(MemberBody):
    """Whether the two hubs countersign each other's logs."""

    on: bool
    anew: bool = Field(default=False, description="with on: begin with its log as it is now")


class CirclesBody(MemberBody):
    """The circles a contact is in, and no others."""

    circles: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field(max_length=50)


@dataclass(frozen=True, slots=True)
class Asked:
    """A household whose invitation was accepted; it has to confirm."""

    name: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A contact that is none any more."""

    id: str


def _friend(request: web.Request) -> FriendView:
    wanted = request.match_info["id"]
    listed = site_of(request).backend.friends.listed()
    return known(next((one for one in listed if one.id == wanted), None), "contact")


async def _one(request: web.Request) -> Answer:
    return Answer(_friend(request))


async def _contacts(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.friends.listed())


async def _invite(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    return Answer(await tried(by_adult(request, body).friends.invite()))


async def _accept(request: web.Request) -> Answer:
    body = await read_body(request, LinkBody)
    accepted = by_adult(request, body).friends.accept(body.link.strip())
    return Answer(Asked(name=await tried(accepted)))


async def _add(request: web.Request) -> Answer:
    body = await read_body(request, MailFriendBody)
    friends = by_adult(request, body).friends
    made = await tried(friends.add_by_mail(body.name.strip(), body.email))
    return Answer(known(next((one for one in friends.listed() if one.id == made), None), "contact"))


async def _confirm(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    return await _step(request, body, lambda friends, friend: friends.confirm(friend))


async def _mute(request: web.Request) -> Answer:
    body = await read_body(request, MutedBody)
    return await _step(request, body, lambda friends, friend: friends.mute(friend, body.muted))


async def _limit(request: web.Request) -> Answer:
    body = await read_body(request, SeesBody)
    return await _step(request, body, lambda friends, friend: friends.limit(friend, body.sees))


async def _witness(request: web.Request) -> Answer:
    body = await read_body(request, WitnessBody)
    anew = body.on and body.anew
    return await _step(
        request, body, lambda friends, friend: friends.witness(friend, body.on, anew)
    )


async def _place(request: web.Request) -> Answer:
    body = await read_body(request, CirclesBody)
    names = [one.strip() for one in body.circles if one.strip()]
    return await _step(request, body, lambda friends, friend: friends.place(friend, names))


async def _step(
    request: web.Request, body: MemberBody, step: Callable[[Friends, str], Awaitable[None]]
) -> Answer:
    friends, friend = by_adult(request, body).friends, _friend(request).id
    await tried(step(friends, friend))
    return Answer(_friend(request))


async def _remove(request: web.Request) -> Answer:
    friends = by_adult(request, read_query(request, MemberBody)).friends
    friend = _friend(request).id
    await tried(friends.remove(friend))
    return Answer(Removed(id=friend))


FRIENDS: tuple[Operation, ...] = (
    Operation(
        "GET", "/contacts", "listContacts", "List the contacts with all that is known", "read",
        _contacts, FriendView, many=True,
    ),
    Operation(
        "GET", "/contacts/{id}", "getContact", "Read one contact", "read",
        _one, FriendView, errors=(404,),
    ),
    Operation(
        "POST", "/contacts", "addContactByMail",
        "Note a friend without a hub, who is invited by e-mail", "decide",
        _add, FriendView, body=MailFriendBody, errors=(404,),
    ),
    Operation(
        "POST", "/invitations", "inviteContact",
        "Make an invitation for one household; its link is told this once", "decide",
        _invite, Invited, body=MemberBody,
    ),
    Operation(
        "POST", "/invitations/accept", "acceptInvitation", "Accept another household's invitation",
        "decide", _accept, Asked, body=LinkBody,
    ),
    Operation(
        "POST", "/contacts/{id}/confirm", "confirmContact",
        "Agree to a household that used an invitation of ours", "decide",
        _confirm, FriendView, body=MemberBody, errors=(404,),
    ),
    Operation(
        "PUT", "/contacts/{id}/muted", "muteContact",
        "Ask nobody about what a contact sends, or again", "decide",
        _mute, FriendView, body=MutedBody, errors=(404,),
    ),
    Operation(
        "PUT", "/contacts/{id}/sees", "limitContact", "Say what a contact may see", "decide",
        _limit, FriendView, body=SeesBody, errors=(404,),
    ),
    Operation(
        "PUT", "/contacts/{id}/witness", "witnessContact",
        "Agree to countersign each other's logs, or no longer", "decide",
        _witness, FriendView, body=WitnessBody, errors=(404,),
    ),
    Operation(
        "PUT", "/contacts/{id}/circles", "placeContact",
        "Put a contact into these circles and no others", "decide",
        _place, FriendView, body=CirclesBody, errors=(404,),
    ),
    Operation(
        "DELETE", "/contacts/{id}", "removeContact",
        "End it; becoming contacts again takes a new invitation", "decide",
        _remove, Removed, query=MemberBody, errors=(404,),
    ),
)  # fmt: skip
