"""Secrets stay out of logs: a hub with canaries for secrets is played, and fails, at debug."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

from tests.support.hubprocess import HubProcess, run_cli, until
from tests.support.mosquitto import start_mosquitto
from tests.support.mqtt import publish
from tests.support.phone import Phone, tap

PASSWORD, NTFY_TOKEN, APPRISE = "mqtt-canary-81c2", "tk_canary5b1e0f", "apprise-canary-77"
ASSISTANT, GROCY, CALENDAR = "ha-canary-9d27", "grocy-canary-31ee", "calendar-canary-5c"
NOWHERE = "http://127.0.0.1:9"
"""Nobody is there: what cannot be reached is written about."""
AGREE = {
    "id": "together",
    "name": "Together",
    "when": {"stock_below_par": {"item": "milk"}},
    "propose": {"kind": "social_meal", "title": "Eat together", "message": "Shall we?"},
    "quiet_hours": "off",
}


def test_no_secret_is_ever_written_to_a_log(tmp_path: Path) -> None:
    with (
        Phone() as phone,
        start_mosquitto(tmp_path, username="hub", password=PASSWORD) as broker,
    ):
        files = {}
        for name, secret in (("grocy", GROCY), ("calendar", CALENDAR)):
            files[name] = tmp_path / f"{name}.key"
            files[name].write_text(secret)
            files[name].chmod(0o600)
        hub = HubProcess(
            tmp_path / "home",
            settings={
                "log": {"level": "debug"},
                "homeassistant": {"url": NOWHERE, "token": ASSISTANT},
                "grocy": {"url": NOWHERE, "key_file": str(files["grocy"])},
                "calendars": [
                    {"name": "one", "url": f"{NOWHERE}/{CALENDAR}.ics", "local": True},
                    {
                        "name": "two",
                        "url": NOWHERE,
                        "kind": "caldav",
                        "username": "ada",
                        "password_file": str(files["calendar"]),
                        "local": True,
                    },
                ],
                "mqtt": {"url": broker.url, "username": "hub", "password": PASSWORD},
                "members": [
                    {"id": "ada", "name": "Ada", "ntfy": {"url": phone.url, "token": NTFY_TOKEN}},
                    {"id": "ben", "name": "Ben", "apprise": [f"json://u:{APPRISE}@127.0.0.1:9"]},
                ],
            },
            rules=[AGREE],
        )
        known = {"the broker's password": PASSWORD, "ntfy's token": NTFY_TOKEN, "apprise": APPRISE}
        known |= {"Home Assistant's token": ASSISTANT, "Grocy's key": GROCY, "calendar": CALENDAR}
        hub.scopes = ("read", "decide", "access")
        with hub:
            hub.wait_connected()
            known["a sign-in code"] = code = hub.code()
            known["the API token"] = hub.token
            known["the session's cookie"] = sign_in(hub, code)
            made = hub.call("POST", "/api/v1/members/ada/calendar-address", {"member": "ada"})
            known["the agenda's address"] = made["url"].rpartition("/")[2].removesuffix(".ics")
            urllib.request.urlopen(made["url"], timeout=20).read()
            publish(
                broker, "commonhearth/v1/scale/stock", b'{"item":"milk","quantity":0.2,"id":"a"}'
            )
            asked = phone.wait(lambda shown: shown.buttons)
            known |= {f"the link {label}": link_token(url) for label, url in asked.buttons}
            guess(hub)
            assert tap(asked, "Approve")[0] == 200
            assert tap(asked, "Approve")[0] == 200
            # What fails is what is written about.
            phone.status = 401
            publish(broker, "commonhearth/v1/scale/stock", b'{"item":"milk","quantity":5,"id":"b"}')
            publish(
                broker, "commonhearth/v1/scale/stock", b'{"item":"milk","quantity":0.1,"id":"c"}'
            )
            until(lambda: "ntfy" in hub.log.read_text(), hub.words)
            mistakes(hub)
            broker.kill()
            until(lambda: not hub.health()["mqtt_connected"], hub.words)
        known |= dict(kept(hub.data))
        run_cli("backup", "--config", hub.config, "--data", hub.data, "--to", tmp_path / "x.age")
    written = hub.log.read_text(errors="replace")
    assert "Home Assistant" in written
    assert '"level": "debug"' in written
    own = {"household.key", "ledger.key", "beckn-key.json: signing_private_key", "ntfy.json: ada"}
    own.add("recovery.json: root")
    assert own < set(known), known.keys()
    assert {name for name, secret in known.items() if secret in written} == set()


def test_the_managed_brokers_passwords_stay_out_too(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "home", settings={"log": {"level": "debug"}})
    with hub:
        hub.wait_connected()
        login = hub.call("POST", "/api/v1/device-logins", {"member": "ada", "name": "shelf"})
        pairing = hub.call("POST", "/api/v1/pairings", {"member": "ada"})
    written = hub.log.read_text(errors="replace")
    secrets = dict(kept(hub.data))
    secrets |= {"a login": login["password"], "a pairing's code": pairing["code"]}
    assert {"credentials.json: home", "credentials.json: commonhearth"} < set(secrets)
    assert {name for name, secret in secrets.items() if secret in written} == set()
    logs = [file for file in hub.data.rglob("*.log") if file.is_file()]
    assert [one for one in logs for secret in secrets.values() if secret in one.read_text()] == []


def kept(data: Path) -> Iterator[tuple[str, str]]:
    """Yield each secret the data folder keeps, by where it is."""
    for file in [*(data / "secrets").iterdir(), *data.glob("broker/credentials.json")]:
        text = file.read_text()
        if file.name == "household.key":
            yield file.name, text.strip()
        elif file.name == "ledger.key":
            # PRIVATE+KEY+<name>+<id>+<base64>, and there may be a + in that, too.
            yield file.name, text.split("\n")[0].split("+", 4)[4]
        elif file.suffix == ".json":
            for name, value in json.loads(text).items():
                if isinstance(value, str) and re.search("private|root|ada|home|commonhearth", name):
                    yield f"{file.name}: {name}", value
        elif "PRIVATE KEY" in text:
            yield file.name, text.split("\n")[1]


def link_token(url: str) -> str:
    """Return the part of an action link that acts."""
    return url.rpartition("/")[2]


def sign_in(hub: HubProcess, code: str) -> str:
    """Sign in as a browser does, and return the cookie's secret."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(f"{hub.url}/sign-in?code={code}").read().decode()
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    fields = urllib.parse.urlencode({"csrf": csrf[1], "code": code}).encode()
    browser.open(f"{hub.url}/sign-in", fields).read()
    (secret,) = [one.value for one in jar if one.value and one.path == "/"]
    return secret


def guess(hub: HubProcess) -> None:
    """Try doors with nearly right keys: what is refused must not be repeated either."""
    for path, headers in (
        ("/api/v1/pantry", {"Authorization": f"Bearer {hub.token}x"}),
        (f"/a/{hub.token}", {}),
        (f"/sign-in?code={hub.token}", {}),
        ("/", {"Cookie": f"hearth={hub.token}"}),
    ):
        try:
            urllib.request.urlopen(
                urllib.request.Request(hub.url + path, headers=headers), timeout=20
            ).read()
        except urllib.error.HTTPError as error:
            error.read()


def mistakes(hub: HubProcess) -> None:
    """Have hub.yaml read again with mistakes beside its secrets: they are told, the secrets not."""
    file = hub.config / "hub.yaml"
    settings = json.loads(file.read_text())
    settings["mqtt"]["password"] = [PASSWORD]
    settings["members"][0]["ntfy"]["token"] = {"x": NTFY_TOKEN}
    settings["members"][1]["apprise"] = [{"url": APPRISE}]
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(settings, indent=1))
    draft.replace(file)
    until(lambda: "hub.yaml:" in hub.log.read_text(), hub.words)
