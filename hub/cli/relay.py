"""``relay``: take callbacks for hubs without an open port."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import ROOT, Refused, say_now

EXAMPLES = (
    "[bold]run_hub.py relay --mqtt mqtts://broker.example.org --registry registry.yaml "
    "--public-url https://relay.example.org --port 8490[/bold]"
)


def relay(
    mqtt: Annotated[
        str, typer.Option(help="The broker that hubs reach too: mqtt(s)://host:port (MQTT 5).")
    ],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0: any free one.")] = 0,
    data: Annotated[
        Path, typer.Option(help="The folder of its database and key.", metavar="DIR")
    ] = ROOT / "data" / "relay",
    registry: Annotated[
        Path | None, typer.Option(help="A registry file with those who may send.")
    ] = None,
    registry_url: Annotated[
        list[str] | None, typer.Option(help="A registry to ask who may send; may be repeated.")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(help="How senders reach it; default: http://HOST:PORT.")
    ] = None,
    public_mqtt: Annotated[
        str | None, typer.Option(help="How hubs reach the broker; default: as --mqtt.")
    ] = None,
    username: Annotated[str | None, typer.Option(help="The relay's user at the broker.")] = None,
    password: Annotated[
        str | None,
        typer.Option(
            envvar="COMMONHEARTH_RELAY_PASSWORD", help="Its password (or in the variable)."
        ),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="CA certificates (PEM) for mqtts://.")
    ] = None,
    code: Annotated[
        str,
        typer.Option(envvar="COMMONHEARTH_RELAY_CODE", help="Only hubs that name it are enrolled."),
    ] = "",
) -> None:
    """Run a relay until it is told to stop (Ctrl-C, SIGTERM); see docs/relay.md."""
    from hub.app import logs
    from hub.clock import clock_from_environment
    from integrations.beckn.errors import RegistryError
    from integrations.beckn.gate import BecknGate
    from integrations.beckn.keys import load_or_create
    from integrations.beckn.registry import Registry, Source
    from integrations.peers.gate import PeerGate
    from integrations.relay import Broker, RelayError, run_relay

    logs.set_up("info")
    if registry is None and not registry_url:
        raise Refused("expected --registry FILE or --registry-url URL: who may send?", 2)
    try:
        clock = clock_from_environment()
        identity = load_or_create(data, kind="relay")
        sources = [Source(url) for url in registry_url or []]
        known = Registry(registry, sources=sources, identity=identity, data=data, now=clock.now)
        run_relay(
            PeerGate(BecknGate(identity, known)),
            Broker(mqtt, username, password, ca_file),
            host=host,
            port=port,
            data=data,
            public_url=public_url,
            public_broker=public_mqtt,
            code=code,
            say=say_now,
            clock=clock,
        )
    except (RelayError, RegistryError) as error:
        raise Refused(str(error), 2) from None
    except OSError as error:
        raise Refused(f"{host}:{port}: {error.strerror or error}") from None
