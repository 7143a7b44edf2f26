"""Drop folders as the settings name them, put together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from gateway.clock import Clock
from gateway.drops.giving import Giving
from gateway.drops.local import LocalPlace
from gateway.drops.pick_up import PickUp
from gateway.drops.place import Place
from gateway.drops.remote import RemotePlace
from gateway.drops.rounds import Rounds, Times
from gateway.drops.section import Drops, address, directory
from gateway.drops.statuses import Statuses
from gateway.handing_in import HandingIn
from gateway.section import ConfigError, revealed
from gateway.store.port import Store
from gateway.trust.gate import Gate
from transports.sftp import Server, wrong_keys


def rounds(
    section: Drops,
    store: Store,
    clock: Clock,
    handing_in: HandingIn,
    gate: Gate,
    registry: CollectorRegistry,
) -> Rounds:
    """The handler of the folders. Raises ConfigError."""
    return Rounds(
        store,
        clock,
        places(section),
        pick_up=PickUp(store, handing_in, section.max_bytes),
        giving=Giving(store, clock, gate),
        statuses=Statuses(store, section.status),
        times=Times(timedelta(seconds=section.every_s), timedelta(seconds=section.settle_s)),
        registry=registry,
    )


def places(section: Drops) -> Mapping[str, Place]:
    """The companies' folders. Raises ConfigError where the extra is missing or a key is none."""
    return {company_id: _place(section, where) for company_id, where in section.folders.items()}


def _place(section: Drops, where: str) -> Place:
    found = address(where)
    if found is None:
        return LocalPlace(Path(where))
    server = Server(
        host=found.hostname or "",
        port=found.port or 22,
        username=found.username or "",
        host_key=section.host_key(found) or "",
        client_key=revealed(section.client_key),
        passphrase=revealed(section.passphrase),
        connect_timeout_s=section.connect_timeout_s,
    )
    try:
        faults = wrong_keys(server)
    except ImportError:
        raise ConfigError(
            "drops: the extra `sftp` is not installed; install budkavle[sftp], or name folders of"
            " this machine alone"
        ) from None
    if faults:
        raise ConfigError("\n".join(f"drops: {server.host}: {fault}" for fault in faults))
    return RemotePlace(server, directory(found), within_s=section.visit_s)
