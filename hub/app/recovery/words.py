"""Recovery words: the secret as words that can be written down, whole or in shares (SLIP-39).

What is wrong with typed words is told by the number of the word. The words themselves are shown to
the person at the terminal and go nowhere else.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import field

from hub.app.recovery.root import ROOT_BYTES, Root
from hub.domain.values import dataclass

MOST_SHARES = 16
_VERSION = 1
_ALONE = 1
_PAYLOAD = 2 + ROOT_BYTES
_NO_LETTERS = re.compile(r"[^a-z]+")
SHEET_WORDS = 35
"""Words on a sheet: 7 of SLIP-39's own and 10 bits of the secret in each of the others."""


class WordsError(Exception):
    """Words that cannot be what was printed; one line that names the word by its number."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What words stand for. ``alone``: the household's keys come of it, also without a backup."""

    root: Root
    alone: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """The words of one sheet. It is one of a set, ``needed`` of which are the secret."""

    words: tuple[str, ...] = field(repr=False)
    set_name: tuple[int, ...]
    number: int
    needed: int


def make_sheets(root: Root, *, alone: bool, shares: int = 1, threshold: int = 1) -> list[Sheet]:
    """Return sheets of which any ``threshold`` give the secret back; fewer tell nothing of it.

    Each call makes another set; sheets of two sets do not go together. WordsError: the numbers.
    """
    from shamir_mnemonic import generate_mnemonics

    if not 1 <= threshold <= shares <= MOST_SHARES or (threshold == 1 and shares > 1):
        raise WordsError(
            f"expected 2 to {MOST_SHARES} shares, and a threshold of 2 or more that is not above "
            "them"
        )
    payload = bytes((_VERSION, _ALONE if alone else 0)) + root.secret
    (made,) = generate_mnemonics(1, [(threshold, shares)], payload, iteration_exponent=0)
    return [read_sheet(words) for words in made]


def split(text: str) -> list[str]:
    """Return the words of what was typed: numbers, commas and line ends do not matter."""
    return [word for word in _NO_LETTERS.split(text.lower()) if word]


def read_sheet(text: str) -> Sheet:
    """Return the sheet that was typed. WordsError names the word that is wrong."""
    from shamir_mnemonic.share import Share
    from shamir_mnemonic.utils import MnemonicError
    from shamir_mnemonic.wordlist import WORD_INDEX_MAP

    words = split(text)
    for number, word in enumerate(words, 1):
        if word not in WORD_INDEX_MAP:
            raise WordsError(f"word {number}, {word[:20]!r}, is none of the list{_near(word)}")
    if len(words) != SHEET_WORDS:
        raise WordsError(f"there are {len(words)} words; expected the {SHEET_WORDS} of a sheet")
    indices = [WORD_INDEX_MAP[word] for word in words]
    if not _fits(indices):
        raise WordsError(_fault(indices))
    try:
        share = Share.from_mnemonic(" ".join(words))
    except MnemonicError:
        raise WordsError("the words fit together, but are of no sheet of ours") from None
    if share.group_count != 1:
        raise WordsError("the words are of a set in groups, which is none of ours")
    return Sheet(
        tuple(words),
        (share.identifier, share.iteration_exponent, share.member_threshold),
        share.index + 1,
        share.member_threshold,
    )


def fitting(sheet: Sheet, others: Sequence[Sheet]) -> None:
    """Return when a sheet goes with those typed before it; WordsError otherwise."""
    if any(sheet.set_name != one.set_name for one in others):
        raise WordsError("this sheet is of another set than the one before it")
    if any(sheet.number == one.number for one in others):
        raise WordsError("this is a sheet that was typed already")


def combine(sheets: Iterable[Sheet]) -> Recovered:
    """Return what sheets stand for. WordsError when they are too few, or of none of ours."""
    from shamir_mnemonic import combine_mnemonics
    from shamir_mnemonic.utils import MnemonicError

    given = list(sheets)
    if not given or len(given) < given[0].needed:
        needed = given[0].needed if given else 1
        raise WordsError(f"{len(given)} sheets were typed; {needed} are needed")
    taken = given[: given[0].needed]
    try:
        payload = combine_mnemonics([" ".join(one.words) for one in taken])
    except MnemonicError:
        raise WordsError("the sheets do not go together: they are of different sets") from None
    if len(payload) != _PAYLOAD or payload[0] != _VERSION:
        raise WordsError("the words are right, but not of this hub; they may be of a newer one")
    return Recovered(Root(payload[2:]), bool(payload[1] & _ALONE))


def _near(word: str) -> str:
    from shamir_mnemonic.wordlist import WORDLIST

    # The first four letters tell the words of the list apart.
    begun = [one for one in WORDLIST if len(word) >= 4 and one[:4] == word[:4]]
    close = begun or difflib.get_close_matches(word, WORDLIST, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _fits(indices: Sequence[int]) -> bool:
    from shamir_mnemonic import rs1024

    # SLIP-39: "shamir_extendable" where the fifth bit from the end of the second word is set.
    extendable = indices[1] >> 4 & 1
    name = b"shamir_extendable" if extendable else b"shamir"
    return bool(rs1024.verify_checksum(indices, name))


def _fault(indices: list[int]) -> str:
    """Say which word is wrong, where a single change makes the words fit (RS1024's distance)."""
    from shamir_mnemonic.wordlist import WORDLIST

    for at in range(len(indices) - 1):
        swapped = [*indices[:at], indices[at + 1], indices[at], *indices[at + 2 :]]
        if _fits(swapped):
            return f"words {at + 1} and {at + 2} are the wrong way round"
    for at, index in enumerate(indices):
        for other in range(len(WORDLIST)):
            if _fits([*indices[:at], other, *indices[at + 1 :]]):
                return (
                    f"word {at + 1}, {WORDLIST[index]!r}, does not fit the others: is it "
                    f"{WORDLIST[other]!r}?"
                )
    return "two or more words are wrong, each a word of the list; compare them with the sheet"
