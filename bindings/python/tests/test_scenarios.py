"""Runs bindings/scenarios.json: each verb is a method of `Run`, its arguments are the step's."""

import json
import shutil
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tegata_ffi
from fakes import SECRET, FakeAnchor, FakeKeystore

from tegata import (
    Anchored,
    AnchorFailure,
    KeystoreFailure,
    Language,
    NewPayment,
    NextCode,
    Pass,
    PassFormat,
    SetClock,
    Unlocked,
    Wallet,
    WalletError,
)

TREE = Path(__file__).parents[3]
FILE = json.loads((TREE / "bindings" / "scenarios.json").read_text())
SCENARIOS = {scenario["name"]: scenario["steps"] for scenario in FILE["scenarios"]}


def test_there_are_scenarios_each_with_a_name_of_its_own_and_steps():
    assert len(SCENARIOS) == len(FILE["scenarios"]) > 0
    assert all(SCENARIOS.values())


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name, tmp_path):
    run = Run(tmp_path)
    for number, step in enumerate(SCENARIOS[name], 1):
        try:
            run.step(**step)
        except AssertionError as failure:
            raise AssertionError(f"step {number}, {step['do']}: {failure}") from None
    run.close()


ANYTHING = object()


def check(expected, given):
    """Of an object only the fields that are expected are looked at."""
    if isinstance(expected, dict) and isinstance(given, dict):
        for name, value in expected.items():
            check(value, given.get(name))
    elif isinstance(expected, list) and isinstance(given, list):
        assert len(expected) == len(given), f"{len(expected)} expected, {len(given)} came: {given}"
        for pair in zip(expected, given, strict=True):
            check(*pair)
    else:
        assert expected == given, f"{expected!r} expected, {given!r} came"


class Run:
    """One scenario on a device of its own: what its steps have to do with each other."""

    def __init__(self, folder):
        self._file = folder / "wallet"
        self._kept = folder / "kept"
        self._keystores = {number: FakeKeystore(number) for number in (1, 2)}
        self._keystore = self._keystores[1]
        self._anchor = FakeAnchor()
        self._clock = SetClock(0)
        self._wallet = None
        self._unlocked = Unlocked.without_lock()
        self._values = dict(FILE["values"])

    def step(self, do, gives=ANYTHING, fails=None, save=None, **arguments):
        assert not do.startswith("_") and do != "step" and hasattr(self, do), "there is no such verb"
        try:
            given = getattr(self, do)(**self._filled(arguments))
        except WalletError as error:
            assert SECRET not in "".join(traceback.format_exception(error)) + repr(error), "the error tells a secret"
            given, came = None, f"{type(error).__name__}: {error}"
        else:
            came = None
        assert came == fails, f"{fails or 'no error'!r} expected, {came or 'no error'!r} came"
        if gives is not ANYTHING:
            check(self._filled(gives), given)
        if save is not None:
            self._values[save] = given

    def _filled(self, value):
        """With the values that are named in it."""
        if isinstance(value, dict):
            return {name: self._filled(it) for name, it in value.items()}
        if isinstance(value, list):
            return [self._filled(it) for it in value]
        return self._filled(self._values[value[1:]]) if isinstance(value, str) and value.startswith("$") else value

    # The device

    def clock(self, seconds):
        self._clock.set(seconds)

    def device(self, number):
        self._keystore = self._keystores[number]

    def keystore_throws(self, failure, times=None):
        self._keystore.fault.throws(KeystoreFailure, failure, times)

    def keystore_works(self):
        self._keystore.fault.failure = None

    def keystore_knows(self, answers):
        self._keystore.answers = {bytes.fromhex(given): bytes.fromhex(answer) for given, answer in answers.items()}

    def public_key(self):
        return tegata_ffi.public_key_inside(self._keystore).hex()

    def sign(self, message):
        return tegata_ffi.sign_inside(self._keystore, bytes.fromhex(message)).hex()

    def anchor_throws(self, failure, times=None):
        self._anchor.fault.throws(AnchorFailure, failure, times)

    def anchor_works(self):
        self._anchor.fault.failure = None

    def anchored(self, vault, epoch, failed_pin_tries):
        self._anchor.anchored = Anchored(vault=bytes.fromhex(vault), epoch=epoch, failed_pin_tries=failed_pin_tries)

    # The file

    def fixture(self, file):
        shutil.copyfile(TREE / file, self._file)

    def keep_file(self):
        shutil.copyfile(self._file, self._kept)

    def file_is_as_kept(self):
        return self._file.read_bytes() == self._kept.read_bytes()

    def put_file_back(self):
        shutil.copyfile(self._kept, self._file)

    # The wallet

    def create(self):
        self._wallet = Wallet.create(self._file, self._keystore, self._anchor, self._clock)

    def open(self):
        self._wallet = Wallet.open(self._file, self._keystore, self._anchor, self._clock)

    def adopt(self):
        self._wallet = Wallet.adopt(self._file, self._keystore, self._anchor, self._clock)

    def close(self):
        if self._wallet is not None:
            self._wallet.close()

    def destroy(self):
        Wallet.destroy(self._file)

    def rewrap(self, number):
        self._wallet.rewrap(self._keystores[number])

    def replace_key(self):
        self._wallet.replace_key()

    def replacing_key(self):
        return self._wallet.replacing_key

    def panic(self):
        tegata_ffi.panic_inside(self._wallet._handle, SECRET)

    # Payments

    def add(self, payment):
        new = NewPayment(
            credential=bytes.fromhex(payment["credential"]),
            label=payment["label"],
            prefix=payment["prefix"],
            alias_period=payment["alias_period"],
        )
        return self._wallet.payments.add(self._unlocked, new, bytes.fromhex(payment["seed"]))

    def list_payments(self):
        return [
            {"id": it.id, "credential": it.credential, "label": it.label, "clock": clock_status(it.clock)}
            for it in self._wallet.payments.list()
        ]

    def next_code(self, id, till=None, language=None):
        language = language and Language[language.upper()]
        match self._wallet.payments.next_code(self._unlocked, id, till, language):
            case NextCode.CODE(code=code):
                return vars(code) | {"qr": symbol(code.qr), "code128": symbol(code.code128)}
            case NextCode.WAIT(seconds=seconds):
                return {"wait": seconds}

    def next_codes_at_once(self, ids):
        with ThreadPoolExecutor(len(ids)) as threads:
            return sorted(code.get("digits", "wait") for code in threads.map(self.next_code, ids))

    def learn_time(self, id, issuer):
        self._wallet.payments.learn_time(id, issuer)

    def remove_payment(self, id):
        self._wallet.payments.remove(id)

    def drop_all(self):
        self._wallet.payments.drop_all()

    # The payment lock

    def without_lock(self):
        self._unlocked = Unlocked.without_lock()

    def lock(self):
        self._unlocked.lock()

    def unlock_with_pin(self, pin):
        self._unlocked = self._wallet.payments.unlock_with_pin(pin.encode())

    def unlock_with_key(self, key):
        self._unlocked = self._wallet.payments.unlock_with_key(bytes.fromhex(key))

    def set_pin(self, pin):
        self._wallet.payments.set_pin(self._unlocked, pin.encode())

    def set_unlock_key(self, key):
        self._wallet.payments.set_unlock_key(self._unlocked, bytes.fromhex(key))

    def forget_pin(self):
        self._wallet.payments.forget_pin()

    def forget_unlock_key(self):
        self._wallet.payments.forget_unlock_key()

    def remove_lock(self):
        self._wallet.payments.remove_lock(self._unlocked)

    def lock_status(self):
        status = self._wallet.payments.lock_status()
        return status and vars(status)

    # One-time passwords and passes

    def add_otp(self, uri):
        return self._wallet.otp_credentials.add_uri(uri.encode())

    def list_otps(self):
        return [vars(otp) for otp in self._wallet.otp_credentials.list()]

    def otp_code(self, id):
        return vars(self._wallet.otp_credentials.code(id))

    def reveal_otp(self, id):
        return self._wallet.otp_credentials.reveal_uri(id).decode()

    def remove_otp(self, id):
        self._wallet.otp_credentials.remove(id)

    def add_pass(self, title, format, message, alternate_text=None):
        format = PassFormat[format.upper()]
        return self._wallet.passes.add(Pass(title=title, format=format, message=message, alternate_text=alternate_text))

    def list_passes(self):
        return [
            vars(it.content) | {"id": it.id, "format": it.content.format.name.lower()}
            for it in self._wallet.passes.list()
        ]

    def remove_pass(self, id):
        self._wallet.passes.remove(id)


def clock_status(status):
    name = type(status).__name__.split(".")[-1].lower().replace("_", " ")
    return f"{name} {status.seconds}" if hasattr(status, "seconds") else name


def symbol(symbol):
    return vars(symbol) | {"rows": symbol.rows.hex()}
