"""``backup`` and ``restore``: one encrypted file with all of a household, and the way back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.common import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    AsJson,
    ConfigFolder,
    DataFolder,
    Refused,
    print_json,
    say,
    shown,
)
from hub.clock import clock_from_environment

if TYPE_CHECKING:
    from hub.app.backup.agefile import Lock, Opener
    from hub.app.backup.archive import Manifest
    from hub.app.backup.places import Access
    from hub.settings import BackupSettings, Settings

BACKUP_EXAMPLES = (
    "[bold]run_hub.py backup --to /mnt/usb --passphrase-file pass.txt[/bold]\n\n"
    "[bold]run_hub.py backup --to home.age --recipient age1…[/bold]: only its owner opens it"
)
RESTORE_EXAMPLES = (
    "[bold]run_hub.py restore home.age --config config --data data "
    "--passphrase-file pass.txt[/bold]\n\n"
    "[bold]run_hub.py restore home.age --config config --data data --identity key.txt[/bold]"
)
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="A file whose first line is the passphrase."),
]

PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="A file with the password of the other machine."),
]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", help="The private key for sftp:// addresses.")
]
HostKey = Annotated[
    str, typer.Option("--host-key", help="SHA256:…: what the sftp server's key must be.")
]
CaFile = Annotated[
    Path | None, typer.Option("--ca-file", help="Certificates that webdavs:// is believed by.")
]


def backup(
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    to: Annotated[
        str | None,
        typer.Option("--to", help="A folder, a new file or an address; else backup.to."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    recipient: Annotated[
        str, typer.Option("--recipient", help="age1…: whose key is to open it.")
    ] = "",
    password_file: PasswordFile = None,
    key_file: KeyFile = None,
    host_key: HostKey = "",
    ca_file: CaFile = None,
    nightly: Annotated[
        bool, typer.Option("--nightly", help="As in hub.yaml, and delete the oldest ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write one encrypted file (age) with database, keys and configuration; the hub may run.

    It is read back and compared before it gets its name. An address is sftp://user@host/path or
    webdavs://user@host/path.
    """
    from hub.app.backup.make import make_backup, prune
    from hub.app.backup.places import send_backup
    from hub.domain.places import is_place

    known = _settings(config)
    settings = known.backup
    target = to or settings.to
    if target is None:
        raise Refused("--to: expected a folder or a file (or backup.to in hub.yaml)", 2)
    lock = _lock(passphrase_file, recipient, settings, data)
    now = clock_from_environment().now()
    if is_place(target):
        access = _access(password_file, key_file, host_key, ca_file, settings)
        keep = settings.keep if nightly else None
        made, gone = send_backup(config, data, target, lock, access, now, keep=keep)
    else:
        if nightly and not Path(target).is_dir():
            raise Refused(f"{target}: expected a folder that is there (is the disk mounted?)")
        made = make_backup(config, data, Path(target), lock, now)
        gone = [str(one) for one in prune(Path(target), settings.keep)] if nightly else []
    left_out = _elsewhere(config, known)
    if as_json:
        print_json(
            {
                "file": made.where,
                "bytes": made.size,
                "log_faults": made.faults,
                "deleted": gone,
                "left_out": left_out,
                **_told(made.manifest),
            }
        )
    else:
        _say_counts(made.manifest)
        _say_faults(made.faults)
        for name in left_out:
            say(f"{name} is named in hub.yaml and lies elsewhere: it is not in the backup")
        say(
            f"{made.where if is_place(target) else shown(made.file)}: {made.size} bytes, "
            f"{len(made.manifest.files)} files; read back and compared"
        )


def restore(
    file: Annotated[
        str,
        typer.Argument(help="What `backup` wrote, or the address of it or of its folder."),
    ],
    config: Annotated[Path, typer.Option("--config", help="An empty folder.", metavar="DIR")],
    data: Annotated[Path, typer.Option("--data", help="An empty folder.", metavar="DIR")],
    passphrase_file: PassphraseFile = None,
    identity: Annotated[
        Path | None,
        typer.Option("--identity", help="A file with AGE-SECRET-KEY-1… (of age-keygen)."),
    ] = None,
    password_file: PasswordFile = None,
    key_file: KeyFile = None,
    host_key: HostKey = "",
    ca_file: CaFile = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Move full folders aside first; nothing is deleted."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup back into empty folders: the same household, with the same keys.

    All of it is compared before anything is moved, and the numbers are printed.
    """
    from hub.app.backup.places import Access

    opener = _opener(passphrase_file, identity)
    access = Access(password_file, key_file, host_key, ca_file)
    put_back(file, config, data, opener, access, replace=replace, as_json=as_json)


def put_back(
    file: str,
    config: Path,
    data: Path,
    opener: Opener,
    access: Access,
    *,
    replace: bool = False,
    as_json: bool = False,
) -> None:
    """Put a backup back, from a file or an address, and say what was compared."""
    from hub.app.backup.places import fetched
    from hub.app.backup.restore import refuse_full, restore_backup
    from hub.domain.places import is_place

    aside = f"{clock_from_environment().now():.replaced-%Y%m%dT%H%M%SZ}" if replace else ""
    if is_place(file):
        if not replace:
            refuse_full(config, data)
        with fetched(file, data, access) as brought:
            done = restore_backup(brought, config, data, opener, aside=aside)
    else:
        done = restore_backup(Path(file), config, data, opener, aside=aside)
    if as_json:
        told = {"log_faults": done.faults, **_told(done.manifest)}
        print_json({**told, "aside": [str(one) for one in done.aside]})
        return
    say("Put back, each as it was backed up:")
    _say_counts(done.manifest)
    _say_faults(done.faults)
    for folder in done.aside:
        say(f"What was there before is in {shown(folder)}.")
    say(
        f"{done.manifest.household} as of {done.manifest.made_at}: "
        f"{len(done.manifest.files)} files compared and put back; "
        f"run it with --config {shown(config)} --data {shown(data)}"
    )
    say("Run it in one place only: two hubs with one identity would each act for the household.")


def _settings(config: Path) -> Settings:
    from hub.app.config import ConfigError, read_config

    try:
        return read_config(config).checked()
    except ConfigError as error:
        raise Refused(str(error.problems[0]) if error.problems else str(error), 2) from None


def _elsewhere(config: Path, settings: Settings) -> list[str]:
    """Return the files that the configuration names and that are not in its folder."""
    mqtt = settings.mqtt
    named = (
        settings.beckn.registry,
        settings.sell.catalog,
        mqtt.ca_file,
        mqtt.cert_file,
        mqtt.key_file,
    )
    root = config.resolve()
    return [str(file) for file in named if file and not file.resolve().is_relative_to(root)]


def _lock(
    passphrase_file: Path | None, recipient: str, settings: BackupSettings, data: Path
) -> Lock:
    from hub.app.backup.agefile import Lock, read_passphrase
    from hub.app.recovery.root import printed_recipient
    from hub.app.sheets import held_recipient

    if passphrase_file is None and not recipient:
        passphrase_file, recipient = settings.passphrase_file, settings.recipient or ""
    if passphrase_file is None and not recipient:
        recipient = printed_recipient(data / "secrets") or held_recipient(data)
    if passphrase_file is None and not recipient:
        raise Refused(
            "expected --passphrase-file or --recipient (one of them); or print the words that "
            "open backups first: `identity words`",
            2,
        )
    if passphrase_file is not None and recipient:
        raise Refused("expected --passphrase-file or --recipient (one of them)", 2)
    if passphrase_file is None:
        return Lock(recipient=recipient)
    return Lock(passphrase=read_passphrase(passphrase_file))


def _opener(passphrase_file: Path | None, identity: Path | None) -> Opener:
    from hub.app.backup.agefile import Opener, read_identities, read_passphrase

    if passphrase_file is not None and identity is None:
        return Opener(passphrase=read_passphrase(passphrase_file))
    if identity is not None and passphrase_file is None:
        return Opener(identities=read_identities(identity))
    if identity is None and sys.stdin.isatty():
        return Opener(passphrase=typer.prompt("Passphrase", hide_input=True))
    raise Refused("expected --passphrase-file or --identity (one of them)", 2)


def _access(
    password_file: Path | None,
    key_file: Path | None,
    host_key: str,
    ca_file: Path | None,
    settings: BackupSettings,
) -> Access:
    from hub.app.backup.places import Access

    return Access(
        password_file or settings.password_file,
        key_file or settings.key_file,
        host_key or settings.host_key,
        ca_file or settings.ca_file,
    )


def _told(manifest: Manifest) -> dict[str, Any]:
    return {
        "household": manifest.household,
        "made_at": manifest.made_at,
        "files": len(manifest.files),
        "counts": dict(manifest.counts),
        "log": dict(manifest.log),
    }


def _say_counts(manifest: Manifest) -> None:
    for name, number in manifest.counts.items():
        if number:
            say(f"{number:>8} {name}")


def _say_faults(faults: int) -> None:
    if faults:
        say(f"The log had {faults} faults when this was backed up; `ledger verify` names them.")
