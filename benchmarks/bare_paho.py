"""The limit: a bare paho callback that acknowledges and counts, and does nothing else.

Arguments: broker port, topic filter, number of messages. Prints ``ready``, then the monotonic
nanosecond at which the last message came.
"""

import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

port, topic = int(sys.argv[1]), sys.argv[2]
left = iter(range(int(sys.argv[3]) - 1, -1, -1))


def received(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
    """Acknowledge, and say when it was the last."""
    client.ack(message.mid, message.qos)
    if next(left) == 0:
        print(time.monotonic_ns(), flush=True)
        client.disconnect()


client = mqtt.Client(CallbackAPIVersion.VERSION2, "bare", protocol=mqtt.MQTTv5, manual_ack=True)
client.on_message = received
client.on_connect = lambda c, *_: c.subscribe(topic, qos=1)
client.on_subscribe = lambda *_: print("ready", flush=True)
client.connect("127.0.0.1", port)
client.loop_forever()
