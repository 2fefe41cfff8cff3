"""Tests of what is specific to Python, with a keystore that encrypts. Scenarios.json has what all languages share."""

import ast
import ctypes
from pathlib import Path

import pytest
import tegata
import tegata_ffi
from fakes import SECRET
from software import SoftwareKeystore

from tegata import NewPaymentCredential, NextCode, PaymentUnlock, Wallet, WalletError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "wallet"


@pytest.fixture
def keystore():
    return SoftwareKeystore()


def add(wallet, unlock):
    new = NewPaymentCredential(credential=b"\x01" * 16, label="Ann", prefix="4960", alias_period=86_400)
    return wallet.payments.add(unlock, new, bytes(range(32)))


def test_a_with_statement_closes_the_wallet(path, keystore):
    with Wallet.create(path, keystore) as wallet:
        add(wallet, PaymentUnlock.without_lock())
    with pytest.raises(WalletError.Closed):
        wallet.payments.list()
    with pytest.raises(WalletError.WrongDevice):
        Wallet.open(path, SoftwareKeystore())
    with Wallet.open(str(path), keystore) as wallet:
        assert [payment.label for payment in wallet.payments.list()] == ["Ann"]


def test_codes_print_no_digit(path, keystore):
    unlock = PaymentUnlock.without_lock()
    with Wallet.create(path, keystore) as wallet:
        next = wallet.payments.next_code(unlock, add(wallet, unlock))
    assert isinstance(next, NextCode.CODE)
    for printed in (next.code, next.code.qr, next):
        assert next.code.digits not in str(printed) + repr(printed)


def test_an_error_prints_a_clause_and_has_named_fields(path, keystore):
    unlock = PaymentUnlock.without_lock()
    with Wallet.create(path, keystore) as wallet:
        wallet.payments.set_pin(unlock, b"739164")
        with pytest.raises(WalletError.WrongPin) as error:
            wallet.payments.unlock_with_pin(b"915283")
    assert error.value.tries_left == 9
    assert str(error.value) == "wrong PIN, attempts left: 9"


def test_a_panic_prints_its_place_without_its_text(path, keystore, capfd):
    wallet = Wallet.create(path, keystore)
    with pytest.raises(WalletError.Internal):
        tegata_ffi.panic_inside(wallet._handle, SECRET)
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err
    assert "tegata: panic at " in printed.err


def test_freed_memory_is_wiped():
    buffer = tegata_ffi._UniffiRustBuffer.alloc(4096)
    place = ctypes.cast(buffer.data, ctypes.c_void_p).value
    ctypes.memmove(place, b"S" * 4096, 4096)
    assert ctypes.string_at(place, 4096) == b"S" * 4096
    buffer.free()
    # The heap's own notes may stand there now, and whatever was put there since; what was there before may not.
    assert b"S" * 8 not in ctypes.string_at(place, 4096)


def test_stubs_declare_the_errors_that_are_raised():
    stub = ast.parse((Path(tegata.__file__).parent / "_errors.pyi").read_text())
    for group in (it for it in stub.body if isinstance(it, ast.ClassDef)):
        described = {it.name for it in group.body if isinstance(it, ast.ClassDef)}
        raised = {name for name, it in vars(getattr(tegata, group.name)).items() if isinstance(it, type)}
        assert described == raised, group.name
