"""``run_hub.py relay`` as it is typed."""

import asyncio
import os
import signal
import subprocess
import sys

from tests.integrations.relay.conftest import ROOT, send

RUN = [sys.executable, str(ROOT / "run_hub.py"), "relay"]


async def test_the_command_relays_and_stops_when_told(broker, registry, tmp_path, homes):
    command = [*RUN, "--mqtt", broker.url, "--registry", str(registry), "--data", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "COMMONHEARTH_RELAY_CODE": "rosebud"},
    )
    try:
        async with asyncio.timeout(30):
            url = ""
            while "connected" not in (line := (await process.stdout.readline()).decode()):
                assert line, (await process.stderr.read()).decode()
                url = line.split()[-1] if "takes messages at" in line else url
        home = homes(url, code="rosebud")
        uri = await home.start()
        assert (await send(uri, b"{}"))[0] == 200
        assert await home.bodies(1) == [b"{}"]
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert process.returncode == 0
    assert b"Unclosed" not in errors


def test_what_is_missing_or_wrong_is_said(registry, tmp_path):
    for arguments, words in (
        (["--mqtt", "mqtt://127.0.0.1:9"], "--registry"),
        (["--mqtt", "http://127.0.0.1", "--registry", str(registry)], "mqtts://host:port"),
        (["--registry", str(registry)], "--mqtt"),
    ):
        done = subprocess.run(
            [*RUN, *arguments, "--data", str(tmp_path)], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
