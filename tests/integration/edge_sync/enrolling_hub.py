"""A hub that only enrols: a real certificate authority behind real HTTP, with used codes refused."""

import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import orjson
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.edge_agent_sync.builders import DEVICE, ORIGIN, SITE, a_certificate, hub_key_hex

PEOPLE_KEY = bytes.fromhex("ab" * 32)


class EnrollingHub:
    """Serves `/api/v1/ca` and what boxes ask below `/api/v1/devices`."""

    def __init__(self, broker_port: int = 1883) -> None:
        self.ca_key = ec.generate_private_key(ec.SECP256R1())
        self.ca = sign_certificate("Backstock test CA", self.ca_key.public_key(), self.ca_key, None)
        self.used: dict[str, str] = {}
        self.codes = [f"BK-{secrets.token_hex(8)}-{self.pin}" for _ in range(3)]
        self.changes: dict[str, object] = {}
        """Lies to be told in the answer."""
        self.days = 90
        self.broker_port = broker_port
        self.broker_tls = False
        self.url = ""

    @property
    def pin(self) -> str:
        return self.ca.fingerprint(hashes.SHA256()).hex()[:16]

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/v1/ca", self._give_ca)
        app.router.add_post("/api/v1/devices/enrol", self._enrol)
        app.router.add_post("/api/v1/devices/renew", self._renew)
        app.router.add_post("/api/v1/devices/local-access", self._local_access)
        return app

    async def _give_ca(self, _: web.Request) -> web.Response:
        return web.Response(text=pem(self.ca))

    async def _enrol(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.used.get(body["code"], body["record_key"]) != body["record_key"]:
            problem = {"code": "code_used", "detail": "this code was used already; ask for a new one"}
            return web.json_response(problem, status=409)
        self.used[body["code"]] = body["record_key"]
        request_ = x509.load_pem_x509_csr(body["csr"].encode())
        client = sign_certificate(DEVICE, request_.public_key(), self.ca_key, self.ca, days=self.days)
        answer = {
            "device_id": DEVICE, "site_id": SITE, "site_name": "Market Street", "origin_id": ORIGIN,
            "certificate": a_certificate(public_key=body["record_key"]), "client_certificate": pem(client),
            "ca": pem(self.ca), "hub_key": hub_key_hex(), "hub_url": self.url,
            "broker": {"host": "127.0.0.1", "port": self.broker_port, "tls": self.broker_tls, "username": DEVICE,
                       "password": None},
        }  # fmt: skip
        return web.Response(body=orjson.dumps({**answer, **self.changes}), status=201)

    async def _renew(self, request: web.Request) -> web.Response:
        asked = x509.load_pem_x509_csr((await request.json())["csr"].encode())
        assert request.headers["Authorization"].startswith("Device ")
        client = sign_certificate(DEVICE, asked.public_key(), self.ca_key, self.ca)
        return web.json_response({"client_certificate": pem(client), "ca": pem(self.ca)})

    async def _local_access(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("Device ")
        made = self.certify((await request.json())["csr"])
        return web.json_response({"certificate": made, "ca": pem(self.ca), "people_key": PEOPLE_KEY.hex()})

    def certify(self, csr: str) -> str:
        """A certificate for all names of a request."""
        asked = x509.load_pem_x509_csr(csr.encode())
        key = asked.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return pem(sign_certificate("box", key, self.ca_key, self.ca, names=names))


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def sign_certificate(
    name: str, key: ec.EllipticCurvePublicKey, ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate | None,
    *, days: int = 90, names: x509.SubjectAlternativeName | None = None,
) -> x509.Certificate:  # fmt: skip
    """A certificate of this authority (its own when `ca` is None), also for a server on 127.0.0.1."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject if ca else subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(names or x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
