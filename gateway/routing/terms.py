"""What a company has settled with a channel: `channels` in its settings, by channel.

In charge of finding it. Not in charge of what it may say: each channel knows its own
(`transports.base.Contracted`). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

CHANNELS: Final = "channels"


def terms(settings: Mapping[str, Any], channel: str) -> Mapping[str, Any]:
    """A company's terms with a channel; empty where it has none."""
    found: Mapping[str, Any] = settings.get(CHANNELS, {}).get(channel, {})
    return found
