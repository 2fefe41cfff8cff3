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
    AccountProfile,
    AnchorState,
    AnchorError,
    IssuerResponse,
    KeystoreError,
    Language,
    NewPaymentCredential,
    NextCode,
    Pass,
    PassFormat,
    SecondFactor,
    ManualClock,
    PaymentUnlock,
    Wallet,
    WalletError,
    execute,
    register_card,
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
    """Compares; of an object only the fields that are expected."""
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
    """One scenario on a device of its own, and the state that its steps share."""

    def __init__(self, folder):
        self._file = folder / "wallet"
        self._kept = folder / "kept"
        self._keystores = {number: FakeKeystore(number) for number in (1, 2)}
        self._keystore = self._keystores[1]
        self._anchor = FakeAnchor()
        self._anchors = {self._file.name: self._anchor}
        self._clock = ManualClock(0)
        self._wallet = None
        self._unlock = PaymentUnlock.without_lock()
        self._values = dict(FILE["values"])
        self._issuer = Issuer()
        self._flow = None
        self._factor = None

    def step(self, do, gives=ANYTHING, fails=None, says=None, save=None, **arguments):
        assert not do.startswith("_") and do != "step" and hasattr(self, do), "there is no such verb"
        try:
            given = getattr(self, do)(**self._filled(arguments))
        except WalletError as error:
            assert SECRET not in "".join(traceback.format_exception(error)) + repr(error), "the error tells a secret"
            given, came = None, f"{kind(error)}: {error}"
            assert says is None or says == error.shopper_state().words(Language.JAPANESE)
        else:
            came = None
        assert came == fails, f"{fails or 'no error'!r} expected, {came or 'no error'!r} came"
        if gives is not ANYTHING:
            check(self._filled(gives), given)
        if save is not None:
            self._values[save] = given

    def _filled(self, value):
        """Replaces the names of saved values in it by the values."""
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
        """Replaces the character at this place by another."""
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
        self._keystore.fault.throws(KeystoreError, failure, times)

    def keystore_works(self):
        self._keystore.fault.failure = None

    def keystore_knows(self, answers):
        self._keystore.answers = {bytes.fromhex(given): bytes.fromhex(answer) for given, answer in answers.items()}

    def public_key(self):
        return tegata_ffi.public_key_inside(self._keystore).hex()

    def sign(self, message):
        return tegata_ffi.sign_inside(self._keystore, bytes.fromhex(message)).hex()

    def anchor_throws(self, failure, times=None):
        self._anchor.fault.throws(AnchorError, failure, times)

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
        self._wallet = Wallet.open_rolled_back(self._file, self._keystore, self._anchor, self._clock)

    def close(self):
        if self._wallet is not None:
            self._wallet.close()

    def destroy(self):
        Wallet.destroy(self._file)

    def rewrap(self, number):
        self._wallet.change_keystore(self._keystores[number])

    def replace_key(self):
        self._wallet.rekey()

    def replacing_key(self):
        return self._wallet.is_rekeying

    def panic(self):
        tegata_ffi.panic_inside(self._wallet._handle, SECRET)

    # Payments

    def add(self, payment):
        new = NewPaymentCredential(
            credential=bytes.fromhex(payment["credential"]),
            label=payment["label"],
            prefix=payment["prefix"],
            alias_period=payment["alias_period"],
        )
        return self._wallet.payments.add(self._unlock, new, bytes.fromhex(payment["seed"]))

    def list_payments(self):
        return [
            {"id": it.id, "credential": it.credential, "label": it.label, "clock": clock_status(it.clock)}
            for it in self._wallet.payments.list()
        ]

    def next_code(self, id, till=None, language=None):
        language = language and Language[language.upper()]
        match self._wallet.payments.next_code(self._unlock, id, till, language):
            case NextCode.CODE(code=code):
                return vars(code) | {"qr": symbol(code.qr), "code128": symbol(code.code128)}
            case NextCode.WAIT(seconds=seconds):
                return {"wait": seconds}

    def next_codes_at_once(self, ids):
        with ThreadPoolExecutor(len(ids)) as threads:
            return sorted(code.get("digits", "wait") for code in threads.map(self.next_code, ids))

    def learn_time(self, id, issuer):
        self._wallet.payments.learn_issuer_time(id, issuer)

    def remove_payment(self, id):
        self._wallet.payments.remove(id)

    def drop_all(self):
        self._wallet.payments.remove_all()

    # The payment lock

    def without_lock(self):
        self._unlock = PaymentUnlock.without_lock()

    def lock(self):
        self._unlock.lock()

    def unlock_with_pin(self, pin):
        self._unlock = self._wallet.payments.unlock_with_pin(pin.encode())

    def unlock_with_key(self, key):
        self._unlock = self._wallet.payments.unlock_with_key(bytes.fromhex(key))

    def set_pin(self, pin):
        self._wallet.payments.set_pin(self._unlock, pin.encode())

    def set_unlock_key(self, key):
        self._wallet.payments.set_unlock_key(self._unlock, bytes.fromhex(key))

    def forget_unlock_key(self):
        self._wallet.payments.forget_unlock_key()

    def remove_lock(self):
        self._wallet.payments.remove_lock(self._unlock)

    def lock_status(self):
        status = self._wallet.payments.lock_status()
        return status and {"pin_tries_left": status.pin_tries_left, "key": status.has_unlock_key}

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

    def draw_pass(self, id):
        return symbol(self._wallet.passes.symbol(id))

    def remove_pass(self, id):
        self._wallet.passes.remove(id)

    # A new phone

    def move_begin(self):
        return transfer_request(self._wallet.transfer.request())

    def move_waits(self):
        pending = self._wallet.transfer.pending_request()
        return pending and transfer_request(pending)

    def move_give_up(self):
        self._wallet.transfer.cancel_request()

    def move_read(self, request):
        return transfer_request(self._wallet.transfer.read_request(request))

    def move_give(self, request, number, chosen):
        sealed = self._wallet.transfer.seal(self._unlock, request, number, chosen)
        return vars(sealed) | {"qr": sealed.qr and symbol(sealed.qr)}

    def move_take(self, answer):
        return self._wallet.transfer.receive(answer)

    # The issuer, a till there, and an owner of an account there

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
        status = self._wallet.account.status()
        return status and {
            "handle": status.profile.handle,
            "device": status.profile.device_name,
            "logged_in": status.logged_in,
        }

    def sign_up(self, handle):
        self._flow = self._execute(self._wallet.account.begin_sign_up(self._profile(handle), Language.ENGLISH))

    def sign_up_code(self, code, password):
        self._factor = self._execute(self._flow.verify_code(code, password.encode()))

    def sign_up_factor(self, totp):
        self._recovery_codes = self._execute(self._flow.finish(totp))
        return self._recovery_codes.reveal()

    def first_value(self):
        return self._factor.first_value()

    def keep_factor(self, recovery_code):
        return self._factor.store_in_wallet(self._recovery_codes.confirm(recovery_code.encode()))

    def store_factor(self, uri, recovery_code):
        confirmed = self._recovery_codes.confirm(recovery_code.encode())
        return self._wallet.account.store_factor(uri.encode(), confirmed)

    def reveal_factor(self):
        return self._factor.reveal_uri().decode()

    def log_in(self, handle, password, issuer=None, **factor):
        call = self._wallet.account.log_in(self._profile(handle, issuer), password.encode(), second_factor(**factor))
        return {"must_enrol": self._execute(call).must_enrol_factor}

    def log_in_code(self, handle):
        self._flow = self._execute(self._wallet.account.request_log_in_code(self._profile(handle)))

    def log_in_by_code(self, code, password, **factor):
        call = self._flow.log_in(code, password.encode(), second_factor(**factor))
        return {"must_enrol": self._execute(call).must_enrol_factor}

    def reset_by_recovery_code(self, handle, recovery_code):
        begin = self._wallet.account.begin_password_reset_with_recovery_code
        self._flow = self._execute(begin(self._profile(handle), recovery_code.encode()))

    def reset(self, handle):
        self._flow = self._execute(self._wallet.account.begin_password_reset(self._profile(handle)))

    def reset_proof(self, code, **factor):
        self._execute(self._flow.verify(code, second_factor(**factor)))

    def reset_finish(self, password):
        self._execute(self._flow.finish(password.encode()))

    def overview(self):
        overview = vars(self._execute(self._wallet.account.overview()))
        lists = {name: [vars(it) for it in overview[name]] for name in ("devices", "sessions")}
        return overview | lists | {"must_enrol": overview["must_enrol_factor"], "closing": overview["deletion_at"]}

    def prove(self, totp):
        self._execute(self._wallet.account.verify_factor(totp))

    def enrol(self):
        self._factor = self._execute(self._wallet.account.begin_factor_enrolment())

    def enrol_code(self, totp):
        self._execute(self._wallet.account.confirm_factor_enrolment(totp))

    def renew_recovery_codes(self):
        self._recovery_codes = self._execute(self._wallet.account.renew_recovery_codes())
        return self._recovery_codes.reveal()

    def log_out(self):
        self._execute(self._wallet.account.log_out())

    def drop_session(self):
        self._wallet.account.discard_session()

    def end_sessions(self, number=None):
        self._execute(self._wallet.account.end_sessions(number))

    def forget_device(self, id):
        self._execute(self._wallet.account.forget_device(id))

    def freeze(self):
        self._execute(self._wallet.account.freeze())

    def device_status(self):
        status = self._execute(self._wallet.account.device_status())
        return {
            "logged_in": status.logged_in,
            "frozen": status.frozen,
            "stopped": status.payments_stopped,
            "new_credential": status.new_credential_at is not None,
            "new_device": status.new_device_at is not None,
        }

    def send_queued(self):
        queued = self._wallet.account.queued_request()
        if queued:
            self._execute(queued)
        return queued is not None

    def freeze_here(self):
        self._execute(self._wallet.account.freeze_from_device())

    def end_here(self):
        self._execute(self._wallet.account.end_device_sessions())

    def unfreeze(self, recovery_code=None):
        self._execute(self._wallet.account.unfreeze(recovery_code and recovery_code.encode()))

    def freeze_by_factor(self, handle, **factor):
        self._execute(self._wallet.account.freeze_by_factor(self._profile(handle), second_factor(**factor)))

    def freeze_by_code(self, handle, code):
        self._execute(self._wallet.account.freeze_by_code(self._profile(handle), code))

    def freeze_code(self, handle):
        self._flow = self._execute(self._wallet.account.request_freeze_code(self._profile(handle), None))

    def freeze_by_mailed_code(self, code):
        self._execute(self._flow.freeze(code))

    def take_back(self, handle, code, **factor):
        self._execute(self._wallet.account.revert_changes(self._profile(handle), code, second_factor(**factor)))

    def close_account(self):
        self._execute(self._wallet.account.request_deletion())

    def keep_account(self):
        self._execute(self._wallet.account.cancel_deletion())

    def provision(self, label):
        call = self._wallet.account.provision()
        try:
            return call.complete(self._unlock, label, self._issuer.send(call.request()))
        except WalletError.SendAgain:
            return call.complete(self._unlock, label, self._issuer.send(call.request()))

    def confirm_credential(self):
        self._execute(self._wallet.account.confirm_credential())

    def provision_waits(self):
        return self._wallet.account.has_pending_provision()

    def drop_provision(self):
        self._wallet.account.discard_provision()

    def cards(self):
        return self._cards(self._execute(self._wallet.account.list_cards()))

    def begin_card_setup(self):
        return self._execute(self._wallet.account.begin_card_setup()).id()

    def add_card(self, setup):
        return self._cards(self._execute(self._wallet.account.add_card(setup)))

    def register_card(self, card):
        return self._cards(register_card(self._wallet.account, self._issuer.card_form(card), self._issuer.send))

    def charge_card(self, id):
        return self._cards(self._execute(self._wallet.account.set_default_card(id)))

    def remove_card(self, id):
        return self._cards(self._execute(self._wallet.account.remove_card(id)))

    def till_card(self, id, text):
        return vars(self._wallet.payments.read_till_card(id, text))

    def payments(self, before=None):
        return payment_page(self._execute(self._wallet.account.payment_history(before)))

    def kept_payments(self):
        cached = self._wallet.account.cached_payments()
        return cached and payment_page(cached)

    def move_address(self, address):
        self._execute(self._wallet.account.change_address(address, Language.ENGLISH))

    def move_address_code(self, address, code):
        self._execute(self._wallet.account.confirm_address_change(address, code))

    def _cards(self, cards):
        """Gives the cards by their last digits, since those added in one second have no order."""
        cards = [vars(card) | {"is_charged": card.is_default} for card in cards]
        return sorted(cards, key=lambda card: card["last4"])

    def _execute(self, call):
        return execute(call, self._issuer.send)

    def _profile(self, handle, issuer=None):
        return AccountProfile(handle=handle, issuer=issuer or self._issuer.url, device_name="phone")


def second_factor(totp=None, recovery_code=None):
    if totp is not None:
        return SecondFactor.totp(totp)
    return None if recovery_code is None else SecondFactor.recovery_code(recovery_code.encode())


def kind(error):
    """Gives the name of the error, and of the problem if it has one."""
    name = type(error).__name__
    if not hasattr(error, "problem"):
        return name
    problem = getattr(error.problem, "name", None) or type(error.problem).__name__.split(".")[-1]
    return f"{name} {problem.title().replace('_', '')}"


def clock_status(status):
    name = type(status).__name__.split(".")[-1].lower().replace("_", " ")
    return f"{name} {status.seconds}" if hasattr(status, "seconds") else name


def transfer_request(request):
    return vars(request) | {"qr": symbol(request.qr)}


def payment_page(page):
    payments = [payment(it) for it in page.payments]
    return {"payments": payments, "earlier": page.has_earlier, "seen": page.fetched_at}


def payment(it):
    return vars(it) | {
        "shown": it.formatted_amount,
        "state": it.state.name.lower(),
        "time": it.accepted_at,
        "since": it.state_since,
    }


def symbol(symbol):
    return vars(symbol) | {"rows": symbol.rows.hex()}
