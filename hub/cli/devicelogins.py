"""``device add``, ``revoke``, ``logins``, ``pair`` and ``acl``: devices' users at the broker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    AsJson,
    ConfigFolder,
    DataFolder,
    Refused,
    database,
    print_json,
    say,
    shown,
    table,
    tell_wish,
    wish,
)
from hub.clock import clock_from_environment

if TYPE_CHECKING:
    from hub.domain.quarantine import KnownDevice
    from hub.settings import Settings
    from hub.store.logins import Logins

Name = Annotated[str, typer.Argument(help="The device's name, e.g. shelf-1.")]
Who = Annotated[str, typer.Argument(help="Its name, or what it is known by.")]
Topics = list[str]


@contextmanager
def _logins(config: Path, data: Path) -> Iterator[tuple[Logins, Settings]]:
    from hub.app.config import read_config
    from hub.app.logins import store_of

    settings = read_config(config).checked()
    with database(data) as engine:
        yield store_of(engine, settings), settings


def add(
    name: Name,
    kind: Annotated[
        str,
        typer.Option("--kind", help="device, bridge (Zigbee2MQTT, Tasmota) or program (may all)."),
    ] = "device",
    write: Annotated[
        Topics, typer.Option("--write", help="A further topic it may publish on; repeatable.")
    ] = [],  # noqa: B006 - typer takes a list
    read: Annotated[
        Topics, typer.Option("--read", help="A further topic it may read; repeatable.")
    ] = [],  # noqa: B006 - typer takes a list
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Give a device a login of its own at the broker, and print its password, this once.

    It may publish under its name alone. A running hub has its broker know it within seconds.
    """
    from hub.app.logins import new_login
    from hub.domain.logins import LoginError, own
    from hub.domain.loginsnippets import address, snippets

    with _logins(config, data) as (store, settings):
        host, port, tls = _reached(settings)
        login, password = new_login(name, kind, write, read)  # type: ignore[arg-type]
        try:
            store.add(login, clock_from_environment().now())
        except LoginError as error:
            raise Refused(str(error), 2) from None
    mqtt = settings.mqtt
    topics = own(login, mqtt.discovery_prefix)
    made = {"user": name, "password": password, "host": host, "port": port, "write": topics}
    if as_json:
        print_json(made)
        return
    import segno

    from hub.cli.contact import qr_text

    say(qr_text(segno.make(address(name, password, host, port, tls=tls), error="l", micro=False)))
    say(f"user {name}, password {password}, broker {host}:{port}{' (TLS)' if tls else ''}")
    if settings.mqtt.tls_port is not None:
        say(f"encrypted: port {settings.mqtt.tls_port}, checked by {data}/secrets/authority.crt")
    say("The password is shown this once; the hub keeps its hash alone.")
    for what, text in snippets(name, password, host, port, tls=tls).items():
        say(f"\n{what}:\n{text.rstrip()}")
    if mqtt.url != "managed":
        say("\nThe broker is not the hub's own: write it with `device acl --mosquitto FOLDER`.")


def revoke(
    name: Name, config: ConfigFolder = DEFAULT_CONFIG, data: DataFolder = DEFAULT_DATA
) -> None:
    """Take a device's login back; a running hub has its broker disconnect it within seconds."""
    with _logins(config, data) as (store, settings):
        if not store.revoke(name):
            raise Refused(f"no device logs in as {name!r}; `device logins` shows them")
    say(f"{name} may not log in any more")
    if settings.mqtt.url != "managed":
        say("The broker is not the hub's own: write its files anew with `device acl`.")


def logins(
    config: ConfigFolder = DEFAULT_CONFIG, data: DataFolder = DEFAULT_DATA, as_json: AsJson = False
) -> None:
    """List the devices that have a login of their own, and what each may publish on."""
    from hub.domain.logins import own

    with _logins(config, data) as (store, settings):
        prefix = settings.mqtt.discovery_prefix
        rows = [
            {
                "name": one.name,
                "kind": one.kind,
                "write": own(one, prefix),
                "read": one.read,
                "created_at": one.created_at,
            }
            for one in store.all()
        ]
    if as_json:
        print_json(rows)
        return
    table(
        f"{len(rows)} logins",
        ("name", "kind", "may publish on", "made"),
        [
            (
                row["name"],
                row["kind"],
                ", ".join(row["write"]) or "all",  # type: ignore[arg-type]
                row["created_at"],
            )
            for row in rows
        ],
    )


def pair(
    close: Annotated[bool, typer.Option("--close", help="Let nobody in any more.")] = False,
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Let one device in by a code, for five minutes: it asks the running hub for its login."""
    with _logins(config, data) as (store, _):
        if close:
            store.close_pairing()
            say("no device may pair")
            return
        code, until = store.open_pairing(clock_from_environment().now())
    if as_json:
        print_json({"code": code, "until": until})
        return
    say(f"{code[:4]} {code[4:]}")
    say(f"Type it into the device. It is good for one device, until {until:%H:%M} UTC.")


def acl(
    mosquitto: Annotated[
        Path, typer.Option("--mosquitto", help="The folder to write to.", metavar="FOLDER")
    ],
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Write what a Mosquitto of the household's own needs to hold devices to their topics.

    Three files: the logins (hashed), their topics, and the lines for its configuration.
    """
    from hub.app.logins import write_for_mosquitto

    with _logins(config, data) as (store, settings):
        known = store.all()
        hub_user = settings.mqtt.username
        if settings.mqtt.url == "managed":
            raise Refused("the broker is the hub's own (mqtt.url: managed), which knows this", 2)
        if not hub_user or not settings.mqtt.password:
            raise Refused("mqtt.username and mqtt.password: expected the hub's user there", 2)
        try:
            lines = write_for_mosquitto(mosquitto, known, settings.mqtt)
        except OSError as error:
            raise Refused(f"{shown(mosquitto)}: {error.strerror}") from None
    say(f"{len(known)} logins and the hub's own ({hub_user}) are in {shown(mosquitto)}")
    say("Copy the files to the broker, readable by its user alone, and have its configuration say:")
    say(lines)
    say("Users that are not in these files cannot log in any more. After a change write them anew")
    say("and send Mosquitto a SIGHUP (sudo systemctl reload mosquitto).")


def waiting(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """List the devices that wait for an adult (`devices.quarantine`), and those refused."""
    found = [one for one in _known(data) if one.state != "accepted"]
    if as_json:
        rows = [
            {"owner": one.owner, "name": one.name, "state": one.state, "at": one.at}
            for one in found
        ]
        print_json(rows)
        return
    table(
        f"{len(found)} devices",
        ("device", "known by", "state", "since"),
        [(one.name, one.owner, one.state, one.at) for one in found],
    )


def accept(who: Who, data: DataFolder = DEFAULT_DATA) -> None:
    """Accept a device that waits, or was refused: rules and the pantry hear of it from now on."""
    _answer(data, who, accepted=True)


def refuse(who: Who, data: DataFolder = DEFAULT_DATA) -> None:
    """Refuse a device: what it said is forgotten, its login is taken back, it is heard no more."""
    _answer(data, who, accepted=False)


def _known(data: Path) -> list[KnownDevice]:
    from hub.store.house import load_house

    with database(data) as engine, engine.connect() as connection:
        house = load_house(connection, clock_from_environment().now())
    return sorted(house.devices.values(), key=lambda one: one.at)


def _answer(data: Path, who: str, *, accepted: bool) -> None:
    known = _known(data)
    found = [one for one in known if one.owner == who]
    found = found or [one for one in known if one.name.casefold() == who.casefold()]
    if not found:
        raise Refused(f"no device is known as {who[:80]!r}; `device waiting` shows them")
    if len(found) > 1:
        owners = ", ".join(one.owner for one in found[:5])
        raise Refused(f"{len(found)} devices are called so; say which: {owners}")
    done = wish(data, "device", {"owner": found[0].owner, "accept": accepted})
    tell_wish(done, False, str(done.get("said")))


def _reached(settings: Settings) -> tuple[str, int, bool]:
    """Return where devices reach the broker, and whether encrypted. Refused for no address."""
    import socket

    from integrations.broker.brokers import BrokerError, External

    if settings.mqtt.url == "managed":
        bind = settings.mqtt.bind
        everywhere = bind in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
        host, mqtt = f"{socket.gethostname()}.local" if everywhere else bind, settings.mqtt
        if mqtt.plain == "loopback" and mqtt.tls_port is not None:
            return host, mqtt.tls_port, True
        return host, mqtt.port, False
    try:
        there = External.of(settings.mqtt)
    except BrokerError as error:
        raise Refused(str(error), 2) from None
    return there.host, there.port, there.tls


def register(app: typer.Typer) -> None:
    """Add the commands to ``device``."""
    for command, example in (
        (add, "add shelf-1"),
        (revoke, "revoke shelf-1"),
        (logins, "logins"),
        (pair, "pair"),
        (acl, "acl --mosquitto mosquitto.d"),
        (waiting, "waiting"),
        (accept, "accept Shelf"),
        (refuse, "refuse Shelf"),
    ):
        app.command(command.__name__, epilog=f"[bold]run_hub.py device {example}[/bold]")(command)
