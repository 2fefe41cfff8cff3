"""Tests of what is specific to Python, with a keystore that encrypts. Scenarios.json has what all languages share."""

import ast
import ctypes
import inspect
import re
from pathlib import Path

import pytest
import tegata
import tegata_ffi
from fakes import SECRET
from software import SoftwareKeystore

from tegata import (
    AnchorError,
    IssuerProblem,
    KeystoreError,
    ManualClock,
    NewPaymentCredential,
    NextCode,
    PaymentUnlock,
    PinProblem,
    TransferProblem,
    Wallet,
    WalletError,
)

# Fields of failures.
EXAMPLES = {"tries_left": 9, "reason": "the disk is full"}
PROBLEMS = {
    "WeakPin": PinProblem.TOO_SHORT,
    "Issuer": IssuerProblem.INVALID_CREDENTIALS(),
    "Transfer": TransferProblem.CORRUPT,
}


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


def test_each_failure_prints_a_clause():
    for group in (WalletError, KeystoreError, AnchorError):
        kinds = [it for it in vars(group).values() if isinstance(it, type)]
        assert kinds
        for kind in kinds:
            fields = EXAMPLES | {"problem": PROBLEMS.get(kind.__name__)}
            printed = str(kind(**{name: fields[name] for name in inspect.signature(kind).parameters}))
            assert printed and kind.__name__ not in printed, kind


def test_modules_and_pictures_agree(path, keystore):
    unlock = PaymentUnlock.without_lock()
    with Wallet.create(path, keystore) as wallet:
        code = next(wallet.payments.codes(unlock, add(wallet, unlock)))
    # The finder pattern, and the start of Code 128 in set C: bars of 2, 1 and 3.
    assert [code.qr.is_dark(x, 0) for x in range(7)] == [True] * 7
    assert "".join("10"[not code.code128.is_dark(x, 0)] for x in range(11)) == "11010011100"
    assert not (code.qr.is_dark(21, 0) or code.qr.is_dark(0, -1) or code.code128.is_dark(0, 1))
    for symbol, height in ((code.qr, 1), (code.code128, code.code128.bar_height)):
        drawn = re.findall(r"M(\d+) (\d+)h1v(\d+)h-1z", symbol.svg())
        dark = [(x, y) for y in range(symbol.height) for x in range(symbol.width) if symbol.is_dark(x, y)]
        assert [(int(x), int(y)) for x, y, _ in drawn] == [
            (x + symbol.quiet_sides, y * height + symbol.quiet_ends) for x, y in dark
        ]
        assert {bar for *_, bar in drawn} == {str(height)}


def test_codes_come_at_the_start_of_each_half_minute(path, keystore):
    now = 1_800_000_007
    clock = ManualClock(now)
    with Wallet.create(path, keystore, clock=clock) as wallet, PaymentUnlock.without_lock() as unlock:
        waited = []

        def sleep(seconds):
            nonlocal now
            waited.append(round(seconds))
            now += round(seconds)
            clock.set(now)

        codes = wallet.payments.codes(unlock, add(wallet, unlock), sleep=sleep)
        assert [next(codes).valid_from for _ in range(3)] == [1_800_000_000, 1_800_000_030, 1_800_000_060]
        assert waited == [23, 30]


def test_an_unlock_is_locked_at_the_end_of_its_with_statement(path, keystore):
    with Wallet.create(path, keystore) as wallet:
        id = add(wallet, PaymentUnlock.without_lock())
        wallet.payments.set_pin(PaymentUnlock.without_lock(), b"739164")
        with wallet.payments.unlock_with_pin(b"739164") as unlock:
            codes = wallet.payments.codes(unlock, id, sleep=lambda seconds: None)
            assert next(codes).digits
        with pytest.raises(WalletError.PaymentsLocked):
            next(codes)


def test_the_version_is_the_librarys():
    assert re.fullmatch(r"\d+\.\d+\.\d+", tegata.__version__)


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
