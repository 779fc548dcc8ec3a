"""A whole seed for tests: a block, a customer with a contract and a login, lines, a trunk."""

from provisioning.audit.model import Origin
from provisioning.contract import E164, ContractKind, Location, Profile, Trunk, TrunkClass
from provisioning.seeds import (
    Seed,
    SeedBlock,
    SeedContract,
    SeedCustomer,
    SeedLogin,
    SeedTrunk,
)
from tests.support.storage import seed

OPERATOR = Origin("operator", "test")
CONTRACT = SeedContract(
    id="K00000007",
    plan="standard",
    profile=Profile.NTT,
    location=Location("東京", "東京都"),
    number_cap=3,
    login=SeedLogin("demo-shop", "marker-password"),
)
CUSTOMER = SeedCustomer(
    id="C00000005",
    kind=ContractKind.CORPORATE,
    name="特番商店",
    postal_code="100-0001",
    address="東京都千代田区千代田1-1",
    phone="03-1234-5678",
    mail="shop@tokuban.example",
    contracts=(CONTRACT,),
)
TRUNK = SeedTrunk(
    Trunk(
        "other-carrier",
        TrunkClass.MOBILE,
        ("192.0.2.200:5060;transport=udp",),
        account="other-carrier",
        prefixes=("070",),
    ),
    "marker-trunk-password",
)
BLOCK = SeedBlock(E164("+815000000000"), E164("+815000000009"))


def whole() -> Seed:
    """The lines of `storage.seed()` and the rest."""
    return Seed(tuple(seed()), (CUSTOMER,), (BLOCK,), (TRUNK,))
