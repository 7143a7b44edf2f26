"""`budkavle lookup`, against the sandbox's network."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.client import Client
from gateway.sandbox import OTHERS, SENDER, Sandbox
from tests.e2e.command import budkavle
from transports.peppol.sandbox.network import ZONE


def settings(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """The network's settings, as a gateway of it has them; a key is not needed to look up."""
    keys = sandbox.gateway.settings.data / "peppol"
    named = {name: json.dumps([str(keys / f"{name}.pem")]) for name in ("roots",)}
    named |= {
        "access_point_cas": json.dumps([str(keys / "access_point_cas.pem")]),
        "publisher_cas": json.dumps([str(keys / "publisher_cas.pem")]),
        "zone": ZONE,
        "name_servers": '["127.0.0.1"]',
        "name_server_port": str(sandbox.network.name_server.port),
        "key_store": str(keys / "key_store.pem"),
        "host": "gateway.example",
        "plain_http": "true",
    }
    return {
        "BUDKAVLE_DATA": str(folder),
        **{f"BUDKAVLE_PEPPOL__{name.upper()}": value for name, value in named.items()},
    }


async def test_it_tells_what_a_participant_takes(sandbox: Sandbox, tmp_path: Path) -> None:
    result = await budkavle("lookup", str(OTHERS[0]), environment=settings(sandbox, tmp_path))
    rows = result.lines
    assert result.code == 0, result.err
    assert {row["document"].partition(" ")[0] for row in rows} == {
        *("Invoice", "CreditNote", "ApplicationResponse")
    }
    for row in rows:
        assert row["access_point"] == "POP000099"
        assert 700 < row["certificate_days"] <= 730
        assert (row["answer"], row["code"]) == ("yes", "peppol.found")


async def test_who_is_not_there_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    both = ("0007:5560360793", str(OTHERS[0]))
    result = await budkavle("lookup", *both, environment=settings(sandbox, tmp_path))
    assert result.code == 1
    assert "not registered in Peppol" in result.err
    assert {row["participant"] for row in result.lines} == {str(OTHERS[0])}


async def test_without_a_network_it_says_what_to_set(tmp_path: Path) -> None:
    result = await budkavle(
        "lookup", "0007:5560360793", environment={"BUDKAVLE_DATA": str(tmp_path)}
    )
    assert result.code == 2
    assert "[peppol]" in result.err


async def test_what_is_no_participant_is_refused(tmp_path: Path) -> None:
    result = await budkavle("lookup", "918130047", environment={"BUDKAVLE_DATA": str(tmp_path)})
    assert result.code == 2
    assert "0192:918130047" in result.err


async def test_the_month_s_reports_are_made_and_checked(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    result = await budkavle(
        *("report", "peppol", "--month", "2026-10", "--to", folder),
        environment=settings(sandbox, tmp_path / "data"),
    )
    assert result.code == 0, result.err
    assert [(row["report"], row["seat"], row["ok"]) for row in result.lines] == [
        ("tsr", "POP000001", True),
        ("eusr", "POP000001", True),
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["eusr-2026-10.xml", "tsr-2026-10.xml"]


async def test_doctor_tells_how_we_stand_in_the_network(sandbox: Sandbox, tmp_path: Path) -> None:
    result = await budkavle("doctor", environment=settings(sandbox, tmp_path))
    told = [row for row in result.lines if row["what"] == "peppol"]
    assert [row["level"] for row in told] == ["ok", "ok"], told
    assert "POP000001" in told[0]["text"]


async def test_metrics_tell_the_days_of_the_certificate(sandbox: Sandbox) -> None:
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        text = (await client.get_bytes("/metrics")).decode()
    (row,) = (row for row in text.splitlines() if row.startswith("budkavle_certificate_days{"))
    assert 700 < float(row.split()[-1]) < 730


async def test_it_finds_the_channels_of_a_file_of_customers(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    file, out = tmp_path / "customers.csv", tmp_path / "found.csv"
    here = {"BUDKAVLE_URL": sandbox.gateway.url, "BUDKAVLE_API_KEY": SENDER.key}
    file.write_text(
        "customer,name,country,participant,email\n"
        f"1,Peppol AB,SE,{OTHERS[0]},\n"
        "2,Mail AB,SE,,a@b.example\n"
        "3,Nobody AB,SE,,\n"
    )
    result = await budkavle("lookup", "--file", file, environment=here)
    assert result.code == 0, result.err
    assert [(row["customer"], row["channel"]) for row in result.lines] == [
        *(("1", "peppol"), ("2", "email")),
        ("3", None),
    ]
    assert "3 customers: email 1, none 1, peppol 1" in result.err
    again = await budkavle("lookup", "--file", file, "--out", out, environment=here)
    assert again.code == 0 and out.read_text().splitlines()[1].startswith("1,1,Peppol AB,")
    file.write_text("name,land\nA,SE\n")
    refused = await budkavle("lookup", "--file", file, environment=here)
    assert refused.code == 1 and "land" in refused.err and "country" in refused.err
