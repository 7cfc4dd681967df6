"""The least there can be between a message and a phone: a paho callback that posts it, undurable.

Arguments: broker port, topic filter, receiver port.
"""

import http.client
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

port, topic, receiver = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
phone = http.client.HTTPConnection("127.0.0.1", receiver)


def received(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
    """Post the payload as it is."""
    phone.request("POST", "/echo", message.payload)
    phone.getresponse().read()


client = mqtt.Client(CallbackAPIVersion.VERSION2, "echo", protocol=mqtt.MQTTv5)
client.on_message = received
client.on_connect = lambda c, *_: c.subscribe(topic, qos=1)
client.on_subscribe = lambda *_: print("ready", flush=True)
client.connect("127.0.0.1", port)
client.loop_forever()
