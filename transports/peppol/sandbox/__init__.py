"""A Peppol network on loopback: certificates, DNS, publisher, responder, access points."""
