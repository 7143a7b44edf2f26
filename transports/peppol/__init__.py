"""Peppol: discovery, certificates, AS4, responses and reports. The gateway is corner 2 and 3."""
