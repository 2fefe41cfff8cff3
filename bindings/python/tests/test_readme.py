"""Runs the example of README as it stands there."""

import re
from pathlib import Path

import pytest
from software import SoftwareKeystore

from tegata import NewPaymentCredential, PaymentUnlock, Wallet

README = Path(__file__).parents[2] / "README.md"


def test_readme_example_makes_a_code(tmp_path):
    path = tmp_path / "wallet"
    keystore = SoftwareKeystore()
    pin = b"739164"
    with Wallet.create(path, keystore) as wallet:
        unlock = PaymentUnlock.without_lock()
        new = NewPaymentCredential(credential=bytes(16), label="Ann", prefix="4960", alias_period=86_400)
        id = wallet.payments.add(unlock, new, bytes(range(32)))
        wallet.payments.set_pin(unlock, pin)
    (lines,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    shown = []

    class Enough(Exception):
        pass

    def show(picture, spoken):
        shown.append((picture, spoken))
        raise Enough

    with pytest.raises(Enough):
        exec(lines, {"Wallet": Wallet, "path": path, "keystore": keystore, "pin": pin, "id": id, "show": show})
    ((picture, spoken),) = shown
    assert picture.startswith("<svg ") and spoken.startswith("four nine six zero, ")
