"""Every operation of the API as a method, for programs without asyncio.

Made from the OpenAPI description by `make docs`: change that, not this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from gateway.client import answers
from gateway.client.loop import Loop, SyncStreamed
from gateway.client.request import Body


class SyncOperations(Loop):
    """One method for each operation of the API; `SyncClient` has all of them."""

    def submit_document(
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
        return self.run(
            self.client.submit_document(
                idempotency_key=idempotency_key, content=content, media_type=media_type
            )
        )

    def list_documents(
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
        return self.run(
            self.client.list_documents(
                state=state,
                direction=direction,
                number=number,
                code=code,
                after=after,
                limit=limit,
                ledger=ledger,
            )
        )

    def get_document(
        self, document_id: str | int, *, ledger: answers.Ledger | None = None
    ) -> answers.Document:
        """Read a document: its state and why, what was found, filled in and planned."""
        return self.run(self.client.get_document(document_id=document_id, ledger=ledger))

    def get_timeline(self, document_id: str | int) -> answers.Timeline:
        """Read what happened to a document: channels, every attempt, every event, and where
        the bytes."""
        return self.run(self.client.get_timeline(document_id=document_id))

    def get_content(
        self, document_id: str | int, *, part: Literal["original", "document"] | None = None
    ) -> SyncStreamed:
        """Read the document's bytes, as you sent them or as they travel."""
        return self.streamed(self.client.get_content(document_id=document_id, part=part))

    def get_pdf(self, document_id: str | int) -> SyncStreamed:
        """Read the invoice as people see it."""
        return self.streamed(self.client.get_pdf(document_id=document_id))

    def list_evidence(self, document_id: str | int) -> answers.Files:
        """List every file of a document: what came, what travelled, what each channel said."""
        return self.run(self.client.list_evidence(document_id=document_id))

    def get_evidence(self, document_id: str | int, sha256: str | int) -> SyncStreamed:
        """Read one file by its hash."""
        return self.streamed(self.client.get_evidence(document_id=document_id, sha256=sha256))

    def submit_batch(
        self,
        content: Body,
        media_type: Literal["application/x-ndjson"] = "application/x-ndjson",
        *,
        idempotency_key: str | None = None,
    ) -> SyncStreamed:
        """Hand in many invoices, one a line (NDJSON)."""
        return self.streamed(
            self.client.submit_batch(
                idempotency_key=idempotency_key, content=content, media_type=media_type
            )
        )

    def hold_document(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Hold a document: nothing more happens to it until a person decides."""
        return self.run(self.client.hold_document(document_id=document_id, reason=reason))

    def release_document(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Release a held document: it goes on."""
        return self.run(self.client.release_document(document_id=document_id, reason=reason))

    def retry_document(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Try a document again now, a failed one from its first channel."""
        return self.run(self.client.retry_document(document_id=document_id, reason=reason))

    def resend_document(
        self, document_id: str | int, reason: str, *, idempotency_key: str | None = None
    ) -> answers.DocumentRow:
        """Send a document that was sent or delivered once more, from the first channel of its
        plan."""
        return self.run(
            self.client.resend_document(
                document_id=document_id, idempotency_key=idempotency_key, reason=reason
            )
        )

    def reroute_document(
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
        return self.run(
            self.client.reroute_document(
                document_id=document_id,
                reason=reason,
                channels=channels,
                disabled_channels=disabled_channels,
                email=email,
                phone=phone,
                personal_number=personal_number,
                fmi=fmi,
                efaktura_id=efaktura_id,
                postal_address=postal_address,
            )
        )

    def choose_recipient(
        self, document_id: str | int, reason: str, address: str
    ) -> answers.DocumentRow:
        """Choose one of several possible recipients of a document that is held for that."""
        return self.run(
            self.client.choose_recipient(document_id=document_id, reason=reason, address=address)
        )

    def cancel_document(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Cancel a document: it will not be sent; or its channel is asked to take it back."""
        return self.run(self.client.cancel_document(document_id=document_id, reason=reason))

    def revoke_link(self, document_id: str | int, reason: str) -> answers.DocumentRow:
        """Take back the link to a document: it opens nothing any more."""
        return self.run(self.client.revoke_link(document_id=document_id, reason=reason))

    def repair_document(
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
        return self.run(
            self.client.repair_document(
                document_id=document_id,
                reason=reason,
                action=action,
                attachment=attachment,
                url=url,
                sha256=sha256,
            )
        )

    def hand_in_attachment(
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
        return self.run(
            self.client.hand_in_attachment(
                document_id=document_id,
                attachment=attachment,
                name=name,
                reason=reason,
                content=content,
                media_type=media_type,
            )
        )

    def repair_documents(
        self,
        reason: str,
        *,
        action: Literal["fetch", "leave_out"] | None = None,
        code: str | None = None,
        after: str | None = None,
    ) -> answers.Repaired:
        """Repair all documents that are held for want of a file, or those with the same fault."""
        return self.run(
            self.client.repair_documents(reason=reason, action=action, code=code, after=after)
        )

    def get_bundle(self, document_id: str | int) -> SyncStreamed:
        """Read all evidence of a document as one signed ZIP."""
        return self.streamed(self.client.get_bundle(document_id=document_id))

    def make_export(
        self, start: str, end: str, *, direction: Literal["out", "in"] | None = None
    ) -> answers.ExportRow:
        """Export all documents of a period, to keep them elsewhere."""
        return self.run(self.client.make_export(start=start, end=end, direction=direction))

    def get_export(self, export_id: str | int) -> answers.ExportRow:
        """Read how far an export is, and where its files are."""
        return self.run(self.client.get_export(export_id=export_id))

    def get_export_file(self, export_id: str | int, n: str | int) -> SyncStreamed:
        """Read one ZIP of an export."""
        return self.streamed(self.client.get_export_file(export_id=export_id, n=n))

    def list_legal_holds(self) -> answers.LegalHolds:
        """List the documents that are kept however old they get."""
        return self.run(self.client.list_legal_holds())

    def set_legal_hold(self, document_id: str | int, reason: str) -> answers.LegalHoldRow:
        """Keep a document, whatever is settled on how long documents are kept, until you let
        it go."""
        return self.run(self.client.set_legal_hold(document_id=document_id, reason=reason))

    def release_legal_hold(self, document_id: str | int) -> None:
        """Let go of a document: it is kept as long as others are."""
        self.run(self.client.release_legal_hold(document_id=document_id))

    def read_inbox(
        self,
        *,
        after: str | None = None,
        wait: float | None = None,
        limit: int | None = None,
        state: answers.InboxState | None = None,
        lease_s: float | None = None,
    ) -> answers.Inbox:
        """Read what came in and is not confirmed, in the order it is given out."""
        return self.run(
            self.client.read_inbox(
                after=after, wait=wait, limit=limit, state=state, lease_s=lease_s
            )
        )

    def upload_to_inbox(
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
        return self.run(
            self.client.upload_to_inbox(
                idempotency_key=idempotency_key, content=content, media_type=media_type
            )
        )

    def get_inbox_document(self, document_id: str | int) -> answers.InboxDocument:
        """Read where a document that came in is in the inbox, confirmed or not, and what was
        found."""
        return self.run(self.client.get_inbox_document(document_id=document_id))

    def confirm_document(self, document_id: str | int, *, lease: str | None = None) -> None:
        """Confirm that you have taken a document over: it leaves the inbox."""
        self.run(self.client.confirm_document(document_id=document_id, lease=lease))

    def confirm_documents(
        self, documents: Sequence[str], *, lease: str | None = None
    ) -> answers.Confirmations:
        """Confirm several documents at once; what became of each is told by itself."""
        return self.run(self.client.confirm_documents(documents=documents, lease=lease))

    def get_inbox_content(
        self,
        document_id: str | int,
        *,
        format: Literal["received", "bis3", "json", "pdf"] | None = None,
    ) -> SyncStreamed:
        """Read a document that came in, confirmed or not, in the format that you ask for."""
        return self.streamed(self.client.get_inbox_content(document_id=document_id, format=format))

    def list_inbox_attachments(self, document_id: str | int) -> answers.InboxFiles:
        """List the files of a document that came in: those inside it, and those beside it;
        what is."""
        return self.run(self.client.list_inbox_attachments(document_id=document_id))

    def get_inbox_attachment(self, document_id: str | int, attachment: str | int) -> SyncStreamed:
        """Read a file of a document that came in, by its number; the one that took its place
        where it."""
        return self.streamed(
            self.client.get_inbox_attachment(document_id=document_id, attachment=attachment)
        )

    def replace_inbox_attachment(
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
        return self.run(
            self.client.replace_inbox_attachment(
                document_id=document_id,
                attachment=attachment,
                name=name,
                reason=reason,
                content=content,
                media_type=media_type,
            )
        )

    def hold_inbox_document(self, document_id: str | int, reason: str) -> answers.InboxDocument:
        """Keep a document in the inbox back until it is released. Who has it loses it by that."""
        return self.run(self.client.hold_inbox_document(document_id=document_id, reason=reason))

    def release_inbox_document(self, document_id: str | int, reason: str) -> answers.InboxDocument:
        """Release a document that is kept back: it is looked at once more, and handed out
        then."""
        return self.run(self.client.release_inbox_document(document_id=document_id, reason=reason))

    def handle_inbox_document(
        self, document_id: str | int, *, reference: str | None = None
    ) -> answers.InboxDocument:
        """Say that you are done with a document, and what you call it. It is confirmed by
        that."""
        return self.run(
            self.client.handle_inbox_document(document_id=document_id, reference=reference)
        )

    def repair_inbox_document(
        self,
        document_id: str | int,
        action: Literal["strip", "leave_out", "again"],
        reason: str,
        *,
        attachment: int | None = None,
    ) -> answers.InboxDocument:
        """Do something about the bad files of a document that came in."""
        return self.run(
            self.client.repair_inbox_document(
                document_id=document_id, action=action, reason=reason, attachment=attachment
            )
        )

    def repair_inbox(
        self,
        action: Literal["strip", "leave_out", "again"],
        reason: str,
        *,
        after: str | None = None,
    ) -> answers.InboxRepaired:
        """Do something about the bad files of all documents that lie for one, up to 200 at
        once."""
        return self.run(self.client.repair_inbox(action=action, reason=reason, after=after))

    def respond_to_document(
        self,
        document_id: str | int,
        status: Literal["AB", "IP", "UQ", "CA", "RE", "AP", "PD"],
        *,
        reasons: Sequence[answers.Clarifying] | None = None,
        actions: Sequence[answers.Clarifying] | None = None,
        effective_date: answers.Date | None = None,
    ) -> answers.Responded:
        """Answer an invoice that came in: an Invoice Response goes to its seller."""
        return self.run(
            self.client.respond_to_document(
                document_id=document_id,
                status=status,
                reasons=reasons,
                actions=actions,
                effective_date=effective_date,
            )
        )

    def read_events(
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
        return self.run(
            self.client.read_events(
                after=after,
                types=types,
                document_id=document_id,
                wait=wait,
                limit=limit,
                ledger=ledger,
            )
        )

    def list_webhooks(self) -> answers.WebhookList:
        """List your webhooks."""
        return self.run(self.client.list_webhooks())

    def add_webhook(
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
        return self.run(
            self.client.add_webhook(url=url, types=types, description=description, active=active)
        )

    def get_webhook(self, webhook_id: str | int) -> answers.Webhook:
        """Read a webhook, and how it goes."""
        return self.run(self.client.get_webhook(webhook_id=webhook_id))

    def change_webhook(
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
        return self.run(
            self.client.change_webhook(
                webhook_id=webhook_id, url=url, types=types, description=description, active=active
            )
        )

    def remove_webhook(self, webhook_id: str | int) -> None:
        """Remove a webhook."""
        self.run(self.client.remove_webhook(webhook_id=webhook_id))

    def rotate_webhook_secret(self, webhook_id: str | int) -> answers.WebhookMade:
        """Give a webhook a new secret."""
        return self.run(self.client.rotate_webhook_secret(webhook_id=webhook_id))

    def test_webhook(self, webhook_id: str | int) -> answers.WebhookAttempt:
        """Send a message of the type `webhook.test` now, once, and tell what came of it."""
        return self.run(self.client.test_webhook(webhook_id=webhook_id))

    def redeliver_events(
        self, webhook_id: str | int, *, after: str | None = None, only: str | None = None
    ) -> answers.Webhook:
        """Have events sent again, with the ids they had."""
        return self.run(self.client.redeliver_events(webhook_id=webhook_id, after=after, only=only))

    def list_webhook_attempts(
        self, webhook_id: str | int, *, after: str | None = None, limit: int | None = None
    ) -> answers.WebhookAttempts:
        """List what was sent to a webhook, newest first; the last 200 tries are kept."""
        return self.run(
            self.client.list_webhook_attempts(webhook_id=webhook_id, after=after, limit=limit)
        )

    def list_notices(self) -> answers.NoticeList:
        """List who is told what."""
        return self.run(self.client.list_notices())

    def add_notice(
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
        return self.run(
            self.client.add_notice(
                email=email,
                language=language,
                about=about,
                inbox=inbox,
                rhythm=rhythm,
                at=at,
                weekday=weekday,
                time_zone=time_zone,
                active=active,
            )
        )

    def get_notice(self, notice_id: str | int) -> answers.NoticeRow:
        """Read a notice."""
        return self.run(self.client.get_notice(notice_id=notice_id))

    def change_notice(
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
        return self.run(
            self.client.change_notice(
                notice_id=notice_id,
                email=email,
                language=language,
                about=about,
                inbox=inbox,
                rhythm=rhythm,
                at=at,
                weekday=weekday,
                time_zone=time_zone,
                active=active,
            )
        )

    def remove_notice(self, notice_id: str | int) -> None:
        """Take a notice away."""
        self.run(self.client.remove_notice(notice_id=notice_id))

    def list_participants(self) -> answers.ParticipantList:
        """List your participants, and how they stand in Peppol."""
        return self.run(self.client.list_participants())

    def get_participant(self, participant: str | int) -> answers.ParticipantRow:
        """Read how a participant stands in Peppol."""
        return self.run(self.client.get_participant(participant=participant))

    def register_participant(
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
        return self.run(
            self.client.register_participant(
                participant=participant,
                takes=takes,
                activates_at=activates_at,
                expires_at=expires_at,
                entry=entry,
            )
        )

    def take_participant_over(
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
        return self.run(
            self.client.take_participant_over(
                participant=participant,
                takes=takes,
                activates_at=activates_at,
                expires_at=expires_at,
                entry=entry,
                migration_key=migration_key,
            )
        )

    def withdraw_participant(self, participant: str | int) -> answers.ParticipantRow:
        """Have a participant taken out of Peppol: nothing can be sent to it then."""
        return self.run(self.client.withdraw_participant(participant=participant))

    def let_participant_go(self, participant: str | int) -> answers.ParticipantRow:
        """Let a participant go to another publisher."""
        return self.run(self.client.let_participant_go(participant=participant))

    def list_people(
        self, *, after: str | None = None, limit: int | None = None
    ) -> answers.ConsolePeople:
        """List the people who may sign in, and those who were invited."""
        return self.run(self.client.list_people(after=after, limit=limit))

    def invite_person(
        self,
        email: str,
        name: str,
        role: Literal["administrator", "sender", "reader"],
        *,
        language: Literal["en", "sv", "nb"] | None = None,
        companies: Sequence[str] | None = None,
    ) -> answers.ConsolePerson:
        """Invite somebody."""
        return self.run(
            self.client.invite_person(
                email=email, name=name, role=role, language=language, companies=companies
            )
        )

    def get_person(self, person_id: str | int) -> answers.ConsolePerson:
        """Read one person."""
        return self.run(self.client.get_person(person_id=person_id))

    def change_person(
        self,
        person_id: str | int,
        *,
        name: str | None = None,
        role: Literal["administrator", "sender", "reader"] | None = None,
        language: Literal["en", "sv", "nb"] | None = None,
        companies: Sequence[str] | None = None,
    ) -> answers.ConsolePerson:
        """Change what somebody is called, or may do."""
        return self.run(
            self.client.change_person(
                person_id=person_id, name=name, role=role, language=language, companies=companies
            )
        )

    def remove_person(self, person_id: str | int) -> None:
        """Remove somebody."""
        self.run(self.client.remove_person(person_id=person_id))

    def invite_again(self, person_id: str | int) -> answers.ConsolePerson:
        """Send somebody a new link."""
        return self.run(self.client.invite_again(person_id=person_id))

    def list_image_rules(self) -> answers.ImageRules:
        """List what your customers get as the invoice's PDF."""
        return self.run(self.client.list_image_rules())

    def set_image_rule(
        self,
        *,
        customer: str | None = None,
        omit_image: bool | None = None,
        image_from_first_attachment: bool | None = None,
    ) -> answers.ImageRules:
        """Settle what a customer, or all, get as the invoice's PDF, in place of what was
        settled."""
        return self.run(
            self.client.set_image_rule(
                customer=customer,
                omit_image=omit_image,
                image_from_first_attachment=image_from_first_attachment,
            )
        )

    def list_routing_rules(self) -> answers.RoutingRules:
        """List by which channels your documents go."""
        return self.run(self.client.list_routing_rules())

    def set_routing_rule(
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
        return self.run(
            self.client.set_routing_rule(
                customer=customer,
                route_order=route_order,
                forced_route=forced_route,
                disabled_routes=disabled_routes,
                recheck=recheck,
                hold_several=hold_several,
            )
        )

    def list_channels(self) -> answers.ChannelList:
        """List the channels, and what you have settled with each."""
        return self.run(self.client.list_channels())

    def get_channel(self, channel: str | int) -> answers.ChannelRow:
        """Read what you have settled with a channel."""
        return self.run(self.client.get_channel(channel=channel))

    def set_terms(self, channel: str | int, terms: dict[str, Any]) -> answers.ChannelRow:
        """Settle your terms with a channel, in place of what was settled."""
        return self.run(self.client.set_terms(channel=channel, terms=terms))

    def remove_terms(self, channel: str | int) -> answers.ChannelRow:
        """Take your terms with a channel back; taking them back again does no harm."""
        return self.run(self.client.remove_terms(channel=channel))

    def list_settings(self, *, customer: str | None = None) -> answers.SettingList:
        """List every setting: what counts for your company or a customer, and where it comes
        from."""
        return self.run(self.client.list_settings(customer=customer))

    def set_setting(
        self,
        setting: str | int,
        value: Any,
        *,
        customer: str | None = None,
        customer_class: str | None = None,
        account: bool | None = None,
    ) -> answers.SettingRow:
        """Settle a value for your company, a customer, a class of customers or your account."""
        return self.run(
            self.client.set_setting(
                setting=setting,
                value=value,
                customer=customer,
                customer_class=customer_class,
                account=account,
            )
        )

    def remove_setting(
        self,
        setting: str | int,
        *,
        customer: str | None = None,
        customer_class: str | None = None,
        account: bool | None = None,
    ) -> answers.SettingRow:
        """Take a value back: what is behind it counts again. Taking it back again does no
        harm."""
        return self.run(
            self.client.remove_setting(
                setting=setting, customer=customer, customer_class=customer_class, account=account
            )
        )

    def list_customer_classes(self) -> answers.CustomerClassList:
        """List your classes of customers. One that names a customer counts before one that
        describes."""
        return self.run(self.client.list_customer_classes())

    def set_customer_class(
        self,
        customer_class: str | int,
        *,
        customers: Sequence[str] | None = None,
        country: str | None = None,
        kind: Literal["consumer", "business", "public"] | None = None,
    ) -> answers.CustomerClassRow:
        """Make a class of customers, or say anew who falls into it; what is settled for it
        stays."""
        return self.run(
            self.client.set_customer_class(
                customer_class=customer_class, customers=customers, country=country, kind=kind
            )
        )

    def remove_customer_class(self, customer_class: str | int) -> None:
        """Remove a class of customers, and what is settled for it."""
        self.run(self.client.remove_customer_class(customer_class=customer_class))

    def get_usage(
        self,
        *,
        month: str | None = None,
        company: str | None = None,
        language: Literal["en", "sv", "nb"] | None = None,
    ) -> answers.MonthUsage:
        """Read what your companies have used in a month, and what it comes to."""
        return self.run(self.client.get_usage(month=month, company=company, language=language))

    def get_usage_file(
        self,
        *,
        month: str | None = None,
        company: str | None = None,
        language: Literal["en", "sv", "nb"] | None = None,
        accept: Literal["text/csv", "application/pdf"] = "text/csv",
    ) -> SyncStreamed:
        """Read what your companies have used in a month, and what it comes to."""
        return self.streamed(
            self.client.get_usage_file(
                month=month, company=company, language=language, accept=accept
            )
        )

    def list_agreements(
        self,
        *,
        kind: Literal["agreement", "consumer"] | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> answers.AgreementList:
        """List your agreements with the channels, or the people registered for your invoices."""
        return self.run(self.client.list_agreements(kind=kind, after=after, limit=limit))

    def request_agreement(self, channel: str) -> answers.AgreementRow:
        """Ask a channel for an agreement, by your terms with it."""
        return self.run(self.client.request_agreement(channel=channel))

    def end_agreement(self, channel: str | int, agreement: str | int) -> answers.AgreementRow:
        """End an agreement with a channel: nothing of yours goes this way then."""
        return self.run(self.client.end_agreement(channel=channel, agreement=agreement))

    def get_verification(self, company_id: str | int) -> answers.CompanyVerification:
        """Read how a company stands: whether it is verified, why not, and what to do."""
        return self.run(self.client.get_verification(company_id=company_id))

    def ask_for_verification(
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
        return self.run(
            self.client.ask_for_verification(
                company_id=company_id,
                name=name,
                email=email,
                language=language,
                personal_number=personal_number,
                signer=signer,
            )
        )

    def resend_invitation(self, company_id: str | int) -> answers.CompanyVerification:
        """Have the invitation sent once more, to the same person."""
        return self.run(self.client.resend_invitation(company_id=company_id))

    def forward_invitation(
        self,
        company_id: str | int,
        name: str,
        email: str,
        *,
        language: Literal["en", "sv", "nb"] | None = None,
        personal_number: str | None = None,
    ) -> answers.CompanyVerification:
        """Have somebody else invited; the invitation before counts no more."""
        return self.run(
            self.client.forward_invitation(
                company_id=company_id,
                name=name,
                email=email,
                language=language,
                personal_number=personal_number,
            )
        )

    def cancel_verification(self, company_id: str | int) -> answers.CompanyVerification:
        """Take the request to sign back: the invitation opens nothing any more."""
        return self.run(self.client.cancel_verification(company_id=company_id))

    def get_logo(self) -> SyncStreamed:
        """Read your logo."""
        return self.streamed(self.client.get_logo())

    def put_logo(self, content: Body, media_type: Literal["image/png", "image/jpeg"]) -> None:
        """Set your logo, in place of the one there was."""
        self.run(self.client.put_logo(content=content, media_type=media_type))

    def remove_logo(self) -> None:
        """Remove your logo."""
        self.run(self.client.remove_logo())

    def look_up(
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
        return self.run(
            self.client.look_up(
                participants=participants,
                recipient=recipient,
                document=document,
                channels=channels,
                disabled_channels=disabled_channels,
            )
        )

    def find_ways(
        self, content: Body, media_type: Literal["application/json", "text/csv"]
    ) -> answers.LookupJob:
        """Find the channel of each customer in a file."""
        return self.run(self.client.find_ways(content=content, media_type=media_type))

    def list_lookup_jobs(self) -> answers.LookupJobList:
        """List your files of customers, and how far each is."""
        return self.run(self.client.list_lookup_jobs())

    def get_lookup_job(self, lookup_job_id: str | int) -> answers.LookupJob:
        """Read how far a file of customers is."""
        return self.run(self.client.get_lookup_job(lookup_job_id=lookup_job_id))

    def remove_lookup_job(self, lookup_job_id: str | int) -> None:
        """Cancel a file of customers where it is running, and delete all of it."""
        self.run(self.client.remove_lookup_job(lookup_job_id=lookup_job_id))

    def get_lookup_result(self, lookup_job_id: str | int) -> answers.CustomerWays:
        """Read what is proposed for the customers of a file, as far as it is."""
        return self.run(self.client.get_lookup_result(lookup_job_id=lookup_job_id))

    def get_lookup_result_file(
        self, lookup_job_id: str | int, *, accept: Literal["text/csv"] = "text/csv"
    ) -> SyncStreamed:
        """Read what is proposed for the customers of a file, as far as it is."""
        return self.streamed(
            self.client.get_lookup_result_file(lookup_job_id=lookup_job_id, accept=accept)
        )

    def validate_document(
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
        return self.run(self.client.validate_document(content=content, media_type=media_type))

    def preview_document(
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
        return self.run(self.client.preview_document(content=content, media_type=media_type))

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
    ) -> SyncStreamed:
        """See what would become of a document, as if it had been handed in."""
        return self.streamed(
            self.client.preview_document_file(content=content, media_type=media_type, accept=accept)
        )

    def list_companies(
        self, *, after: str | None = None, limit: int | None = None
    ) -> answers.Companies:
        """List the companies you may act for."""
        return self.run(self.client.list_companies(after=after, limit=limit))

    def add_company(
        self, name: str, country: str, participants: Sequence[str], *, parent_id: str | None = None
    ) -> answers.Company:
        """Add a company to your account, or a sub-unit to a company of yours."""
        return self.run(
            self.client.add_company(
                name=name, country=country, participants=participants, parent_id=parent_id
            )
        )

    def get_company(self, company_id: str | int) -> answers.Company:
        """Read a company."""
        return self.run(self.client.get_company(company_id=company_id))

    def change_company(
        self,
        company_id: str | int,
        *,
        name: str | None = None,
        participants: Sequence[str] | None = None,
    ) -> answers.Company:
        """Change the name of a company, or its addresses."""
        return self.run(
            self.client.change_company(company_id=company_id, name=name, participants=participants)
        )

    def list_keys(self, *, after: str | None = None, limit: int | None = None) -> answers.Keys:
        """List the keys that act for your companies and for no others."""
        return self.run(self.client.list_keys(after=after, limit=limit))

    def add_key(
        self,
        label: str,
        scopes: Sequence[Literal["read", "send", "receive", "manage"]],
        *,
        companies: Sequence[str] | None = None,
        expires_at: str | None = None,
    ) -> answers.KeyMade:
        """Make a key. Keep its secret: it is shown this once."""
        return self.run(
            self.client.add_key(
                label=label, scopes=scopes, companies=companies, expires_at=expires_at
            )
        )

    def get_key(self, key_id: str | int) -> answers.Key:
        """Read a key. One that was revoked is in the list only."""
        return self.run(self.client.get_key(key_id=key_id))

    def revoke_key(self, key_id: str | int) -> None:
        """Revoke a key, for good: two seconds later at the latest nobody is let in with it."""
        self.run(self.client.revoke_key(key_id=key_id))

    def rotate_key(self, key_id: str | int, *, grace_s: int | None = None) -> answers.KeyMade:
        """Give a key a new secret; its id and what it may do stay."""
        return self.run(self.client.rotate_key(key_id=key_id, grace_s=grace_s))

    def issue_token(
        self,
        content: Body,
        media_type: Literal[
            "application/x-www-form-urlencoded"
        ] = "application/x-www-form-urlencoded",
    ) -> answers.Token:
        """Exchange a key for a token (OAuth2 client credentials)."""
        return self.run(self.client.issue_token(content=content, media_type=media_type))

    def get_authorization_server(self) -> answers.AuthorizationServer:
        """Read where tokens are asked for, and how (RFC 8414)."""
        return self.run(self.client.get_authorization_server())

    def get_health(self) -> answers.Health:
        """Ask whether the process is alive."""
        return self.run(self.client.get_health())

    def get_readiness(self) -> answers.Health:
        """Ask whether documents can be handed in: the store takes a write."""
        return self.run(self.client.get_readiness())

    def get_metrics(self) -> SyncStreamed:
        """Read the metrics."""
        return self.streamed(self.client.get_metrics())

    def get_description(self) -> SyncStreamed:
        """Read this description (OpenAPI 3.1)."""
        return self.streamed(self.client.get_description())

    def get_problem_page(self, name: str | int) -> SyncStreamed:
        """Read what a problem type means and what to do about it."""
        return self.streamed(self.client.get_problem_page(name=name))
