"""Where tenants may send us: no way into a network of our own, however it is written."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.outside.address import faults, forbidden

REFUSED = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "100.64.0.1",
    "192.0.0.192",
    "168.63.129.16",
    "198.18.0.1",
    "192.0.2.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "192.88.99.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "2001::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "4000::1",
    "8000::1",
]
TAKEN = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "2a01:4f8::1",
    "172.15.0.1",
    "172.32.0.1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert forbidden(address)


@pytest.mark.parametrize("address", TAKEN)
def test_what_is_public_is_taken(address: str) -> None:
    assert forbidden(address) is None


@given(st.ip_addresses())
def test_nothing_that_python_calls_not_global_is_taken(address: object) -> None:
    assert ip_address(str(address)).is_global or forbidden(str(address))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_gains_nothing_in_ipv6(address: object) -> None:
    for form in ("::{}", "::ffff:{}", "64:ff9b::{}"):
        assert forbidden(form.format(address))


GOOD = [
    "https://erp.example.com/hooks",
    "https://erp.example.com",
    "https://erp.example.com:8443/a?b=c",
    "https://1.1.1.1/",
    "https://[2606:4700:4700::1111]/",
    "https://å.example/",
    "https://e.com:443/",
    "https://_x.example.com./",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_plain_https_address_is_taken(url: str) -> None:
    assert faults(url, allow_http=False, allow_private=False) == []


BAD = {
    "": "must be an absolute https URL",
    "erp.example.com": "must be an absolute https URL",
    "//erp.example.com/": "must be an absolute https URL",
    "/hooks": "must be an absolute https URL",
    "ftp://erp.example.com/": "must be an absolute https URL",
    "file:///etc/passwd": "must be an absolute https URL",
    "https://": "must be an absolute https URL",
    "http://erp.example.com/": "must begin with https://",
    "https://name:word@erp.example.com/": "must not hold a name or a password",
    "https://name@erp.example.com/": "must not hold a name or a password",
    "https://:@erp.example.com/": "must not hold a name or a password",
    "https://erp.example.com/#part": "must not have a fragment (#)",
    "https://erp.example.com:25/": "must have port 443, or one above 1023",
    "https://erp.example.com:0/": "must have port 443, or one above 1023",
    "https://erp.example.com:80/": "must have port 443, or one above 1023",
    "https://erp.example.com:99999/": "is not a URL",
    "https://[::1": "is not a URL",
    "https://erp example.com/": "holds white space or control characters",
    "https://erp.example.com/\r\nX: y": "holds white space or control characters",
    "https://erp..example.com/": "has a host that is neither a name nor an address",
    "https://" + "a" * 64 + ".example/": "has a host that is neither a name nor an address",
    "https://127.0.0.1/": "leads to the machine itself; it must be a public address",
    "https://①②⑦.0.0.1/": "leads to the machine itself; it must be a public address",
    "https://169.254.169.254/latest/meta-data/": "leads to a link-local network; it must be a"
    " public address",
    "https://[fe80::1%25eth0]/": "leads to a link-local network; it must be a public address",
    "https://[::ffff:a00:1]/": "leads to an IPv4 address in IPv6; it must be a public address",
    "https://erp.example.com/" + "x" * 2000: "is longer than 2000 characters",
}


@pytest.mark.parametrize("url", BAD)
def test_what_is_wrong_is_told(url: str) -> None:
    assert faults(url, allow_http=False, allow_private=False) == [BAD[url]]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = faults("http://a:b@10.0.0.1:22/#x", allow_http=False, allow_private=False)
    assert len(found) == 5


def test_a_closed_network_may_allow_what_is_not_public() -> None:
    assert faults("http://127.0.0.1:8080/x", allow_http=True, allow_private=True) == []
    assert faults("http://localhost:80/", allow_http=True, allow_private=True) == []


@given(st.text(max_size=100))
def test_no_text_makes_it_stumble(text: str) -> None:
    for url in (text, f"https://{text}", f"https://example.com:{text}"):
        faults(url, allow_http=True, allow_private=False)
