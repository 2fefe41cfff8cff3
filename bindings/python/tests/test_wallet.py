"""What is Python's own, with a keystore that encrypts. What all languages share is in scenarios.json."""

import ast
import ctypes
from pathlib import Path

import pytest
import tegata
import tegata_ffi
from fakes import SECRET
from software import SoftwareKeystore

from tegata import NewPayment, NextCode, PaymentUnlock, Wallet, WalletError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "wallet"


@pytest.fixture
def keystore():
    return SoftwareKeystore()


def add(wallet, unlocked):
    new = NewPayment(credential=b"\x01" * 16, label="Ann", prefix="4960", alias_period=86_400)
    return wallet.payments.add(unlocked, new, bytes(range(32)))


def test_a_wallet_is_closed_at_the_end_of_its_with_and_opened_by_a_real_keystore(path, keystore):
    with Wallet.create(path, keystore) as wallet:
        add(wallet, PaymentUnlock.without_lock())
    with pytest.raises(WalletError.Closed):
        wallet.payments.list()
    with pytest.raises(WalletError.WrongDevice):
        Wallet.open(path, SoftwareKeystore())
    with Wallet.open(str(path), keystore) as wallet:
        assert [payment.label for payment in wallet.payments.list()] == ["Ann"]


def test_neither_a_code_nor_what_holds_it_prints_a_digit(path, keystore):
    unlocked = PaymentUnlock.without_lock()
    with Wallet.create(path, keystore) as wallet:
        next = wallet.payments.next_code(unlocked, add(wallet, unlocked))
    assert isinstance(next, NextCode.CODE)
    for printed in (next.code, next.code.qr, next):
        assert next.code.digits not in str(printed) + repr(printed)


def test_what_an_error_prints_is_a_clause_and_what_it_holds_has_a_name(path, keystore):
    unlocked = PaymentUnlock.without_lock()
    with Wallet.create(path, keystore) as wallet:
        wallet.payments.set_pin(unlocked, b"2580")
        with pytest.raises(WalletError.WrongPin) as error:
            wallet.payments.unlock_with_pin(b"0852")
    assert error.value.tries_left == 9
    assert str(error.value) == "wrong PIN, attempts left: 9"


def test_a_panic_prints_where_it_was_and_not_what_it_said(path, keystore, capfd):
    wallet = Wallet.create(path, keystore)
    with pytest.raises(WalletError.Broken):
        tegata_ffi.panic_inside(wallet._handle, SECRET)
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err
    assert "tegata: panic at " in printed.err


def test_what_the_library_frees_is_wiped():
    buffer = tegata_ffi._UniffiRustBuffer.alloc(4096)
    place = ctypes.cast(buffer.data, ctypes.c_void_p).value
    ctypes.memmove(place, b"S" * 4096, 4096)
    assert ctypes.string_at(place, 4096) == b"S" * 4096
    buffer.free()
    # The heap's own notes may stand there now, and whatever was put there since; what was there before may not.
    assert b"S" * 8 not in ctypes.string_at(place, 4096)


def test_type_checkers_see_the_errors_that_are_raised():
    stub = ast.parse((Path(tegata.__file__).parent / "_errors.pyi").read_text())
    for group in (it for it in stub.body if isinstance(it, ast.ClassDef)):
        described = {it.name for it in group.body if isinstance(it, ast.ClassDef)}
        raised = {name for name, it in vars(getattr(tegata, group.name)).items() if isinstance(it, type)}
        assert described == raised, group.name
