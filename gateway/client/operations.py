"""Every operation of the API as a method, for asyncio.

Made from the OpenAPI description by `make docs`: change that, not this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote
from uuid import uuid4

from gateway.client import answers
from gateway.client.connection import Connection, Streamed
from gateway.client.request import Body, Request, given


class Operations(Connection):
    """One method for each operation of the API; `Client` has all of them."""

    async def submit_document(
        self,
        content: Body,
        media_type: Literal[
            "application/json",
            "application/xml",
            "text/xml",
            "application/zip",
            "message/rfc822",
            "application/pdf",
            "multipart/form-data",
        ],
        *,
        idempotency_key: str | None = None,
    ) -> answers.Accepted:
        """Hand in an invoice or credit note."""
        found: answers.Accepted = await self._json(
            Request(
                "POST",
                "/v1/documents",
                headers=given(
                    {
                        "Content-Type": media_type,
                        "Idempotency-Key": idempotency_key or f"client-{uuid4()}",
                    }
                ),
                body=content,
            )
        )
        return found

    async def list_documents(
        self,
        *,
        state: answers.State | None = None,
        direction: answers.Direction | None = None,
        number: str | None = None,
        code: str | None = None,
        after: str | None = None,
        limit: int | None = None,
        ledger: answers.Ledger | None = None,
    ) -> answers.DocumentList:
        """List documents, newest first."""
        found: answers.DocumentList = await self._json(
            Request(
                "GET",
                "/v1/documents",
                query={
                    "state": state,
                    "direction": direction,
                    "number": number,
                    "code": code,
                    "after": after,
                    "limit": limit,
                    "ledger": ledger,
                },
            )
        )
        return found

    async def get_document(
        self, document_id: str | int, *, ledger: answers.Ledger | None = None
    ) -> answers.Document:
        """Read a document: its state and why, what was found, filled in and planned."""
        found: answers.Document = await self._json(
            Request("GET", f"/v1/documents/{_segment(document_id)}", query={"ledger": ledger})
        )
        return found

    async def get_timeline(self, document_id: str | int) -> answers.Timeline:
        """Read what happened to a document: channels, every attempt, every event, and where
        the bytes."""
        found: answers.Timeline = await self._json(
            Request("GET", f"/v1/documents/{_segment(document_id)}/timeline")
        )
        return found

    def get_content(
        self, document_id: str | int, *, part: Literal["original", "document"] | None = None
    ) -> Streamed:
        """Read the document's bytes, as you sent them or as they travel."""
        return self._file(
            Request("GET", f"/v1/documents/{_segment(document_id)}/content", query={"part": part})
        )

    def get_pdf(self, document_id: str | int) -> Streamed:
        """Read the invoice as people see it."""
        return self._file(Request("GET", f"/v1/documents/{_segment(document_id)}/pdf"))

    async def list_evidence(self, document_id: str | int) -> answers.Files:
        """List every file of a document: what came, what travelled, what each channel said."""
        found: answers.Files = await self._json(
            Request("GET", f"/v1/documents/{_segment(document_id)}/evidence")
        )
        return found

    def get_evidence(self, document_id: str | int, sha256: str | int) -> Streamed:
        """Read one file by its hash."""
        return self._file(
            Request("GET", f"/v1/documents/{_segment(document_id)}/evidence/{_segment(sha256)}")
        )

    def submit_batch(
        self,
        content: Body,
        media_type: Literal["application/x-ndjson"] = "application/x-ndjson",
        *,
        idempotency_key: str | None = None,
    ) -> Streamed:
        """Hand in many invoices, one a line (NDJSON)."""
        return self._file(
            Request(
                "POST",
                "/v1/batches",
                headers=given(
                    {
                        "Content-Type": media_type,
                        "Idempotency-Key": idempotency_key or f"client-{uuid4()}",
                    }
                ),
                body=content,
            )
        )

    async def hold_document(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Hold a document: nothing more happens to it until a person decides."""
        found: answers.DocumentRow = await self._json(
            Request("POST", f"/v1/documents/{_segment(document_id)}/hold", body={"reason": reason})
        )
        return found

    async def release_document(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Release a held document: it goes on."""
        found: answers.DocumentRow = await self._json(
            Request(
                "POST", f"/v1/documents/{_segment(document_id)}/release", body={"reason": reason}
            )
        )
        return found

    async def retry_document(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Try a document again now, a failed one from its first channel."""
        found: answers.DocumentRow = await self._json(
            Request("POST", f"/v1/documents/{_segment(document_id)}/retry", body={"reason": reason})
        )
        return found

    async def resend_document(
        self, document_id: str | int, reason: str, *, idempotency_key: str | None = None
    ) -> answers.DocumentRow:
        """Send a document that was sent or delivered once more, from the first channel of its
        plan."""
        found: answers.DocumentRow = await self._json(
            Request(
                "POST",
                f"/v1/documents/{_segment(document_id)}/resend",
                headers=given({"Idempotency-Key": idempotency_key or f"client-{uuid4()}"}),
                body={"reason": reason},
            )
        )
        return found

    async def reroute_document(
        self,
        document_id: str | int,
        reason: str,
        *,
        channels: Sequence[
            Literal[
                "internal",
                "peppol",
                "operator",
                "bank_se",
                "kivra",
                "efaktura_no",
                "vipps",
                "avtalegiro",
                "email",
                "letter",
            ]
        ]
        | None = None,
        disabled_channels: Sequence[
            Literal[
                "internal",
                "peppol",
                "operator",
                "bank_se",
                "kivra",
                "efaktura_no",
                "vipps",
                "avtalegiro",
                "email",
                "letter",
            ]
        ]
        | None = None,
        email: str | None = None,
        phone: str | None = None,
        personal_number: str | None = None,
        fmi: str | None = None,
        efaktura_id: str | None = None,
        postal_address: answers.PostalFacts | None = None,
    ) -> answers.DocumentRow:
        """Give a document another route: other channels, or another address of the recipient."""
        found: answers.DocumentRow = await self._json(
            Request(
                "POST",
                f"/v1/documents/{_segment(document_id)}/reroute",
                body={
                    "reason": reason,
                    "channels": channels,
                    "disabled_channels": disabled_channels,
                    "email": email,
                    "phone": phone,
                    "personal_number": personal_number,
                    "fmi": fmi,
                    "efaktura_id": efaktura_id,
                    "postal_address": postal_address,
                },
            )
        )
        return found

    async def choose_recipient(
        self, document_id: str | int, reason: str, address: str
    ) -> answers.DocumentRow:
        """Choose one of several possible recipients of a document that is held for that."""
        found: answers.DocumentRow = await self._json(
            Request(
                "POST",
                f"/v1/documents/{_segment(document_id)}/choose",
                body={"reason": reason, "address": address},
            )
        )
        return found

    async def cancel_document(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Cancel a document: it will not be sent; or its channel is asked to take it back."""
        found: answers.DocumentRow = await self._json(
            Request(
                "POST", f"/v1/documents/{_segment(document_id)}/cancel", body={"reason": reason}
            )
        )
        return found

    async def revoke_link(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Take back the link to a document: it opens nothing any more."""
        found: answers.DocumentRow = await self._json(
            Request(
                "POST",
                f"/v1/documents/{_segment(document_id)}/revoke-link",
                body={"reason": reason},
            )
        )
        return found

    async def repair_document(
        self,
        document_id: str | int,
        reason: str,
        *,
        action: Literal["fetch", "leave_out"] | None = None,
        attachment: int | None = None,
        url: str | None = None,
        sha256: str | None = None,
    ) -> answers.DocumentRow:
        """Repair a document that lacks a file: have it fetched again, or go on without it."""
        found: answers.DocumentRow = await self._json(
            Request(
                "POST",
                f"/v1/documents/{_segment(document_id)}/repair",
                body={
                    "reason": reason,
                    "action": action,
                    "attachment": attachment,
                    "url": url,
                    "sha256": sha256,
                },
            )
        )
        return found

    async def hand_in_attachment(
        self,
        document_id: str | int,
        attachment: str | int,
        content: Body,
        media_type: Literal["application/octet-stream"] = "application/octet-stream",
        *,
        name: str | None = None,
        reason: str | None = None,
    ) -> answers.DocumentRow:
        """Hand in a file that could not be fetched: `attachment` is its place in `fetches`,
        from 0."""
        found: answers.DocumentRow = await self._json(
            Request(
                "PUT",
                f"/v1/documents/{_segment(document_id)}/attachments/{_segment(attachment)}",
                query={"name": name, "reason": reason},
                headers=given({"Content-Type": media_type}),
                body=content,
            )
        )
        return found

    async def repair_documents(
        self,
        reason: str,
        *,
        action: Literal["fetch", "leave_out"] | None = None,
        code: str | None = None,
        after: str | None = None,
    ) -> answers.Repaired:
        """Repair all documents that are held for want of a file, or those with the same fault."""
        found: answers.Repaired = await self._json(
            Request(
                "POST",
                "/v1/repairs",
                body={"reason": reason, "action": action, "code": code, "after": after},
            )
        )
        return found

    def get_bundle(self, document_id: str | int) -> Streamed:
        """Read all evidence of a document as one signed ZIP."""
        return self._file(Request("GET", f"/v1/documents/{_segment(document_id)}/bundle"))

    async def make_export(
        self, start: str, end: str, *, direction: Literal["out", "in"] | None = None
    ) -> answers.ExportRow:
        """Export all documents of a period, to keep them elsewhere."""
        found: answers.ExportRow = await self._json(
            Request(
                "POST", "/v1/exports", body={"start": start, "end": end, "direction": direction}
            )
        )
        return found

    async def get_export(self, export_id: str | int) -> answers.ExportRow:
        """Read how far an export is, and where its files are."""
        found: answers.ExportRow = await self._json(
            Request("GET", f"/v1/exports/{_segment(export_id)}")
        )
        return found

    def get_export_file(self, export_id: str | int, n: str | int) -> Streamed:
        """Read one ZIP of an export."""
        return self._file(Request("GET", f"/v1/exports/{_segment(export_id)}/files/{_segment(n)}"))

    async def list_legal_holds(self) -> answers.LegalHolds:
        """List the documents that are kept however old they get."""
        found: answers.LegalHolds = await self._json(Request("GET", "/v1/legal-holds"))
        return found

    async def set_legal_hold(self, document_id: str | int, reason: str) -> answers.LegalHoldRow:
        """Keep a document, whatever is settled on how long documents are kept, until you let
        it go."""
        found: answers.LegalHoldRow = await self._json(
            Request(
                "PUT", f"/v1/documents/{_segment(document_id)}/legal-hold", body={"reason": reason}
            )
        )
        return found

    async def release_legal_hold(self, document_id: str | int) -> None:
        """Let go of a document: it is kept as long as others are."""
        await self._json(Request("DELETE", f"/v1/documents/{_segment(document_id)}/legal-hold"))

    async def read_inbox(
        self,
        *,
        after: str | None = None,
        wait: float | None = None,
        limit: int | None = None,
        state: answers.InboxState | None = None,
        lease_s: float | None = None,
    ) -> answers.Inbox:
        """Read what came in and is not confirmed, in the order it is given out."""
        found: answers.Inbox = await self._json(
            Request(
                "GET",
                "/v1/inbox",
                query={
                    "after": after,
                    "wait": wait,
                    "limit": limit,
                    "state": state,
                    "lease_s": lease_s,
                },
                wait_s=wait or 0,
            )
        )
        return found

    async def upload_to_inbox(
        self,
        content: Body,
        media_type: Literal[
            "application/xml",
            "text/xml",
            "application/json",
            "application/zip",
            "message/rfc822",
            "application/pdf",
            "multipart/form-data",
        ],
        *,
        idempotency_key: str | None = None,
    ) -> answers.Uploaded:
        """Put a document into your own inbox that you got by other means, such as a PDF by
        e-mail."""
        found: answers.Uploaded = await self._json(
            Request(
                "POST",
                "/v1/inbox",
                headers=given(
                    {
                        "Content-Type": media_type,
                        "Idempotency-Key": idempotency_key or f"client-{uuid4()}",
                    }
                ),
                body=content,
            )
        )
        return found

    async def get_inbox_document(self, document_id: str | int) -> answers.InboxDocument:
        """Read where a document that came in is in the inbox, confirmed or not, and what was
        found."""
        found: answers.InboxDocument = await self._json(
            Request("GET", f"/v1/inbox/{_segment(document_id)}")
        )
        return found

    async def confirm_document(self, document_id: str | int, *, lease: str | None = None) -> None:
        """Confirm that you have taken a document over: it leaves the inbox."""
        await self._json(
            Request("POST", f"/v1/inbox/{_segment(document_id)}/confirm", query={"lease": lease})
        )

    async def confirm_documents(
        self, documents: Sequence[str], *, lease: str | None = None
    ) -> answers.Confirmations:
        """Confirm several documents at once; what became of each is told by itself."""
        found: answers.Confirmations = await self._json(
            Request("POST", "/v1/inbox/confirm", body={"documents": documents, "lease": lease})
        )
        return found

    def get_inbox_content(
        self,
        document_id: str | int,
        *,
        format: Literal["received", "bis3", "json", "pdf"] | None = None,
    ) -> Streamed:
        """Read a document that came in, confirmed or not, in the format that you ask for."""
        return self._file(
            Request("GET", f"/v1/inbox/{_segment(document_id)}/content", query={"format": format})
        )

    async def list_inbox_attachments(self, document_id: str | int) -> answers.InboxFiles:
        """List the files of a document that came in: those inside it, and those beside it;
        what is."""
        found: answers.InboxFiles = await self._json(
            Request("GET", f"/v1/inbox/{_segment(document_id)}/attachments")
        )
        return found

    def get_inbox_attachment(self, document_id: str | int, attachment: str | int) -> Streamed:
        """Read a file of a document that came in, by its number; the one that took its place
        where it."""
        return self._file(
            Request("GET", f"/v1/inbox/{_segment(document_id)}/attachments/{_segment(attachment)}")
        )

    async def replace_inbox_attachment(
        self,
        document_id: str | int,
        attachment: str | int,
        content: Body,
        media_type: Literal["application/octet-stream"] = "application/octet-stream",
        *,
        name: str | None = None,
        reason: str | None = None,
    ) -> answers.InboxDocument:
        """Hand in a file in place of a bad one: it is given out instead."""
        found: answers.InboxDocument = await self._json(
            Request(
                "PUT",
                f"/v1/inbox/{_segment(document_id)}/attachments/{_segment(attachment)}",
                query={"name": name, "reason": reason},
                headers=given({"Content-Type": media_type}),
                body=content,
            )
        )
        return found

    async def hold_inbox_document(
        self, document_id: str | int, reason: str
    ) -> answers.InboxDocument:
        """Keep a document in the inbox back until it is released. Who has it loses it by that."""
        found: answers.InboxDocument = await self._json(
            Request("POST", f"/v1/inbox/{_segment(document_id)}/hold", body={"reason": reason})
        )
        return found

    async def release_inbox_document(
        self, document_id: str | int, reason: str
    ) -> answers.InboxDocument:
        """Release a document that is kept back: it is looked at once more, and handed out
        then."""
        found: answers.InboxDocument = await self._json(
            Request("POST", f"/v1/inbox/{_segment(document_id)}/release", body={"reason": reason})
        )
        return found

    async def handle_inbox_document(
        self, document_id: str | int, *, reference: str | None = None
    ) -> answers.InboxDocument:
        """Say that you are done with a document, and what you call it. It is confirmed by
        that."""
        found: answers.InboxDocument = await self._json(
            Request(
                "POST", f"/v1/inbox/{_segment(document_id)}/handled", body={"reference": reference}
            )
        )
        return found

    async def repair_inbox_document(
        self,
        document_id: str | int,
        action: Literal["strip", "leave_out", "again"],
        reason: str,
        *,
        attachment: int | None = None,
    ) -> answers.InboxDocument:
        """Do something about the bad files of a document that came in."""
        found: answers.InboxDocument = await self._json(
            Request(
                "POST",
                f"/v1/inbox/{_segment(document_id)}/repair",
                body={"action": action, "reason": reason, "attachment": attachment},
            )
        )
        return found

    async def repair_inbox(
        self,
        action: Literal["strip", "leave_out", "again"],
        reason: str,
        *,
        after: str | None = None,
    ) -> answers.InboxRepaired:
        """Do something about the bad files of all documents that lie for one, up to 200 at
        once."""
        found: answers.InboxRepaired = await self._json(
            Request(
                "POST",
                "/v1/inbox/repair",
                body={"action": action, "reason": reason, "after": after},
            )
        )
        return found

    async def respond_to_document(
        self,
        document_id: str | int,
        status: Literal["AB", "IP", "UQ", "CA", "RE", "AP", "PD"],
        *,
        reasons: Sequence[answers.Clarifying] | None = None,
        actions: Sequence[answers.Clarifying] | None = None,
        effective_date: answers.Date | None = None,
    ) -> answers.Responded:
        """Answer an invoice that came in: an Invoice Response goes to its seller."""
        found: answers.Responded = await self._json(
            Request(
                "POST",
                f"/v1/inbox/{_segment(document_id)}/response",
                body={
                    "status": status,
                    "reasons": reasons,
                    "actions": actions,
                    "effective_date": effective_date,
                },
            )
        )
        return found

    async def read_events(
        self,
        *,
        after: str | None = None,
        types: str | None = None,
        document_id: str | None = None,
        wait: float | None = None,
        limit: int | None = None,
        ledger: answers.Ledger | None = None,
    ) -> answers.Events:
        """Read events in the order they happened."""
        found: answers.Events = await self._json(
            Request(
                "GET",
                "/v1/events",
                query={
                    "after": after,
                    "types": types,
                    "document_id": document_id,
                    "wait": wait,
                    "limit": limit,
                    "ledger": ledger,
                },
                wait_s=wait or 0,
            )
        )
        return found

    async def list_webhooks(self) -> answers.WebhookList:
        """List your webhooks."""
        found: answers.WebhookList = await self._json(Request("GET", "/v1/webhooks"))
        return found

    async def add_webhook(
        self,
        url: str,
        *,
        types: Sequence[
            Literal[
                "document.received",
                "document.rejected",
                "document.not_scanned",
                "document.fetched",
                "document.attachment_error",
                "document.repaired",
                "document.routed",
                "document.image_chosen",
                "document.left_out",
                "document.merged",
                "document.linked",
                "document.opened",
                "document.unlinked",
                "document.attempted",
                "document.sent",
                "document.delivered",
                "document.reported",
                "document.unconfirmed",
                "document.answered",
                "document.waiting",
                "document.held",
                "document.released",
                "document.retried",
                "document.chosen",
                "document.resent",
                "document.rerouted",
                "document.rechecked",
                "document.recalling",
                "document.not_recalled",
                "document.cancelled",
                "document.failed",
                "inbox.received",
                "inbox.new",
                "inbox.blocked",
                "inbox.attachment_error",
                "inbox.released",
                "inbox.repaired",
                "inbox.confirmed",
                "inbox.handled",
                "inbox.answered",
                "webhook.switched_off",
                "company.asked",
                "company.signed",
                "company.not_signed",
                "company.verified",
                "company.recheck_due",
                "company.lapsed",
                "company.revoked",
            ]
        ]
        | None = None,
        description: str | None = None,
        active: bool | None = None,
    ) -> answers.WebhookMade:
        """Add a webhook: your events are sent there from now on."""
        found: answers.WebhookMade = await self._json(
            Request(
                "POST",
                "/v1/webhooks",
                body={"url": url, "types": types, "description": description, "active": active},
            )
        )
        return found

    async def get_webhook(self, webhook_id: str | int) -> answers.Webhook:
        """Read a webhook, and how it goes."""
        found: answers.Webhook = await self._json(
            Request("GET", f"/v1/webhooks/{_segment(webhook_id)}")
        )
        return found

    async def change_webhook(
        self,
        webhook_id: str | int,
        *,
        url: str | None = None,
        types: Sequence[
            Literal[
                "document.received",
                "document.rejected",
                "document.not_scanned",
                "document.fetched",
                "document.attachment_error",
                "document.repaired",
                "document.routed",
                "document.image_chosen",
                "document.left_out",
                "document.merged",
                "document.linked",
                "document.opened",
                "document.unlinked",
                "document.attempted",
                "document.sent",
                "document.delivered",
                "document.reported",
                "document.unconfirmed",
                "document.answered",
                "document.waiting",
                "document.held",
                "document.released",
                "document.retried",
                "document.chosen",
                "document.resent",
                "document.rerouted",
                "document.rechecked",
                "document.recalling",
                "document.not_recalled",
                "document.cancelled",
                "document.failed",
                "inbox.received",
                "inbox.new",
                "inbox.blocked",
                "inbox.attachment_error",
                "inbox.released",
                "inbox.repaired",
                "inbox.confirmed",
                "inbox.handled",
                "inbox.answered",
                "webhook.switched_off",
                "company.asked",
                "company.signed",
                "company.not_signed",
                "company.verified",
                "company.recheck_due",
                "company.lapsed",
                "company.revoked",
            ]
        ]
        | None = None,
        description: str | None = None,
        active: bool | None = None,
    ) -> answers.Webhook:
        """Change a webhook, or switch it off and on. What waits to be tried again is tried at
        once."""
        found: answers.Webhook = await self._json(
            Request(
                "PATCH",
                f"/v1/webhooks/{_segment(webhook_id)}",
                body={"url": url, "types": types, "description": description, "active": active},
            )
        )
        return found

    async def remove_webhook(self, webhook_id: str | int) -> None:
        """Remove a webhook."""
        await self._json(Request("DELETE", f"/v1/webhooks/{_segment(webhook_id)}"))

    async def rotate_webhook_secret(self, webhook_id: str | int) -> answers.WebhookMade:
        """Give a webhook a new secret."""
        found: answers.WebhookMade = await self._json(
            Request("POST", f"/v1/webhooks/{_segment(webhook_id)}/rotate")
        )
        return found

    async def test_webhook(self, webhook_id: str | int) -> answers.WebhookAttempt:
        """Send a message of the type `webhook.test` now, once, and tell what came of it."""
        found: answers.WebhookAttempt = await self._json(
            Request("POST", f"/v1/webhooks/{_segment(webhook_id)}/test")
        )
        return found

    async def redeliver_events(
        self, webhook_id: str | int, *, after: str | None = None, only: str | None = None
    ) -> answers.Webhook:
        """Have events sent again, with the ids they had."""
        found: answers.Webhook = await self._json(
            Request(
                "POST",
                f"/v1/webhooks/{_segment(webhook_id)}/redeliver",
                body={"after": after, "only": only},
            )
        )
        return found

    async def list_webhook_attempts(
        self, webhook_id: str | int, *, after: str | None = None, limit: int | None = None
    ) -> answers.WebhookAttempts:
        """List what was sent to a webhook, newest first; the last 200 tries are kept."""
        found: answers.WebhookAttempts = await self._json(
            Request(
                "GET",
                f"/v1/webhooks/{_segment(webhook_id)}/attempts",
                query={"after": after, "limit": limit},
            )
        )
        return found

    async def list_notices(self) -> answers.NoticeList:
        """List who is told what."""
        found: answers.NoticeList = await self._json(Request("GET", "/v1/notices"))
        return found

    async def add_notice(
        self,
        email: str,
        *,
        language: Literal["en", "sv", "nb"] | None = None,
        about: answers.About | None = None,
        inbox: bool | None = None,
        rhythm: answers.Rhythm | None = None,
        at: str | None = None,
        weekday: Literal[
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
        ]
        | None = None,
        time_zone: str | None = None,
        active: bool | None = None,
    ) -> answers.NoticeRow:
        """Have somebody told by e-mail what happens from now on."""
        found: answers.NoticeRow = await self._json(
            Request(
                "POST",
                "/v1/notices",
                body={
                    "email": email,
                    "language": language,
                    "about": about,
                    "inbox": inbox,
                    "rhythm": rhythm,
                    "at": at,
                    "weekday": weekday,
                    "time_zone": time_zone,
                    "active": active,
                },
            )
        )
        return found

    async def get_notice(self, notice_id: str | int) -> answers.NoticeRow:
        """Read a notice."""
        found: answers.NoticeRow = await self._json(
            Request("GET", f"/v1/notices/{_segment(notice_id)}")
        )
        return found

    async def change_notice(
        self,
        notice_id: str | int,
        *,
        email: str | None = None,
        language: Literal["en", "sv", "nb"] | None = None,
        about: answers.About | None = None,
        inbox: bool | None = None,
        rhythm: answers.Rhythm | None = None,
        at: str | None = None,
        weekday: Literal[
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
        ]
        | None = None,
        time_zone: str | None = None,
        active: bool | None = None,
    ) -> answers.NoticeRow:
        """Change who is told what, or how often; nothing is told twice or missed by that."""
        found: answers.NoticeRow = await self._json(
            Request(
                "PATCH",
                f"/v1/notices/{_segment(notice_id)}",
                body={
                    "email": email,
                    "language": language,
                    "about": about,
                    "inbox": inbox,
                    "rhythm": rhythm,
                    "at": at,
                    "weekday": weekday,
                    "time_zone": time_zone,
                    "active": active,
                },
            )
        )
        return found

    async def remove_notice(self, notice_id: str | int) -> None:
        """Take a notice away."""
        await self._json(Request("DELETE", f"/v1/notices/{_segment(notice_id)}"))

    async def list_participants(self) -> answers.ParticipantList:
        """List your participants, and how they stand in Peppol."""
        found: answers.ParticipantList = await self._json(Request("GET", "/v1/participants"))
        return found

    async def get_participant(self, participant: str | int) -> answers.ParticipantRow:
        """Read how a participant stands in Peppol."""
        found: answers.ParticipantRow = await self._json(
            Request("GET", f"/v1/participants/{_segment(participant)}")
        )
        return found

    async def register_participant(
        self,
        participant: str | int,
        *,
        takes: Sequence[
            Literal["invoice", "credit_note", "invoice_response", "message_level_response"]
        ]
        | None = None,
        activates_at: str | None = None,
        expires_at: str | None = None,
        entry: answers.DirectoryEntry | None = None,
    ) -> answers.ParticipantRow:
        """Have a participant registered, or change what it takes."""
        found: answers.ParticipantRow = await self._json(
            Request(
                "POST",
                f"/v1/participants/{_segment(participant)}/register",
                body={
                    "takes": takes,
                    "activates_at": activates_at,
                    "expires_at": expires_at,
                    "entry": entry,
                },
            )
        )
        return found

    async def take_participant_over(
        self,
        participant: str | int,
        migration_key: str,
        *,
        takes: Sequence[
            Literal["invoice", "credit_note", "invoice_response", "message_level_response"]
        ]
        | None = None,
        activates_at: str | None = None,
        expires_at: str | None = None,
        entry: answers.DirectoryEntry | None = None,
    ) -> answers.ParticipantRow:
        """Take a participant over from another publisher, with the key that it has given out."""
        found: answers.ParticipantRow = await self._json(
            Request(
                "POST",
                f"/v1/participants/{_segment(participant)}/migrate-in",
                body={
                    "takes": takes,
                    "activates_at": activates_at,
                    "expires_at": expires_at,
                    "entry": entry,
                    "migration_key": migration_key,
                },
            )
        )
        return found

    async def withdraw_participant(self, participant: str | int) -> answers.ParticipantRow:
        """Have a participant taken out of Peppol: nothing can be sent to it then."""
        found: answers.ParticipantRow = await self._json(
            Request("POST", f"/v1/participants/{_segment(participant)}/withdraw")
        )
        return found

    async def let_participant_go(self, participant: str | int) -> answers.ParticipantRow:
        """Let a participant go to another publisher."""
        found: answers.ParticipantRow = await self._json(
            Request("POST", f"/v1/participants/{_segment(participant)}/migrate-out")
        )
        return found

    async def list_people(
        self, *, after: str | None = None, limit: int | None = None
    ) -> answers.ConsolePeople:
        """List the people who may sign in, and those who were invited."""
        found: answers.ConsolePeople = await self._json(
            Request("GET", "/v1/people", query={"after": after, "limit": limit})
        )
        return found

    async def invite_person(
        self,
        email: str,
        name: str,
        role: Literal["administrator", "sender", "reader"],
        *,
        language: Literal["en", "sv", "nb"] | None = None,
        companies: Sequence[str] | None = None,
    ) -> answers.ConsolePerson:
        """Invite somebody."""
        found: answers.ConsolePerson = await self._json(
            Request(
                "POST",
                "/v1/people",
                body={
                    "email": email,
                    "name": name,
                    "role": role,
                    "language": language,
                    "companies": companies,
                },
            )
        )
        return found

    async def get_person(self, person_id: str | int) -> answers.ConsolePerson:
        """Read one person."""
        found: answers.ConsolePerson = await self._json(
            Request("GET", f"/v1/people/{_segment(person_id)}")
        )
        return found

    async def change_person(
        self,
        person_id: str | int,
        *,
        name: str | None = None,
        role: Literal["administrator", "sender", "reader"] | None = None,
        language: Literal["en", "sv", "nb"] | None = None,
        companies: Sequence[str] | None = None,
    ) -> answers.ConsolePerson:
        """Change what somebody is called, or may do."""
        found: answers.ConsolePerson = await self._json(
            Request(
                "PATCH",
                f"/v1/people/{_segment(person_id)}",
                body={"name": name, "role": role, "language": language, "companies": companies},
            )
        )
        return found

    async def remove_person(self, person_id: str | int) -> None:
        """Remove somebody."""
        await self._json(Request("DELETE", f"/v1/people/{_segment(person_id)}"))

    async def invite_again(self, person_id: str | int) -> answers.ConsolePerson:
        """Send somebody a new link."""
        found: answers.ConsolePerson = await self._json(
            Request("POST", f"/v1/people/{_segment(person_id)}/invite")
        )
        return found

    async def list_image_rules(self) -> answers.ImageRules:
        """List what your customers get as the invoice's PDF."""
        found: answers.ImageRules = await self._json(Request("GET", "/v1/image-rules"))
        return found

    async def set_image_rule(
        self,
        *,
        customer: str | None = None,
        omit_image: bool | None = None,
        image_from_first_attachment: bool | None = None,
    ) -> answers.ImageRules:
        """Settle what a customer, or all, get as the invoice's PDF, in place of what was
        settled."""
        found: answers.ImageRules = await self._json(
            Request(
                "POST",
                "/v1/image-rules",
                body={
                    "customer": customer,
                    "omit_image": omit_image,
                    "image_from_first_attachment": image_from_first_attachment,
                },
            )
        )
        return found

    async def list_routing_rules(self) -> answers.RoutingRules:
        """List by which channels your documents go."""
        found: answers.RoutingRules = await self._json(Request("GET", "/v1/routing-rules"))
        return found

    async def set_routing_rule(
        self,
        *,
        customer: str | None = None,
        route_order: Sequence[
            Literal[
                "internal",
                "peppol",
                "operator",
                "bank_se",
                "kivra",
                "efaktura_no",
                "vipps",
                "avtalegiro",
                "email",
                "letter",
            ]
        ]
        | None = None,
        forced_route: Literal[
            "internal",
            "peppol",
            "operator",
            "bank_se",
            "kivra",
            "efaktura_no",
            "vipps",
            "avtalegiro",
            "email",
            "letter",
        ]
        | None = None,
        disabled_routes: Sequence[
            Literal[
                "internal",
                "peppol",
                "operator",
                "bank_se",
                "kivra",
                "efaktura_no",
                "vipps",
                "avtalegiro",
                "email",
                "letter",
            ]
        ]
        | None = None,
        recheck: bool | None = None,
        hold_several: bool | None = None,
    ) -> answers.RoutingRules:
        """Settle by which channels documents to a customer, or to all, go, in place of what
        was."""
        found: answers.RoutingRules = await self._json(
            Request(
                "POST",
                "/v1/routing-rules",
                body={
                    "customer": customer,
                    "route_order": route_order,
                    "forced_route": forced_route,
                    "disabled_routes": disabled_routes,
                    "recheck": recheck,
                    "hold_several": hold_several,
                },
            )
        )
        return found

    async def list_channels(self) -> answers.ChannelList:
        """List the channels, and what you have settled with each."""
        found: answers.ChannelList = await self._json(Request("GET", "/v1/channels"))
        return found

    async def get_channel(self, channel: str | int) -> answers.ChannelRow:
        """Read what you have settled with a channel."""
        found: answers.ChannelRow = await self._json(
            Request("GET", f"/v1/channels/{_segment(channel)}")
        )
        return found

    async def set_terms(self, channel: str | int, terms: dict[str, Any]) -> answers.ChannelRow:
        """Settle your terms with a channel, in place of what was settled."""
        found: answers.ChannelRow = await self._json(
            Request("PUT", f"/v1/channels/{_segment(channel)}", body={"terms": terms})
        )
        return found

    async def remove_terms(self, channel: str | int) -> answers.ChannelRow:
        """Take your terms with a channel back; taking them back again does no harm."""
        found: answers.ChannelRow = await self._json(
            Request("DELETE", f"/v1/channels/{_segment(channel)}")
        )
        return found

    async def list_settings(self, *, customer: str | None = None) -> answers.SettingList:
        """List every setting: what counts for your company or a customer, and where it comes
        from."""
        found: answers.SettingList = await self._json(
            Request("GET", "/v1/settings", query={"customer": customer})
        )
        return found

    async def set_setting(
        self,
        setting: str | int,
        value: Any,
        *,
        customer: str | None = None,
        customer_class: str | None = None,
        account: bool | None = None,
    ) -> answers.SettingRow:
        """Settle a value for your company, a customer, a class of customers or your account."""
        found: answers.SettingRow = await self._json(
            Request(
                "PUT",
                f"/v1/settings/{_segment(setting)}",
                body={
                    "value": value,
                    "customer": customer,
                    "customer_class": customer_class,
                    "account": account,
                },
            )
        )
        return found

    async def remove_setting(
        self,
        setting: str | int,
        *,
        customer: str | None = None,
        customer_class: str | None = None,
        account: bool | None = None,
    ) -> answers.SettingRow:
        """Take a value back: what is behind it counts again. Taking it back again does no
        harm."""
        found: answers.SettingRow = await self._json(
            Request(
                "DELETE",
                f"/v1/settings/{_segment(setting)}",
                query={"customer": customer, "customer_class": customer_class, "account": account},
            )
        )
        return found

    async def list_customer_classes(self) -> answers.CustomerClassList:
        """List your classes of customers. One that names a customer counts before one that
        describes."""
        found: answers.CustomerClassList = await self._json(Request("GET", "/v1/customer-classes"))
        return found

    async def set_customer_class(
        self,
        customer_class: str | int,
        *,
        customers: Sequence[str] | None = None,
        country: str | None = None,
        kind: Literal["consumer", "business", "public"] | None = None,
    ) -> answers.CustomerClassRow:
        """Make a class of customers, or say anew who falls into it; what is settled for it
        stays."""
        found: answers.CustomerClassRow = await self._json(
            Request(
                "PUT",
                f"/v1/customer-classes/{_segment(customer_class)}",
                body={"customers": customers, "country": country, "kind": kind},
            )
        )
        return found

    async def remove_customer_class(self, customer_class: str | int) -> None:
        """Remove a class of customers, and what is settled for it."""
        await self._json(Request("DELETE", f"/v1/customer-classes/{_segment(customer_class)}"))

    async def get_usage(
        self,
        *,
        month: str | None = None,
        company: str | None = None,
        language: Literal["en", "sv", "nb"] | None = None,
    ) -> answers.MonthUsage:
        """Read what your companies have used in a month, and what it comes to."""
        found: answers.MonthUsage = await self._json(
            Request(
                "GET", "/v1/usage", query={"month": month, "company": company, "language": language}
            )
        )
        return found

    def get_usage_file(
        self,
        *,
        month: str | None = None,
        company: str | None = None,
        language: Literal["en", "sv", "nb"] | None = None,
        accept: Literal["text/csv", "application/pdf"] = "text/csv",
    ) -> Streamed:
        """Read what your companies have used in a month, and what it comes to."""
        return self._file(
            Request(
                "GET",
                "/v1/usage",
                query={"month": month, "company": company, "language": language},
                headers=given({"Accept": accept}),
            )
        )

    async def list_agreements(
        self,
        *,
        kind: Literal["agreement", "consumer"] | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> answers.AgreementList:
        """List your agreements with the channels, or the people registered for your invoices."""
        found: answers.AgreementList = await self._json(
            Request("GET", "/v1/agreements", query={"kind": kind, "after": after, "limit": limit})
        )
        return found

    async def request_agreement(self, channel: str) -> answers.AgreementRow:
        """Ask a channel for an agreement, by your terms with it."""
        found: answers.AgreementRow = await self._json(
            Request("POST", "/v1/agreements", body={"channel": channel})
        )
        return found

    async def end_agreement(self, channel: str | int, agreement: str | int) -> answers.AgreementRow:
        """End an agreement with a channel: nothing of yours goes this way then."""
        found: answers.AgreementRow = await self._json(
            Request("DELETE", f"/v1/agreements/{_segment(channel)}/{_segment(agreement)}")
        )
        return found

    async def get_verification(self, company_id: str | int) -> answers.CompanyVerification:
        """Read how a company stands: whether it is verified, why not, and what to do."""
        found: answers.CompanyVerification = await self._json(
            Request("GET", f"/v1/companies/{_segment(company_id)}/verification")
        )
        return found

    async def ask_for_verification(
        self,
        company_id: str | int,
        name: str,
        email: str,
        *,
        language: Literal["en", "sv", "nb"] | None = None,
        personal_number: str | None = None,
        signer: Literal["visma_sign", "bankid"] | None = None,
    ) -> answers.CompanyVerification:
        """Have somebody who may act for the company invited to sign for it."""
        found: answers.CompanyVerification = await self._json(
            Request(
                "POST",
                f"/v1/companies/{_segment(company_id)}/verification",
                body={
                    "name": name,
                    "email": email,
                    "language": language,
                    "personal_number": personal_number,
                    "signer": signer,
                },
            )
        )
        return found

    async def resend_invitation(self, company_id: str | int) -> answers.CompanyVerification:
        """Have the invitation sent once more, to the same person."""
        found: answers.CompanyVerification = await self._json(
            Request("POST", f"/v1/companies/{_segment(company_id)}/verification/resend")
        )
        return found

    async def forward_invitation(
        self,
        company_id: str | int,
        name: str,
        email: str,
        *,
        language: Literal["en", "sv", "nb"] | None = None,
        personal_number: str | None = None,
    ) -> answers.CompanyVerification:
        """Have somebody else invited; the invitation before counts no more."""
        found: answers.CompanyVerification = await self._json(
            Request(
                "POST",
                f"/v1/companies/{_segment(company_id)}/verification/forward",
                body={
                    "name": name,
                    "email": email,
                    "language": language,
                    "personal_number": personal_number,
                },
            )
        )
        return found

    async def cancel_verification(self, company_id: str | int) -> answers.CompanyVerification:
        """Take the request to sign back: the invitation opens nothing any more."""
        found: answers.CompanyVerification = await self._json(
            Request("POST", f"/v1/companies/{_segment(company_id)}/verification/cancel")
        )
        return found

    def get_logo(self) -> Streamed:
        """Read your logo."""
        return self._file(Request("GET", "/v1/logo"))

    async def put_logo(self, content: Body, media_type: Literal["image/png", "image/jpeg"]) -> None:
        """Set your logo, in place of the one there was."""
        await self._json(
            Request("PUT", "/v1/logo", headers=given({"Content-Type": media_type}), body=content)
        )

    async def remove_logo(self) -> None:
        """Remove your logo."""
        await self._json(Request("DELETE", "/v1/logo"))

    async def look_up(
        self,
        *,
        participants: Sequence[str] | None = None,
        recipient: answers.RecipientFacts | None = None,
        document: answers.DocumentFacts | None = None,
        channels: Sequence[
            Literal[
                "internal",
                "peppol",
                "operator",
                "bank_se",
                "kivra",
                "efaktura_no",
                "vipps",
                "avtalegiro",
                "email",
                "letter",
            ]
        ]
        | None = None,
        disabled_channels: Sequence[
            Literal[
                "internal",
                "peppol",
                "operator",
                "bank_se",
                "kivra",
                "efaktura_no",
                "vipps",
                "avtalegiro",
                "email",
                "letter",
            ]
        ]
        | None = None,
    ) -> answers.LookupAnswer:
        """Look up what participants can receive in Peppol, or which way leads to a recipient."""
        found: answers.LookupAnswer = await self._json(
            Request(
                "POST",
                "/v1/lookup",
                body={
                    "participants": participants,
                    "recipient": recipient,
                    "document": document,
                    "channels": channels,
                    "disabled_channels": disabled_channels,
                },
            )
        )
        return found

    async def find_ways(
        self, content: Body, media_type: Literal["application/json", "text/csv"]
    ) -> answers.LookupJob:
        """Find the channel of each customer in a file."""
        found: answers.LookupJob = await self._json(
            Request(
                "POST", "/v1/lookup/jobs", headers=given({"Content-Type": media_type}), body=content
            )
        )
        return found

    async def list_lookup_jobs(self) -> answers.LookupJobList:
        """List your files of customers, and how far each is."""
        found: answers.LookupJobList = await self._json(Request("GET", "/v1/lookup/jobs"))
        return found

    async def get_lookup_job(self, lookup_job_id: str | int) -> answers.LookupJob:
        """Read how far a file of customers is."""
        found: answers.LookupJob = await self._json(
            Request("GET", f"/v1/lookup/jobs/{_segment(lookup_job_id)}")
        )
        return found

    async def remove_lookup_job(self, lookup_job_id: str | int) -> None:
        """Cancel a file of customers where it is running, and delete all of it."""
        await self._json(Request("DELETE", f"/v1/lookup/jobs/{_segment(lookup_job_id)}"))

    async def get_lookup_result(self, lookup_job_id: str | int) -> answers.CustomerWays:
        """Read what is proposed for the customers of a file, as far as it is."""
        found: answers.CustomerWays = await self._json(
            Request("GET", f"/v1/lookup/jobs/{_segment(lookup_job_id)}/result")
        )
        return found

    def get_lookup_result_file(
        self, lookup_job_id: str | int, *, accept: Literal["text/csv"] = "text/csv"
    ) -> Streamed:
        """Read what is proposed for the customers of a file, as far as it is."""
        return self._file(
            Request(
                "GET",
                f"/v1/lookup/jobs/{_segment(lookup_job_id)}/result",
                headers=given({"Accept": accept}),
            )
        )

    async def validate_document(
        self,
        content: Body,
        media_type: Literal[
            "application/json",
            "application/xml",
            "text/xml",
            "application/zip",
            "message/rfc822",
            "application/pdf",
            "multipart/form-data",
        ],
    ) -> answers.Validation:
        """Check a document against every rule, as if it had been handed in."""
        found: answers.Validation = await self._json(
            Request(
                "POST", "/v1/validate", headers=given({"Content-Type": media_type}), body=content
            )
        )
        return found

    async def preview_document(
        self,
        content: Body,
        media_type: Literal[
            "application/json",
            "application/xml",
            "text/xml",
            "application/zip",
            "message/rfc822",
            "application/pdf",
            "multipart/form-data",
        ],
    ) -> answers.Preview:
        """See what would become of a document, as if it had been handed in."""
        found: answers.Preview = await self._json(
            Request(
                "POST", "/v1/preview", headers=given({"Content-Type": media_type}), body=content
            )
        )
        return found

    def preview_document_file(
        self,
        content: Body,
        media_type: Literal[
            "application/json",
            "application/xml",
            "text/xml",
            "application/zip",
            "message/rfc822",
            "application/pdf",
            "multipart/form-data",
        ],
        *,
        accept: Literal["application/xml", "application/pdf", "text/html"] = "application/xml",
    ) -> Streamed:
        """See what would become of a document, as if it had been handed in."""
        return self._file(
            Request(
                "POST",
                "/v1/preview",
                headers=given({"Content-Type": media_type, "Accept": accept}),
                body=content,
            )
        )

    async def list_companies(
        self, *, after: str | None = None, limit: int | None = None
    ) -> answers.Companies:
        """List the companies you may act for."""
        found: answers.Companies = await self._json(
            Request("GET", "/v1/companies", query={"after": after, "limit": limit})
        )
        return found

    async def add_company(
        self, name: str, country: str, participants: Sequence[str], *, parent_id: str | None = None
    ) -> answers.Company:
        """Add a company to your account, or a sub-unit to a company of yours."""
        found: answers.Company = await self._json(
            Request(
                "POST",
                "/v1/companies",
                body={
                    "name": name,
                    "country": country,
                    "participants": participants,
                    "parent_id": parent_id,
                },
            )
        )
        return found

    async def get_company(self, company_id: str | int) -> answers.Company:
        """Read a company."""
        found: answers.Company = await self._json(
            Request("GET", f"/v1/companies/{_segment(company_id)}")
        )
        return found

    async def change_company(
        self,
        company_id: str | int,
        *,
        name: str | None = None,
        participants: Sequence[str] | None = None,
    ) -> answers.Company:
        """Change the name of a company, or its addresses."""
        found: answers.Company = await self._json(
            Request(
                "PATCH",
                f"/v1/companies/{_segment(company_id)}",
                body={"name": name, "participants": participants},
            )
        )
        return found

    async def list_keys(
        self, *, after: str | None = None, limit: int | None = None
    ) -> answers.Keys:
        """List the keys that act for your companies and for no others."""
        found: answers.Keys = await self._json(
            Request("GET", "/v1/keys", query={"after": after, "limit": limit})
        )
        return found

    async def add_key(
        self,
        label: str,
        scopes: Sequence[Literal["read", "send", "receive", "manage"]],
        *,
        companies: Sequence[str] | None = None,
        expires_at: str | None = None,
    ) -> answers.KeyMade:
        """Make a key. Keep its secret: it is shown this once."""
        found: answers.KeyMade = await self._json(
            Request(
                "POST",
                "/v1/keys",
                body={
                    "label": label,
                    "scopes": scopes,
                    "companies": companies,
                    "expires_at": expires_at,
                },
            )
        )
        return found

    async def get_key(self, key_id: str | int) -> answers.Key:
        """Read a key. One that was revoked is in the list only."""
        found: answers.Key = await self._json(Request("GET", f"/v1/keys/{_segment(key_id)}"))
        return found

    async def revoke_key(self, key_id: str | int) -> None:
        """Revoke a key, for good: two seconds later at the latest nobody is let in with it."""
        await self._json(Request("DELETE", f"/v1/keys/{_segment(key_id)}"))

    async def rotate_key(self, key_id: str | int, *, grace_s: int | None = None) -> answers.KeyMade:
        """Give a key a new secret; its id and what it may do stay."""
        found: answers.KeyMade = await self._json(
            Request("POST", f"/v1/keys/{_segment(key_id)}/rotate", body={"grace_s": grace_s})
        )
        return found

    async def issue_token(
        self,
        content: Body,
        media_type: Literal[
            "application/x-www-form-urlencoded"
        ] = "application/x-www-form-urlencoded",
    ) -> answers.Token:
        """Exchange a key for a token (OAuth2 client credentials)."""
        found: answers.Token = await self._json(
            Request(
                "POST", "/oauth/token", headers=given({"Content-Type": media_type}), body=content
            )
        )
        return found

    async def get_authorization_server(self) -> answers.AuthorizationServer:
        """Read where tokens are asked for, and how (RFC 8414)."""
        found: answers.AuthorizationServer = await self._json(
            Request("GET", "/.well-known/oauth-authorization-server")
        )
        return found

    async def get_health(self) -> answers.Health:
        """Ask whether the process is alive."""
        found: answers.Health = await self._json(Request("GET", "/healthz"))
        return found

    async def get_readiness(self) -> answers.Health:
        """Ask whether documents can be handed in: the store takes a write."""
        found: answers.Health = await self._json(Request("GET", "/readyz"))
        return found

    def get_metrics(self) -> Streamed:
        """Read the metrics."""
        return self._file(Request("GET", "/metrics"))

    def get_description(self) -> Streamed:
        """Read this description (OpenAPI 3.1)."""
        return self._file(Request("GET", "/openapi.json"))

    def get_problem_page(self, name: str | int) -> Streamed:
        """Read what a problem type means and what to do about it."""
        return self._file(Request("GET", f"/problems/{_segment(name)}"))


def _segment(value: str | int) -> str:
    return quote(str(value), safe="")
