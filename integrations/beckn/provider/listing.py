"""What a provider sells and when, as its catalogue file (YAML) says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.domain.geo import Point, distance_km, read_gps
from hub.domain.money import Money
from hub.domain.orders import (
    CatalogItem,
    ChangeTerms,
    DeliverySlot,
    Domain,
    Party,
    SupportContact,
    Window,
)
from hub.domain.values import dataclass
from hub.domain.yamltext import Located, Problem, YamlError, load, read_part
from integrations.beckn.provider.catalogue import (
    DOMAIN_OF,
    SELLS,
    WEEK,
    Change,
    File,
    Goods,
    Shop,
    SlotTemplate,
)

_BIGGEST = 1024 * 1024


class ListingError(Exception):
    """A catalogue file that cannot be used; the text names the file, line, column and field.

    ``problems`` holds every mistake, the text is the first one's.
    """

    def __init__(self, text: str, problems: Sequence[Problem] = ()) -> None:
        """Say what is wrong in one line."""
        super().__init__(text)
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """A slot of a certain day, and how many orders (or guests) it takes in all."""

    slot: DeliverySlot
    capacity: int
    template: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A read catalogue file."""

    file: File

    @property
    def shop(self) -> Shop:
        """Return who sells."""
        return self.file.provider

    @property
    def goods(self) -> tuple[Goods, ...]:
        """Return the articles."""
        return self.file.items

    @property
    def domain(self) -> Domain:
        """Return what it is for, as registries and messages name it."""
        return DOMAIN_OF[self.shop.kind]

    @property
    def subscriber_id(self) -> str:
        """Return the provider's id on the network."""
        return self.shop.subscriber_id or f"{self.shop.id}.commonhearth.local"

    @property
    def base(self) -> Point | None:
        """Return where it is, where the file says so."""
        return read_gps(self.shop.gps) if self.shop.gps else None

    @property
    def support(self) -> SupportContact:
        """Return how a person is reached."""
        told = self.shop.support
        return (
            SupportContact(told.phone, told.email, told.url, told.text)
            if told
            else (SupportContact(text=f"Ask at {self.shop.name}."))
        )

    def money(self, amount: Decimal) -> Money:
        """Return an amount in the shop's currency."""
        return Money(amount, self.shop.currency)

    def item(self, goods: Goods, available: int, windows: tuple[Window, ...] = ()) -> CatalogItem:
        """Return an article as a catalogue shows it."""
        return CatalogItem(
            goods.id,
            goods.name,
            self.money(goods.price),
            goods.size,
            goods.unit,
            goods.gtin,
            available,
            goods.category,
            windows=windows,
        )

    def slots(self, now: datetime, *, quoted: bool = False) -> tuple[OpenSlot, ...]:
        """Return the slots (or sittings) that can still be chosen at ``now``, in order of time.

        ``quoted``: those that were offered before count until they begin.
        """
        zone = ZoneInfo(self.shop.timezone)
        today = now.astimezone(zone).date()
        days = [today + timedelta(days=ahead) for ahead in range(self.shop.days_ahead + 1)]
        earliest = now + timedelta(minutes=0 if quoted else self.shop.lead_minutes)
        templates = self.file.slots or self.file.sittings
        found = [slot for day in days for slot in self._slots_of(templates, day, zone)]
        usable = [one for one in found if one.slot.window.start >= earliest]
        return tuple(sorted(usable, key=lambda one: one.slot.window.start))

    def on_shift(self, moment: datetime) -> bool:
        """Tell whether a ride may begin at ``moment``; without shifts, at any time."""
        local = moment.astimezone(ZoneInfo(self.shop.timezone))
        day = WEEK[local.weekday()]
        return not self.file.shifts or any(
            day in shift.days and shift.start <= local.time() <= shift.end
            for shift in self.file.shifts
        )

    def serves(self, area_code: str | None, gps: str | None) -> bool | None:
        """Tell whether it serves there; None where too little is known to tell."""
        area = self.file.area
        if area is None:
            return True
        base = self.base
        near = None
        if gps and base is not None and area.radius_km is not None:
            near = distance_km(base, read_gps(gps)) <= area.radius_km
        listed = None
        if area_code and area.postal_codes:
            listed = area_code.replace(" ", "") in (
                code.replace(" ", "") for code in area.postal_codes
            )
        if near or listed:
            return True
        return None if near is None and listed is None else False

    def lacks(self, party: Party | None) -> list[str]:
        """Return what the provider must be told and was not."""
        return [need for need in self.shop.needs if getattr(party or Party(), need) is None]

    def terms(self, change: Change | None, begins: datetime | None) -> ChangeTerms:
        """Return what a change of an order that begins at ``begins`` costs until when."""
        if change is None or begins is None:
            return ChangeTerms(until=begins)
        return ChangeTerms(
            free_until=begins - timedelta(minutes=change.free_minutes),
            fee=self.money(change.fee) if change.fee else None,
            until=begins - timedelta(minutes=change.until_minutes),
        )

    @property
    def cancellation_words(self) -> str:
        """Return the rule for cancelling, for people."""
        rule = self.file.cancellation
        if rule is None or not rule.fee:
            return "free until it begins" if rule is None else _until("free", rule.until_minutes)
        free = _until("free", rule.free_minutes)
        return f"{free}, then {self.money(rule.fee)}"

    def _slots_of(
        self, templates: Sequence[SlotTemplate], day: date, zone: ZoneInfo
    ) -> Iterator[OpenSlot]:
        for template in templates:
            start = datetime.combine(day, template.start, zone).astimezone(UTC)
            end = datetime.combine(day, template.end, zone).astimezone(UTC)
            # On the night the clocks change, a window may shrink to nothing: it is not offered.
            if WEEK[day.weekday()] in template.days and start < end:
                fee = self.money(template.fee) if template.fee else None
                slot = DeliverySlot(f"{day}-{template.id}", Window(start, end), fee)
                yield OpenSlot(slot, template.capacity, template.id)


def _until(what: str, minutes: int) -> str:
    if minutes == 0:
        return f"{what} until it begins"
    hours, rest = divmod(minutes, 60)
    return f"{what} until {hours} h before" if not rest else f"{what} until {minutes} min before"


def load_listing(path: Path) -> Listing:
    """Read a catalogue file; ListingError names the file, line, column and field."""
    try:
        if path.stat().st_size > _BIGGEST:
            raise ListingError(f"{path}: expected a catalogue smaller than {_BIGGEST} bytes")
        located = load(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ListingError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ListingError(f"{path}: not readable as UTF-8: {error.reason}") from error
    except YamlError as error:
        raise ListingError(str(error.problem), [error.problem]) from error
    read, problems = read_part(File, located)
    if read is not None:
        problems = list(_contradictions(read, located))
    if read is None or problems:
        raise ListingError(str(problems[0]), problems)
    return Listing(read)


def _contradictions(read: File, located: Located) -> Iterator[Problem]:
    """Yield what each part may say and all of them together may not."""
    kind = read.provider.kind
    needed, along = SELLS[kind]
    if not getattr(read, needed):
        yield located.problem((), f"{needed}: expected at least one: it is a {kind}")
    for other in ("items", "slots", "vehicles", "shifts", "max_km", "tables", "sittings"):
        if other in read.model_fields_set and other not in (needed, *along):
            yield located.problem((other,), f"{other}: a {kind} has none", key=True)
    for name in ("items", "slots", "vehicles", "tables", "sittings"):
        seen: set[str] = set()
        for number, part in enumerate(getattr(read, name)):
            if part.id in seen:
                yield located.problem(
                    (name, number, "id"), f"{name}[{number}].id: the id {part.id} is there twice"
                )
            seen.add(part.id)
    slots = {slot.id for slot in read.slots}
    for number, goods in enumerate(read.items):
        where = ("items", number)
        for place, slot in enumerate(goods.slots):
            if slot not in slots:
                path = (*where, "slots", place)
                yield located.problem(path, f"items[{number}].slots: there is no slot {slot}")
        if goods.lend and not read.slots:
            yield located.problem(
                (*where, "lend"), f"items[{number}].lend: expected slots: when does it come back?"
            )
    if read.provider.gps is None:
        if kind == "ride":
            yield located.problem(("provider",), "provider.gps: expected where the driver waits")
        elif read.area is not None and read.area.radius_km is not None:
            yield located.problem(
                ("area", "radius_km"), "area.radius_km: expected provider.gps: around where?"
            )
