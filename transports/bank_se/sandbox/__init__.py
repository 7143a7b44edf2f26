"""The banks' distributor on loopback."""

from transports.bank_se.sandbox.behaviour import MAGIC as MAGIC
from transports.bank_se.sandbox.behaviour import Behaviour as Behaviour
from transports.bank_se.sandbox.distributor import Kept as Kept
from transports.bank_se.sandbox.distributor import Sandbox as Sandbox
