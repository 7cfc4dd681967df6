"""The control: what 30 lines can do durably. One hard-coded rule, SQLite FULL, manual ack.

Arguments: broker port, topic filter, receiver port, database file.
"""

import http.client
import json
import sqlite3
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

port, topic, receiver, file = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
phone = http.client.HTTPConnection("127.0.0.1", receiver)
db = sqlite3.connect(file, isolation_level=None)
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=FULL")
db.execute("CREATE TABLE IF NOT EXISTS reading (id INTEGER PRIMARY KEY, topic TEXT, body TEXT)")


def received(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
    """Commit, notify when the rule holds, acknowledge."""
    reading = json.loads(message.payload)
    db.execute("INSERT INTO reading (topic, body) VALUES (?, ?)", (message.topic, message.payload))
    if reading["event_type"] == "pressed":
        note = {"topic": "control", "title": "Button", "message": f"pressed {reading['n']}"}
        phone.request("POST", "/", json.dumps(note), {"Content-Type": "application/json"})
        phone.getresponse().read()
    client.ack(message.mid, message.qos)


client = mqtt.Client(CallbackAPIVersion.VERSION2, "control", manual_ack=True, protocol=mqtt.MQTTv5)
client.on_message = received
client.on_connect = lambda c, *_: c.subscribe(topic, qos=1)
client.on_subscribe = lambda *_: print("ready", flush=True)
client.connect("127.0.0.1", port)
client.loop_forever()
