"""Whether two names mean the same thing: case, accents, plurals and scripts without spaces."""

from __future__ import annotations

import re
import unicodedata

from hub.domain.sizes import UNITS

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d+")
_AMOUNT = re.compile(r"\d+[a-z]{0,3}")

CHANGING = frozenset(
    (
        "oat", "soy", "soya", "almond", "hazelnut", "cashew", "coconut", "rice", "plant", "vegan",
        "alternative", "imitation", "replacement", "substitute",
        "chocolate", "biscuit", "cake", "cookie", "cracker", "crisp", "sauce", "shake", "soup",
        "sweet", "condensed", "powder", "powdered", "flavour", "flavor", "flavoured", "flavored",
        "body", "cat", "dog", "pet", "shampoo", "soap",
    )
)  # fmt: skip
"""Words that make another thing of what they stand beside: oat milk is not what a cow gives, and
milk chocolate is no milk at all. A household that means such a thing says so, in ``words``."""

_CHANGING_WITHIN = ("巧克力", "饼干", "蛋糕", "面包", "糖", "粉", "味")
"""The same in Chinese, where words are not set apart: chocolate, biscuit, cake, bread, sweets,
powder, flavoured."""


def folded(text: str) -> str:
    """Fold case, width and accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def words_of(text: str) -> frozenset[str]:
    """Return what identifies a thing in its name: not the amounts that packs carry (``1 l``)."""
    words = _WORD.findall(folded(text))
    return frozenset(
        singular(word) for word in words if word not in UNITS and not _AMOUNT.fullmatch(word)
    )


def numbers_of(text: str) -> frozenset[str]:
    """Return the numbers in a name: 3 and 5 of ``Milk 3.5 %``."""
    return frozenset(_NUMBER.findall(folded(text)))


def singular(word: str) -> str:
    """Return a simple English plural's singular; other words as they are."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("oes", "ses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


class Term:
    """Something that is looked for by name, prepared once for many names.

    ``keys`` are all in the folded form of every name that the term fits: a cheap first look.
    """

    __slots__ = ("_folded", "_spaceless", "_words", "keys")

    def __init__(self, text: str) -> None:
        self._words = words_of(text)
        self._folded = folded(text).strip()
        self._spaceless = not self._folded.isascii()
        # "berry" is found in "berries" by what both begin with.
        self.keys = frozenset(
            word[:-1] if word.endswith("y") and len(word) > 1 else word for word in self._words
        )

    def fit(self, name: str, words: frozenset[str] | None = None) -> int | None:
        """Return 1 where the name says just this, 2 where it says more, None for another thing.

        ``words`` are the name's own (``words_of``), where they are known already.
        """
        offered = words_of(name) if words is None else words
        if not self._words:
            return None
        if self._words <= offered:
            return 1 if self._words == offered else 2
        if self._spaceless and self._folded in folded(name):
            return 1 if self._folded == folded(name).strip() else 2
        return None

    def changed(self, name: str, words: frozenset[str]) -> bool:
        """Tell whether a name that fits has a word that makes something else of it."""
        if (words - self._words) & CHANGING:
            return True
        return self._spaceless and any(
            part in name and part not in self._folded for part in _CHANGING_WITHIN
        )

    def same_script(self, other: Term) -> bool:
        """Tell whether both are written with Latin letters, or both are not."""
        return self._spaceless == other._spaceless


def named(term: str, name: str) -> bool:
    """Tell whether something called ``name`` may be meant by ``term``.

    All of the term's words must be there, whatever their case, accents and simple plural. Scripts
    that write without spaces need only contain the term.
    """
    return Term(term).fit(name) is not None
