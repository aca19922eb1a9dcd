"""paho's Client as this protocol wants it: made for one connection, and hung up without a word."""

import contextlib

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties

from sync_protocol.transport.address import BrokerAddress, tls_context

CONNECT_TIMEOUT_S = 10.0


def make_client(address: BrokerAddress, client_id: str, will: tuple[str, bytes] | None) -> paho.Client:
    """A client that never connects by itself and holds nothing back."""
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False
    )
    client.max_inflight_messages_set(0)
    client.connect_timeout = CONNECT_TIMEOUT_S
    if address.username is not None:
        client.username_pw_set(address.username, address.password)
    if will is not None:
        client.will_set(will[0], will[1], qos=1, retain=True)
    if address.tls:
        client.tls_set_context(tls_context(address))
    return client


def properties_of(packet: int) -> Properties:
    """Empty properties of a packet of this type."""
    return Properties(packet)  # type: ignore[no-untyped-call]


def hang_up(client: paho.Client) -> None:
    """Close the socket without another word; paho's own ways out can wait for ever."""
    client.on_socket_close = client.on_socket_register_write = client.on_socket_unregister_write = None
    client.on_disconnect = None
    sock = client.socket()
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.close()
