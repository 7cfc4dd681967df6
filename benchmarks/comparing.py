"""Comparing 20 providers' catalogues of 5,000 items for a basket of 15, in a process of its own.

Catalogues are version 2.0.0's JSON, taken in one after the other as callbacks bring them. What is
held against the target is the comparing itself: finding each want, weighing the offers, planning
a split. Reading the JSON to the neutral model is noted beside it, and so is the memory of both.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from time import process_time

import orjson

from benchmarks.harness import Bench, BenchError, memory_mib
from benchmarks.results import Result
from hub.domain.choosing import Offer, rank
from hub.domain.matching import Match, match
from hub.domain.money import Money, money
from hub.domain.orders import Catalog, CatalogItem, Want
from hub.domain.splitting import plan
from integrations.beckn.grocery import read_catalog, write_catalog
from integrations.beckn.reading import Node

PROVIDERS, ITEMS = 20, 5_000
_BASKET = (
    "milk", "eggs", "butter", "bread", "rice", "oats", "flour", "sugar", "coffee", "tea", "apples",
    "tomatoes", "potatoes", "pasta", "salt",
)  # fmt: skip
_OTHERS = (
    "cheese", "yoghurt", "ham", "oil", "vinegar", "pepper", "soap", "shampoo", "water", "juice",
    "wine", "beer", "pear", "plum", "onion", "garlic", "carrot", "leek", "cream", "jam", "honey",
    "nuts", "crisps", "chocolate", "biscuits", "paper", "napkins", "foil", "bags",
)  # fmt: skip
_KINDS = ("organic", "fresh", "family", "classic", "mild", "dark", "crème", "alpine", "free-range")


def _catalog(number: int) -> Catalog:
    chance = random.Random(number)
    items = []
    for count in range(ITEMS):
        # One in ten is named like something of the basket.
        name = chance.choice(_BASKET if count % 10 == 0 else _OTHERS)
        full = f"{chance.choice(_KINDS).title()} {name} no {count}"
        price = money(Decimal(chance.randint(50, 900)) / 100, "EUR")
        gtin = f"40{number:03}{count:08}"
        items.append(CatalogItem(f"item-{count}", full, price, Decimal(1), "pc", gtin, 50))
    return Catalog(f"shop-{number}", f"Shop {number}", tuple(items))


def _wants() -> list[Want]:
    return [
        Want(name, name.title(), Decimal(2), "pc", words=(f"fresh {name}",)) for name in _BASKET
    ]


def _offer(catalog: Catalog, found: Match) -> Offer:
    total = sum((line.price.amount * line.count for line in found.lines), Decimal("3.50"))
    return Offer(catalog.provider_id, catalog.provider_name, found.lines, Money(total, "EUR"))


def compare(folder: Path) -> dict[str, float]:
    """Read and compare the catalogues in a folder; return CPU seconds and MiB."""
    wants = _wants()
    before = memory_mib(os.getpid())
    reading = comparing = 0.0
    offers = []
    for file in sorted(folder.glob("*.json")):
        began = process_time()
        catalog = read_catalog(Node(orjson.loads(file.read_bytes()), "catalog"))
        read = process_time()
        offers.append(_offer(catalog, match(wants, catalog)))
        comparing += process_time() - read
        reading += read - began
        del catalog
    began = process_time()
    best = rank(offers, wants, currency="EUR")[0]
    plan(offers, wants, saving=money("1", "EUR"), currency="EUR")
    comparing += process_time() - began
    if len(offers) != PROVIDERS or not best.coverage.whole:
        raise AssertionError("the offers made here bring all of the basket")
    return {
        "reading": reading,
        "comparing": comparing,
        "mib": memory_mib(os.getpid(), "VmHWM") - before,
    }


def measure(bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Compare ``PROVIDERS`` catalogues; quick or not, it is the same."""
    folder = bench.folder / "catalogues"
    folder.mkdir()
    for number in range(PROVIDERS):
        written = write_catalog(_catalog(number), f"shop-{number}.example", "http://127.0.0.1:9")
        (folder / f"{number:02}.json").write_bytes(orjson.dumps(written))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.comparing", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise BenchError(f"comparing failed: {done.stderr[-500:]}")
    found = json.loads(done.stdout)
    what = f"{PROVIDERS} × {ITEMS:,} items"
    figures = f"a basket of {len(_BASKET)}; reading their JSON {found['reading']:.2f} s besides"
    yield Result(f"comparing {what}, CPU", found["comparing"], " s", figures, target=1)
    yield Result(
        f"comparing {what}, memory", found["mib"], " MiB", "with their JSON read", target=60
    )


if __name__ == "__main__":
    print(json.dumps(compare(Path(sys.argv[1]))))
