"""The language of ``config/rules/*.yaml``: what a rule may say, as typed models.

``docs/schemas/rules.schema.json`` is made from these models, so that editors complete the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from hub.domain.notices import Service
from rules import cron, times
from rules.words import Trigger

ID = r"^[a-z][a-z0-9_-]{0,63}$"
RULE_ID = r"^([a-z][a-z0-9-]{0,39}\.)?[a-z][a-z0-9_-]{0,63}$"
"""A rule of an adopted set has the set's id before a dot."""
ENTITY = r"^[a-z_]+\.[a-z0-9_]+$"

Id = Annotated[str, Field(pattern=ID, examples=["milk"])]
Entity = Annotated[str, Field(pattern=ENTITY, max_length=255, examples=["binary_sensor.door"])]
Text = Annotated[str, Field(min_length=1, max_length=500)]


def _is_duration(text: str) -> str:
    times.duration(text)
    return text


def _is_time(text: str) -> str:
    times.time_of_day(text)
    return text


def _is_quiet(text: str) -> str:
    if text != "off":
        times.quiet_span(text)
    return text


def _is_cron(text: str) -> str:
    cron.parse(text)
    return text


Duration = Annotated[str, AfterValidator(_is_duration), Field(examples=["4h", "90m", "1d12h"])]
TimeOfDay = Annotated[str, AfterValidator(_is_time), Field(examples=["18:00"])]
CronTime = Annotated[str, AfterValidator(_is_cron), Field(examples=["30 18 * * mon-fri"])]
QuietHours = Annotated[str, AfterValidator(_is_quiet), Field(examples=["22:00-07:00", "off"])]


class Part(BaseModel):
    """A part of a rule; a key it does not know is an error, not a silent typo."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, defer_build=True)


class StockBelowPar(Part):
    """There is less of an item than there should be; what is ordered already counts as there."""

    item: Id = Field(description="pantry item, or `any`")
    below: float | None = Field(
        default=None, gt=0, description="instead of the item's par, in its unit"
    )


class RunsOutWithin(Part):
    """An item will be used up soon at its recent rate; looked at with each reading of it."""

    item: Id = Field(description="pantry item, or `any`")
    hours: float = Field(gt=0, le=24 * 366, description="hours from now")


class NoticeTrigger(Part):
    """A public notice was issued or updated. Exercises and tests never count."""

    service: Service | Literal["any"] = Field(description="what it concerns")
    urgency: Literal["Immediate", "Expected", "Future", "Past", "Unknown"] | None = Field(
        default=None, description="at least this urgent (CAP 1.2)"
    )
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] | None = Field(
        default=None, description="at least this severe (CAP 1.2)"
    )
    ahead: Duration | None = Field(
        default=None, description="wait until this long before it begins; default: at once"
    )


class DeviceEvent(Part):
    """A device reported something that happens once: a button, a doorbell, a tag."""

    entity: Entity = Field(description="the entity's id")
    event_type: str | None = Field(
        default=None, max_length=200, description="the device's word for it; default: any"
    )


class StateTrigger(Part):
    """An entity's state became so, or has been so for a time."""

    entity: Entity = Field(description="the entity's id")
    is_: str | bool | float | None = Field(
        default=None, alias="is", description="exactly this state, e.g. `on`"
    )
    above: float | None = Field(default=None, description="more than this")
    below: float | None = Field(default=None, description="less than this")
    for_: Duration | None = Field(
        default=None, alias="for", description="how long it has to hold; default: at once"
    )

    @model_validator(mode="after")
    def _says_what(self) -> StateTrigger:
        if self.is_ is None and self.above is None and self.below is None:
            raise ValueError("expected one of is, above, below")
        if self.is_ is not None and (self.above is not None or self.below is not None):
            raise ValueError("expected either is, or above and below")
        return self


class ActivityChanged(Part):
    """An activity that the household makes or is invited to changed."""

    change: Literal["any", "planned", "invited", "accepted", "answered", "moved", "cancelled"] = (
        Field(default="any", description="what happened to it; default: any of these")
    )


class When(Part):
    """What triggers the rule: exactly one of these."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    stock_below_par: StockBelowPar | None = None
    runs_out_within: RunsOutWithin | None = None
    notice: NoticeTrigger | None = None
    device_event: DeviceEvent | None = None
    state: StateTrigger | None = None
    cron: CronTime | None = Field(
        default=None, description="minute hour day month weekday, in local time"
    )
    activity_changed: ActivityChanged | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> When:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            names = ", ".join(type(self).model_fields)
            got = " and ".join(given) or "none"
            raise ValueError(f"expected exactly one of {names}; got {got}")
        return self

    @property
    def trigger(self) -> Trigger:
        """Name the trigger that is given."""
        names: tuple[Trigger, ...] = get_args(Trigger)
        return next(name for name in names if getattr(self, name) is not None)


class Worded(Part):
    """What members read; words in braces such as `{item}` are filled in."""

    title: Text | None = Field(default=None, description="headline; default: made from the cause")
    message: Text | None = Field(default=None, description="body; default: made from the cause")


class GroceryOrder(Worded):
    """Ask providers for offers, and members which to take."""

    kind: Literal["grocery_order"]
    items: Annotated[tuple[Id, ...], Field(min_length=1, max_length=100)] | Literal["below_par"] = (
        Field(default="below_par", description="pantry items, or all that are below par")
    )
    up_to: Literal["target", "par"] | Annotated[float, Field(gt=0)] = Field(
        default="target", description="how much to have then: a number in the item's unit"
    )
    after: TimeOfDay | None = Field(default=None, description="delivery not before this local time")
    before: TimeOfDay | None = Field(default=None, description="delivered by this local time")


class MoveDelivery(Worded):
    """Ask whether a delivery that no longer suits is to be moved."""

    kind: Literal["move_delivery"]


class SocialMeal(Worded):
    """Propose to eat with friends: when, where and with whom is asked for, and members choose."""

    kind: Literal["social_meal"]
    circle: str | None = Field(
        default=None,
        min_length=1,
        max_length=40,
        description="contacts of this circle; default: friends who are at an activity with the"
        " household that day, else every contact",
    )
    where: Literal["any", "out", "home"] = Field(
        default="any", description="at a restaurant, at somebody's home, or either"
    )
    at: TimeOfDay = Field(default="19:00", description="it begins near this local time")
    after: TimeOfDay = Field(default="17:30", description="it begins not before")
    before: TimeOfDay = Field(default="23:00", description="it ends not after")
    lasts: Duration = Field(default="2h", description="how long it takes")
    answer_within: Duration = Field(
        default="2h",
        description="how long guests have to answer; at most until it has to be booked",
    )
    people: int | None = Field(
        default=None, ge=1, le=12, description="how many of the household come; default: all"
    )
    diets: tuple[Text, ...] = Field(
        default=(), max_length=10, description="what a restaurant has to cater for, e.g. vegan"
    )
    max_km: float | None = Field(
        default=None, gt=0, le=500, description="how far a restaurant may be from anybody's home"
    )
    eats: dict[Id, Annotated[float, Field(gt=0, le=1e6)]] = Field(
        default_factory=dict,
        max_length=50,
        description="what one person eats at home, for a shared shopping list: pantry item and"
        " amount in its unit",
    )


class Call(Part):
    """Something Home Assistant is to do; only what hub.yaml allows (`homeassistant.services`)."""

    service: str = Field(
        pattern=r"^[a-z_]+\.[a-z0-9_]+$", max_length=120, description="e.g. `scene.turn_on`"
    )
    entities: tuple[Entity, ...] = Field(
        default=(), max_length=50, description="to which entities, e.g. `scene.away`"
    )
    data: dict[Id, str | bool | int | float] = Field(
        default_factory=dict, max_length=20, description="further fields of the service"
    )


class HomeAction(Worded):
    """Ask whether Home Assistant is to do something, and have it done once a member agreed."""

    kind: Literal["home_action"]
    then: tuple[Call, ...] = Field(
        min_length=1, max_length=10, description="what is done, one after another"
    )


class Ride(Worded):
    """Propose a ride to what members go to within a day."""

    kind: Literal["ride"]


class Notify(Worded):
    """Tell members; nothing is to be decided."""

    kind: Literal["notify"]
    importance: Literal["normal", "low"] = Field(
        default="normal", description="`low`: it waits for each member's message of the day"
    )


Propose = Annotated[
    GroceryOrder | MoveDelivery | SocialMeal | HomeAction | Ride | Notify,
    Field(discriminator="kind"),
]


class Escalate(Part):
    """Who is asked too where nobody of those asked answers; instead of the home's `escalate`."""

    after: Duration = Field(
        default="30m", description="how long nobody has answered; shorter than `expires_after`"
    )
    to: Annotated[tuple[Id, ...], Field(min_length=1, max_length=20)] = Field(
        description="ids of adults, asked one after another"
    )


def _kind_of_escalate(value: object) -> str:
    return "plan" if isinstance(value, Mapping | Escalate) else "off"


class Rule(Part):
    """One rule of the household."""

    id: Annotated[str, Field(pattern=RULE_ID, examples=["milk", "neighbours.milk"])] = Field(
        description="short name, unique among all rules; in an adopted set: `set.name`"
    )
    name: str = Field(min_length=1, max_length=120, description="as members see it")
    when: When = Field(description="what triggers it")
    if_: str | None = Field(
        default=None, alias="if", max_length=1024, description="a condition in CEL"
    )
    propose: Propose = Field(description="what it proposes")
    cooldown: Duration | None = Field(
        default=None, description="silence about the same thing after it fired"
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="local times, or `off`; default: the household's"
    )
    ask: Literal["adults", "everyone"] | Annotated[tuple[Id, ...], Field(min_length=1)] = Field(
        default="adults", description="who is asked: adults, everyone, or members' ids"
    )
    escalate: (
        Annotated[
            Annotated[Literal["off"], Tag("off")] | Annotated[Escalate, Tag("plan")],
            Discriminator(_kind_of_escalate),
        ]
        | None
    ) = Field(default=None, description="who is asked too, or `off`; default: the household's")
    expires_after: Duration = Field(default="6h", description="how long an answer is awaited")
    enabled: bool = Field(default=True, description="false puts the rule to rest")

    @property
    def trigger(self) -> Trigger:
        """Name the rule's trigger."""
        return self.when.trigger


class RuleFile(Part):
    """A file of rules."""

    rules: tuple[Rule, ...] = Field(max_length=20000, description="the rules, in any order")


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a rule file: a list under `rules`, or one rule alone."""
    described = RuleFile.model_json_schema(by_alias=True, mode="validation")
    definitions = described.pop("$defs")
    many = {key: value for key, value in described.items() if key != "$defs"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Commonhearth rules",
        "description": "What config/rules/*.yaml may say; made from rules/language.py.",
        "anyOf": [many, {"$ref": "#/$defs/Rule"}],
        "$defs": definitions,
    }
