"""An access point of the package `as4`, driven by lines; see `conversation`.

It runs in an environment of its own, since the package wants another `cryptography` than we do, and
knows nothing of our code. Its folder holds `root.pem`, `ca.pem`, and a key with its certificate for
each seat; messages and signals go through files.
"""

from __future__ import annotations

import sys
import traceback
from importlib.metadata import version
from pathlib import Path

from as4 import (
    AS4LocalPrivateKey,
    ParticipantNotServicedError,
    ReceiptVerificationError,
)
from as4.peppol import (
    BusdoxDocidQnsDocumentIdentifier,
    PeppolAS4MessageBuilderArgs,
    PeppolAS4Profile,
    PeppolSendingExchange,
    create_peppol_external_party,
    create_peppol_internal_party,
    parse_peppol_message,
    peppol_security_policy,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

Fields = dict[str, str]


class Peer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._policy = peppol_security_policy(
            self._certificate("root"), intermediates=[self._certificate("ca")]
        )
        self._sent: dict[str, PeppolSendingExchange] = {}

    def take(self, said: Fields) -> Fields:
        """Takes the message in file `body` for `seat`, which serves `serves` only."""

        def accept(participant: str) -> None:
            if participant.rpartition("::")[2] != said["serves"]:
                raise ParticipantNotServicedError(participant)

        exchange = parse_peppol_message(
            request_headers={"Content-Type": said["type"]},
            request_body=Path(said["body"]).read_bytes(),
            local_party=self._own(said["seat"]),
            accept_participant=accept,
            security_policy=self._policy,
        )
        headers, signal = exchange.build_signal()
        answer = self._folder / "answer"
        answer.write_bytes(signal)
        told = {"state": str(exchange.state), "answer": str(answer)}
        told["type"] = {name.lower(): value for name, value in headers.items()}["content-type"]
        if exchange.successful:
            (payload,) = exchange.message.decrypted_data.values()
            (self._folder / "taken").write_bytes(payload)
            told["taken"] = str(self._folder / "taken")
        else:
            told["error"] = f"{exchange.error.error_code} {exchange.error.error_detail.value}"
        return told

    def build(self, said: Fields) -> Fields:
        """A message of `seat` to `to`; its body is in a file."""
        certificate = self._certificate(said["to"])
        exchange = PeppolSendingExchange(
            profile=PeppolAS4Profile,
            local_party=self._own(said["seat"]),
            remote_party=create_peppol_external_party(party_id=said["to"], certificate=certificate),
        )
        headers, body = exchange.build(
            Path(said["document"]).read_bytes(),
            PeppolAS4MessageBuilderArgs(
                sender=said["sender"],
                recipient=said["receiver"],
                document_type_identifier=BusdoxDocidQnsDocumentIdentifier.from_identifier_value(
                    said["document_type"]
                ),
                document_identification_instance_identifier=said["instance"],
                process_identifier=said["process"],
                c1_country_id="NO",
            ),
        )
        path = self._folder / "body"
        path.write_bytes(body)
        exchange.mark_sent()
        self._sent[exchange.message_id] = exchange
        kind = {name.lower(): value for name, value in headers.items()}["content-type"]
        return {"message": exchange.message_id, "body": str(path), "type": kind}

    def answered(self, said: Fields) -> Fields:
        """What the signal in file `signal` proves of the message."""
        exchange = self._sent[said["message"]]
        try:
            exchange.receive_signal(Path(said["signal"]).read_bytes())
        except ReceiptVerificationError as error:
            return {"state": str(exchange.state), "error": str(error)}
        told = {"state": str(exchange.state)}
        if exchange.error is not None:
            told["error"] = f"{exchange.error.error_code} {exchange.error.error_detail.value}"
        return told

    def _own(self, seat: str):
        key = load_pem_private_key((self._folder / f"{seat}.key").read_bytes(), None)
        return create_peppol_internal_party(
            party_id=seat,
            certificate=self._certificate(seat),
            private_key=AS4LocalPrivateKey(key),
        )

    def _certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self._folder / f"{name}.pem").read_bytes())


def tell(fields: Fields) -> None:
    line = "\t".join(f"{name}={' '.join(value.split())}" for name, value in fields.items())
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(folder: str) -> None:
    peer = Peer(Path(folder))
    commands = {"take": peer.take, "build": peer.build, "answered": peer.answered}
    hello = {name: version(name) for name in ("as4", "cryptography", "lxml")}
    tell(hello)
    for said in sys.stdin:
        fields = dict(field.split("=", 1) for field in said.rstrip("\n").split("\t"))
        try:
            told = commands[fields["command"]](fields)
        except Exception as error:  # noqa: BLE001  whatever it is, who asked has to hear of it
            traceback.print_exc()
            told = {"failed": f"{type(error).__name__}: {error}"}
        tell(told)


if __name__ == "__main__":
    main(sys.argv[1])
