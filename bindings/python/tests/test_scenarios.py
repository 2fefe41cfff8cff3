"""Runs bindings/scenarios.json: each verb is a method of `Run`, its arguments are the step's."""

import json
import shutil
import time
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tegata_ffi
from fakes import SECRET, FakeAnchor, FakeKeystore
from issuer import Issuer

from tegata import (
    AccountAt,
    AnchorState,
    AnchorFailure,
    IssuerResponse,
    KeystoreFailure,
    Language,
    NewPayment,
    NextCode,
    Pass,
    PassFormat,
    SecondFactor,
    SetClock,
    PaymentUnlock,
    Wallet,
    WalletError,
    carried,
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
        self._anchors = {self._file.name: self._anchor}
        self._clock = SetClock(0)
        self._wallet = None
        self._unlocked = PaymentUnlock.without_lock()
        self._values = dict(FILE["values"])
        self._issuer = Issuer()
        self._begun = None
        self._factor = None

    def step(self, do, gives=ANYTHING, fails=None, save=None, **arguments):
        assert not do.startswith("_") and do != "step" and hasattr(self, do), "there is no such verb"
        try:
            given = getattr(self, do)(**self._filled(arguments))
        except WalletError as error:
            assert SECRET not in "".join(traceback.format_exception(error)) + repr(error), "the error tells a secret"
            given, came = None, f"{kind(error)}: {error}"
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

    def pick(self, of, at):
        for name in at:
            of = of[name]
        return of

    def altered(self, text, at):
        """With another character in the place of that one."""
        return text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]

    # The device

    def clock(self, seconds):
        self._clock.set(seconds)

    def clock_now(self, plus=0):
        self._clock.set(int(time.time()) + plus)

    def signs(self):
        for number, keystore in self._keystores.items():
            keystore.signer = tegata_ffi.TestKey(str(self._file.with_name(f"key-{number}")))

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
        self._anchor.anchored = AnchorState(vault=bytes.fromhex(vault), epoch=epoch, failed_pin_tries=failed_pin_tries)

    def signs_wrong(self):
        """With the other device's key, while it gives out its own."""
        self._keystores[1].forger = self._keystores[2].signer

    # The file

    def file(self, name):
        """Another wallet's from now on, with an anchor of its own."""
        self._file = self._file.with_name(name)
        self._anchor = self._anchors.setdefault(name, FakeAnchor())

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
        self._unlocked = PaymentUnlock.without_lock()

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

    # A new phone

    def move_begin(self):
        return move_request(self._wallet.moving.begin())

    def move_waits(self):
        waits = self._wallet.moving.waits()
        return waits and move_request(waits)

    def move_give_up(self):
        self._wallet.moving.give_up()

    def move_read(self, request):
        return move_request(self._wallet.moving.read(request))

    def move_give(self, request, number, chosen):
        answer = self._wallet.moving.give(self._unlocked, request, number, chosen)
        return vars(answer) | {"qr": answer.qr and symbol(answer.qr)}

    def move_take(self, answer):
        return self._wallet.moving.take(answer)

    # The issuer, a till there, and whoever has an account there

    def issuer(self, name):
        self._issuer.named(name)

    def issuer_says(self, status, body, retry_after=None):
        self._issuer.says = IssuerResponse(status=status, body=body.encode(), retry_after=retry_after)

    def last_request(self):
        return self._issuer.last

    def till_shows(self):
        return self._issuer.till_shows()

    def till_takes(self, code, amount):
        return self._issuer.till_takes(code, amount)

    def somebody(self):
        return f"{uuid.uuid4().hex}@example.org"

    def mail(self, to, subject):
        return self._issuer.code(to, subject)

    # The account

    def known(self):
        known = self._wallet.account.known()
        return known and {"handle": known.at.handle, "device": known.at.device_name, "logged_in": known.logged_in}

    def sign_up(self, handle):
        self._begun = self._ask(self._wallet.account.sign_up(self._at(handle), Language.ENGLISH))

    def sign_up_code(self, code, password):
        self._factor = self._ask(self._begun.code(code, password.encode()))

    def sign_up_factor(self, totp):
        return self._ask(self._begun.factor(totp)).reveal()

    def keep_factor(self):
        return self._factor.keep_here()

    def reveal_factor(self):
        return self._factor.reveal_uri().decode()

    def log_in(self, handle, password, issuer=None, **factor):
        at = self._at(handle, issuer)
        return vars(self._ask(self._wallet.account.log_in(at, password.encode(), second_factor(**factor))))

    def reset(self, handle):
        self._begun = self._ask(self._wallet.account.reset(self._at(handle)))

    def reset_proof(self, code, **factor):
        self._ask(self._begun.proof(code, second_factor(**factor)))

    def reset_finish(self, password):
        self._ask(self._begun.finish(password.encode()))

    def overview(self):
        view = vars(self._ask(self._wallet.account.overview()))
        return view | {name: [vars(it) for it in view[name]] for name in ("devices", "sessions")}

    def prove(self, totp):
        self._ask(self._wallet.account.prove(totp))

    def enrol(self):
        self._factor = self._ask(self._wallet.account.enrol())

    def enrol_code(self, totp):
        self._ask(self._wallet.account.enrol_code(totp))

    def renew_recovery_codes(self):
        return self._ask(self._wallet.account.renew_recovery_codes()).reveal()

    def log_out(self):
        self._ask(self._wallet.account.log_out())

    def drop_session(self):
        self._wallet.account.drop_session()

    def end_sessions(self, number=None):
        self._ask(self._wallet.account.end_sessions(number))

    def forget_device(self, id):
        self._ask(self._wallet.account.forget_device(id))

    def freeze(self):
        self._ask(self._wallet.account.freeze())

    def unfreeze(self):
        self._ask(self._wallet.account.unfreeze())

    def freeze_by_code(self, handle, code):
        self._ask(self._wallet.account.freeze_by_code(self._at(handle), code))

    def take_back(self, handle, code, **factor):
        self._ask(self._wallet.account.take_back(self._at(handle), code, second_factor(**factor)))

    def close_account(self):
        self._ask(self._wallet.account.close_account())

    def keep_account(self):
        self._ask(self._wallet.account.keep_account())

    def provision(self, label):
        call = self._wallet.account.provision()
        return call.answered(self._unlocked, label, self._issuer.send(call.request()))

    def provision_waits(self):
        return self._wallet.account.provision_waits()

    def drop_provision(self):
        self._wallet.account.drop_provision()

    def cards(self):
        return self._cards(self._wallet.account.cards())

    def add_card(self, token):
        return self._cards(self._wallet.account.add_card(token))

    def charge_card(self, id):
        return self._cards(self._wallet.account.charge_card(id))

    def remove_card(self, id):
        return self._cards(self._wallet.account.remove_card(id))

    def till_card(self, id, text):
        return vars(self._wallet.payments.till_card(id, text))

    def payments(self, before=None):
        return payment_page(self._ask(self._wallet.account.payments(before)))

    def kept_payments(self):
        kept = self._wallet.account.kept_payments()
        return kept and payment_page(kept)

    def move_address(self, address):
        self._ask(self._wallet.account.move_address(address, Language.ENGLISH))

    def move_address_code(self, address, code):
        self._ask(self._wallet.account.move_address_code(address, code))

    def _cards(self, call):
        """By their last digits: what came in one second stands in no order."""
        return sorted((vars(card) for card in self._ask(call)), key=lambda card: card["last4"])

    def _ask(self, call):
        return carried(call, self._issuer.send)

    def _at(self, handle, issuer=None):
        return AccountAt(handle=handle, issuer=issuer or self._issuer.url, device_name="phone")


def second_factor(totp=None, recovery_code=None):
    if totp is not None:
        return SecondFactor.totp(totp)
    return None if recovery_code is None else SecondFactor.recovery_code(recovery_code.encode())


def kind(error):
    """The error's name, with the problem if it tells one."""
    name = type(error).__name__
    if not hasattr(error, "problem"):
        return name
    problem = getattr(error.problem, "name", None) or type(error.problem).__name__.split(".")[-1]
    return f"{name} {problem.title().replace('_', '')}"


def clock_status(status):
    name = type(status).__name__.split(".")[-1].lower().replace("_", " ")
    return f"{name} {status.seconds}" if hasattr(status, "seconds") else name


def move_request(request):
    return vars(request) | {"qr": symbol(request.qr)}


def payment_page(page):
    return vars(page) | {"payments": [vars(it) | {"state": it.state.name.lower()} for it in page.payments]}


def symbol(symbol):
    return vars(symbol) | {"rows": symbol.rows.hex()}
