"""What makers are given: schemas that are current and right, examples that work."""

import json
import queue
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from devices.book import DeviceBook
from devices.cap import CapNotices
from devices.native import Native
from devices.native_models import MODELS
from devices.simulators.link import connect
from hub.domain.observations import Rejected
from tests.support.mosquitto import start_mosquitto

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
PAGE = (ROOT / "docs" / "for-device-makers.md").read_text()
COMMANDS = re.findall(r"^mosquitto_pub .*$", PAGE, re.MULTILINE)


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def test_the_generated_files_are_current():
    command = [sys.executable, ROOT / "script" / "schemas.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", [*(f"native-{kind}" for kind in MODELS), "pantry", "devices"])
def test_schemas_are_schemas_and_hold_for_their_examples(name):
    one = schema(name)
    Draft202012Validator.check_schema(one)
    assert "Apache-2.0" in one["$comment"]
    for example in one.get("examples", []):
        Draft202012Validator(one).validate(example)
        if name.startswith("native-"):
            topic = f"commonhearth/v1/x/{name.removeprefix('native-')}"
            decoded = Native().decode(topic, json.dumps(example).encode(), datetime.now(UTC))
            assert not any(isinstance(item, Rejected) for item in decoded.items)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("native-stock", {"item": "rice", "quantity": -1}),
        ("native-stock", {"item": "rice", "quantity": 1, "units": "kg"}),
        ("native-scan", {"count": 1}),
        ("native-state", {"Temp": 1}),
        ("native-state", {"temp": {}}),
        ("native-door", {"open": "yes"}),
    ],
)
def test_schemas_refuse_what_the_hub_refuses(name, bad):
    assert not Draft202012Validator(schema(name)).is_valid(bad)


def test_the_household_files_hold_by_their_schemas():
    for name in ("pantry", "devices"):
        value = YAML(typ="safe").load((ROOT / "config" / f"{name}.yaml").read_text())
        Draft202012Validator(schema(name)).validate(value)


def test_the_asyncapi_document_refers_to_what_is_there():
    text = (ROOT / "docs" / "asyncapi.yaml").read_text()
    document = YAML(typ="safe").load(text)
    assert document["asyncapi"].startswith("3.")
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {f"commonhearth/v1/{{device}}/{kind}" for kind in MODELS}
    files = re.findall(r"\$ref: (schemas/\S+)", text)
    assert len(files) == len(MODELS)
    assert all((ROOT / "docs" / file).is_file() for file in files)


def test_every_example_command_works(tmp_path):
    book = DeviceBook([Native(), CapNotices(["notices/#"])])
    with start_mosquitto(tmp_path) as broker:
        messages, granted = queue.Queue(), queue.Queue()
        client = connect(broker.url)
        client.on_message = lambda _client, _data, message: messages.put(message)
        client.on_subscribe = lambda *_: granted.put(True)
        client.subscribe("#", 1)
        granted.get(timeout=20)
        for command in COMMANDS:
            words = shlex.split(command)
            subprocess.run([*words, "-p", str(broker.port)], check=True, timeout=20)
            message = messages.get(timeout=20)
            decoded = book.decode(message.topic, message.payload, datetime.now(UTC))
            assert decoded.items, command
            assert not any(isinstance(item, Rejected) for item in decoded.items), command
        client.disconnect()
        client.loop_stop()
    assert len(COMMANDS) >= 9
