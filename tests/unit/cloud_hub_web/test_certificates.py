"""The chain's CA: only a P-256 request signed by its own key gets a certificate, for clients only."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud_hub.domain import certificates as ca
from cloud_hub.domain.enrolment_codes import hash_of, make_text
from cloud_hub.errors import Invalid

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
AUTHORITY = ca.make_authority(ec.generate_private_key(ec.SECP256R1()), "Test CA", 1, NOW)


def request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anything the box likes")])
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


def test_a_client_certificate_is_named_by_the_hub_and_is_for_clients_only() -> None:
    public = ca.read_request(request(KEY))
    certificate = ca.issue_client(AUTHORITY, public, "device-1", 7, NOW)
    assert certificate.subject.rfc4514_string() == "CN=device-1"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    certificate.verify_directly_issued_by(AUTHORITY.certificate)
    assert certificate.not_valid_after_utc == NOW + timedelta(days=90)


def test_a_server_certificate_names_hosts_and_addresses() -> None:
    certificate = ca.issue_server(AUTHORITY, KEY.public_key(), ["hub.example", "127.0.0.1"], 8, NOW)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_requests_with_other_keys_or_broken_ones_are_refused() -> None:
    good = request(KEY)
    for bad in (
        request(rsa.generate_private_key(65537, 2048)),
        request(ec.generate_private_key(ec.SECP384R1())),
        good.replace(good.splitlines()[2][:8], "AAAAAAAA"),
        "-----BEGIN CERTIFICATE REQUEST-----\nnonsense\n-----END CERTIFICATE REQUEST-----",
        "",
    ):
        with pytest.raises(Invalid):
            ca.read_request(bad)


def test_the_revocation_list_names_the_revoked_and_outlives_its_daily_renewal_by_weeks() -> None:
    pem = ca.make_crl(AUTHORITY, [ca.Revoked(7, NOW)], 1, NOW)
    crl = x509.load_pem_x509_crl(pem)
    assert crl.is_signature_valid(AUTHORITY.certificate.public_key())
    assert crl.get_revoked_certificate_by_serial_number(7) is not None
    assert crl.get_revoked_certificate_by_serial_number(8) is None
    assert crl.next_update_utc is not None
    assert crl.next_update_utc - NOW >= timedelta(days=30)


def test_an_enrolment_code_carries_the_authority_and_is_read_whatever_its_case() -> None:
    text = make_text(os.urandom(10), ca.fingerprint(AUTHORITY.certificate))
    assert text.endswith(ca.fingerprint(AUTHORITY.certificate)[:16])
    assert hash_of(text) == hash_of(text.lower()) == hash_of(f" {text} ")


@pytest.mark.parametrize("text", ["", "BK-", "BK-SHORT-0011223344556677", "XX-0123456789ABCDEF-0011223344556677"])
def test_what_is_no_enrolment_code_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        hash_of(text)
