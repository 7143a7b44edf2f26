"""What would become of a document that is handed in: checked, completed, planned and drawn.

In charge of running intake, routing and drawing in that order, for those who only look and for the
job `prepare`. Pure: nothing is stored and nobody is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from gateway.customers import settled
from gateway.image_rule import ImageRule, image_rule
from gateway.intake.attachment import embedded
from gateway.intake.prepare import Prepared, Rejected, prepare
from gateway.pdf.html import html
from gateway.pdf.logo import Logo
from gateway.pdf.render import render
from gateway.routing.orders import Orders, shipped
from gateway.routing.plan import Plan, plan
from schemas.marks import mark
from transports.base import File


@dataclass(frozen=True, slots=True)
class Ready:
    """A document that would be sent, and by which plan."""

    prepared: Prepared
    plan: Plan
    image: ImageRule = ImageRule.DRAWN

    def attached_image(self) -> File | None:
        """The attachment that would go as the invoice's PDF. Whether it opens is seen later."""
        if self.image is not ImageRule.FIRST_ATTACHMENT:
            return None
        first = next(iter((*embedded(self.prepared.invoice), *self.prepared.attachments)), None)
        return first if first is not None and first.media_type == "application/pdf" else None

    def pdf(self, logo: Logo | None = None) -> bytes:
        """The invoice as its recipient would see it, as PDF."""
        attached = self.attached_image()
        if attached is not None:
            return attached.content
        return render(self.prepared.invoice, self.prepared.summary.language, logo)

    def html(self, logo: Logo | None = None) -> str:
        """The invoice as its recipient would see it, as HTML."""
        return html(self.prepared.invoice, self.prepared.summary.language, logo)


def preview(
    original: File,
    attachments: Sequence[File],
    delivery: Mapping[str, Any],
    *,
    configured: Collection[str],
    at: date,
    orders: Orders | None = None,
    settings: Mapping[str, Any] = MappingProxyType({}),
    above: tuple[Mapping[str, Any], ...] = (),
) -> Ready | Rejected:
    """Looks at a submission as `gateway.intake.prepare` takes it; whatever the bytes, never raises.

    `configured` are the channels set up here, `orders` None those that are shipped, `settings` the
    company's, `above` those above it.
    """
    in_effect = {name: value for layer in (*above[::-1], settings) for name, value in layer.items()}
    result = prepare(original, attachments, delivery, at=at, settings=in_effect)
    if isinstance(result, Rejected):
        return result
    of_customer = settled(settings, result.recipient, above)
    route = plan(
        result.recipient,
        result.summary,
        delivery,
        configured=configured,
        orders=orders or shipped(),
        at=at,
        profile=result.profile,
        mark=mark(result.invoice),
        settled=of_customer,
    )
    return Ready(result, route, image_rule(of_customer))


def told(seen: Ready | Rejected) -> dict[str, Any]:
    """What a preview says, as JSON data but for Decimal; `document` is the UBL as text."""
    ready = seen if isinstance(seen, Ready) else None
    result = ready.prepared if ready else seen
    assert not isinstance(result, Ready)
    report = result.report
    return {
        "ok": report.ok,
        "profile": report.profile,
        "structure_ok": report.structure_ok,
        "findings": [asdict(finding) for finding in report.findings],
        "filled_in": [asdict(each) for each in result.added.told],
        "filled_in_left_out": result.added.left_out,
        "head": asdict(result.head) if result.head else None,
        "plan": ready.plan.data() if ready else None,
        "image": _image(ready) if ready else None,
        "document": ready.prepared.document.decode("utf-8", "replace") if ready else None,
    }


def _image(ready: Ready) -> dict[str, Any]:
    attached = ready.attached_image()
    rule = ready.image
    if rule is ImageRule.FIRST_ATTACHMENT and attached is None:
        rule = ImageRule.DRAWN
    return {"rule": rule.value, "file": attached.name if attached else None}
