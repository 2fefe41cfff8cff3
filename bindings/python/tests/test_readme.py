"""The lines that README shows, run as they stand there."""

import re
from pathlib import Path

from software import SoftwareKeystore

from tegata import NewPayment, NextCode, PaymentUnlock, Wallet

README = Path(__file__).parents[2] / "README.md"


def test_the_ten_lines_make_a_code(tmp_path):
    path, keystore, pin = tmp_path / "wallet", SoftwareKeystore(), b"2580"
    with Wallet.create(path, keystore) as wallet:
        unlocked = PaymentUnlock.without_lock()
        new = NewPayment(credential=bytes(16), label="Ann", prefix="4960", alias_period=86_400)
        id = wallet.payments.add(unlocked, new, bytes(range(32)))
        wallet.payments.set_pin(unlocked, pin)
    (lines,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    names = {"Wallet": Wallet, "path": path, "keystore": keystore, "pin": pin, "id": id}
    exec(lines, names)
    assert isinstance(names["next"], NextCode.CODE)
