"""``identity lock`` and ``identity unlock``: the household's keys, encrypted and in clear again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import DEFAULT_DATA, DataFolder, Refused, say

LOCK_EXAMPLES = (
    "[bold]run_hub.py identity lock[/bold]: asks for a passphrase, twice\n\n"
    "[bold]run_hub.py identity lock --passphrase-file FILE[/bold]: for a start without a person\n\n"
    "[bold]run_hub.py identity lock --change[/bold]: another passphrase"
)
UNLOCK_EXAMPLES = (
    "[bold]run_hub.py identity unlock[/bold]\n\n"
    "[bold]run_hub.py identity unlock --words[/bold]: where the passphrase was forgotten"
)


def lock(
    data: DataFolder = DEFAULT_DATA,
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", help="Its first line is the new passphrase."),
    ] = None,
    change: Annotated[
        bool, typer.Option("--change", help="Locked already: set another passphrase.")
    ] = False,
    without_words: Annotated[
        bool,
        typer.Option(
            "--without-words",
            help="Though the recovery words were never printed: who forgets the passphrase then "
            "loses the keys.",
        ),
    ] = False,
) -> None:
    """Encrypt the household's private files on the disk. The hub must not run meanwhile.

    From then on `run` needs the passphrase: on the terminal, in the file that
    COMMONHEARTH_PASSPHRASE_FILE names, or as systemd's credential commonhearth.passphrase. A
    locking that was interrupted is finished.
    """
    from hub.app.recovery.household import household
    from hub.app.sheets import held_recipient
    from hub.keyfiles.convert import change_passphrase, lock_all, lock_path
    from hub.store.database import lock_folder

    locked = lock_path(data).exists()
    if change and not locked:
        raise Refused(f"{data}: the keys are not locked yet; leave --change out", 2)
    if not locked:
        # Said before anybody has thought of a passphrase.
        root = household(data).root
        if root.printed is None and not without_words and not held_recipient(data):
            raise Refused(
                "print the recovery words first (`identity words`): they alone open the keys of "
                "who forgets the passphrase; or say --without-words"
            )
    with lock_folder(data):
        if change:
            change_passphrase(data, _new_passphrase(passphrase_file, change=True))
            say("The keys open by the new passphrase now; backups made before, by the old one.")
            return
        if locked:
            count = lock_all(data, "", "")
        else:
            new = _new_passphrase(passphrase_file)
            count = lock_all(data, new, root.age_recipient)
    say(f"{count} files were locked." if count else "All of them are locked already.")
    say("The recovery words open them too. What the disk held in clear before may be found on it.")


def unlock(
    data: DataFolder = DEFAULT_DATA,
    words: Annotated[
        bool, typer.Option("--words", help="Open them by the recovery words.")
    ] = False,
) -> None:
    """Decrypt the household's private files again. The hub must not run meanwhile.

    The passphrase is asked for, or comes as `run` takes it; the words as `recover` does.
    """
    from hub.cli.identity import typed_words
    from hub.keyfiles.convert import lock_path, unlock_all
    from hub.keyfiles.lock import by_words, read_lock
    from hub.store.database import lock_folder

    path = lock_path(data)
    if not path.exists():
        raise Refused(f"{data}: the keys are not locked")
    with lock_folder(data):
        if words:
            by_words(path, read_lock(path), typed_words().root.age_identity)
        say(f"{unlock_all(data)} files were unlocked: whoever has the disk has the keys.")


def _new_passphrase(file: Path | None, *, change: bool = False) -> str:
    from hub.keyfiles.passphrase import ask, check_new, from_file, given

    if file is not None:
        return check_new(from_file(file))
    if not change and (found := given()) is not None:
        return check_new(found)
    first = ask("New passphrase")
    if first is None:
        raise Refused("expected --passphrase-file FILE, or a terminal to ask on", 2)
    check_new(first)
    if ask("The same once more") != first:
        raise Refused("the two are not the same; nothing was changed")
    return first
