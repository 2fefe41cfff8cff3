"""The library, driven as a host drives it."""

import ctypes
import shutil
import threading

import pytest
import tegata_ffi
from software import MemoryAnchor, SoftwareKeystore

from tegata import (
    AnchorFailure,
    ClockStatus,
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

NOW = 1_800_000_007
SEED = bytes(range(32))
SECRET = "the seed is 0123456789"


@pytest.fixture
def host(tmp_path):
    class Host:
        path = tmp_path / "wallet"
        keystore = SoftwareKeystore()
        anchor = MemoryAnchor()
        clock = SetClock(NOW)

        def create(self):
            return Wallet.create(self.path, self.keystore, self.anchor, self.clock)

        def open(self):
            return Wallet.open(self.path, self.keystore, self.anchor, self.clock)

    return Host()


def add(wallet, unlocked):
    new = NewPayment(credential=b"\x01" * 16, label="Ann", prefix="4960", alias_period=86_400)
    return wallet.payments.add(unlocked, new, SEED)


def code(next):
    assert isinstance(next, NextCode.CODE), next
    return next.code


def pass_named(title):
    return Pass(title=title, format=PassFormat.AZTEC, message="T-7")


def test_a_code_is_shown_and_the_next_is_another(host):
    unlocked = Unlocked.without_lock()
    with host.create() as wallet:
        id = add(wallet, unlocked)
        first = code(wallet.payments.next_code(unlocked, id))
        assert first.digits.startswith("4960") and len(first.digits) == 24
        assert first.groups.replace(" ", "") == first.digits
        assert first.spoken.startswith("four nine six zero")
        assert (first.valid_from, first.next_at, first.next_in) == (NOW - 7, NOW + 23, 23)
        assert (first.qr.width, len(first.qr.rows), len(first.code128.rows)) == (21, 63, 21)
        assert first.digits not in str(first) + repr(first)
    with host.open() as wallet:
        again = code(wallet.payments.next_code(unlocked, id, language=Language.JAPANESE))
        assert again.digits != first.digits
        assert again.spoken.startswith("よん きゅう")
        bound = code(wallet.payments.next_code(unlocked, id, till="till-7"))
        assert bound.digits not in (first.digits, again.digits)


def test_five_codes_a_half_minute_and_then_the_seconds_to_wait(host):
    unlocked = Unlocked.without_lock()
    with host.create() as wallet:
        id = add(wallet, unlocked)
        shown = {code(wallet.payments.next_code(unlocked, id)).digits for _ in range(5)}
        assert len(shown) == 5
        wait = wallet.payments.next_code(unlocked, id)
        assert isinstance(wait, NextCode.WAIT) and wait.seconds == 23
        host.clock.set(NOW + 23)
        assert code(wallet.payments.next_code(unlocked, id)).digits not in shown


def test_the_pin_opens_payments_and_a_wrong_one_says_how_many_are_left(host):
    with host.create() as wallet:
        unlocked = Unlocked.without_lock()
        id = add(wallet, unlocked)
        wallet.payments.set_pin(unlocked, b"2580")
        unlocked.lock()
        with pytest.raises(WalletError.PaymentsLocked) as error:
            wallet.payments.next_code(unlocked, id)
        assert str(error.value) == "payments are locked"
        with pytest.raises(WalletError.WrongPin) as error:
            wallet.payments.unlock_with_pin(b"0852")
        assert error.value.tries_left == 9
        assert str(error.value) == "the PIN is wrong, 9 more can be tried"
        assert wallet.payments.lock_status().pin_tries_left == 9
        code(wallet.payments.next_code(wallet.payments.unlock_with_pin(b"2580"), id))


def test_a_pushed_key_opens_payments(host):
    key = bytes(reversed(range(32)))
    with host.create() as wallet:
        unlocked = Unlocked.without_lock()
        id = add(wallet, unlocked)
        wallet.payments.set_unlock_key(unlocked, key)
    with host.open() as wallet:
        with pytest.raises(WalletError.PaymentsLocked):
            wallet.payments.unlock_with_key(SEED)
        code(wallet.payments.next_code(wallet.payments.unlock_with_key(key), id))


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (KeystoreFailure.Locked(), WalletError.Locked),
        (KeystoreFailure.KeyMissing(), WalletError.KeyMissing),
        (KeystoreFailure.KeyInvalidated(), WalletError.KeyInvalidated),
        (KeystoreFailure.WrongDevice(), WalletError.WrongDevice),
        (KeystoreFailure.Damaged(), WalletError.Corrupt),
        (KeystoreFailure.Failed(), WalletError.Failed),
    ],
)
def test_each_failure_of_the_keystore_has_a_name_and_changes_nothing(host, failure, error):
    host.create().close()
    before = host.path.read_bytes()
    host.keystore.failure = failure
    with pytest.raises(error):
        host.open()
    assert host.path.read_bytes() == before
    host.keystore.failure = None
    host.open().close()


def test_what_a_keystore_throws_without_saying_so_is_typed_and_its_text_dropped(host):
    host.create().close()
    host.keystore.failure = RuntimeError(SECRET)
    for _ in range(2):
        with pytest.raises(WalletError.Failed) as error:
            host.open()
        told = "the device's keystore failed: it threw what is not a keystore failure"
        assert str(error.value) == told
        assert SECRET not in repr(error.value)
    host.keystore.failure = None
    host.open().close()


def test_an_anchor_that_throws_is_typed_alike(host):
    host.create().close()
    host.anchor.failure = RuntimeError(SECRET)
    with pytest.raises(WalletError.Failed) as error:
        host.open()
    assert str(error.value) == "the anchor of the vault failed: it threw what is not an anchor failure"
    host.anchor.failure = AnchorFailure.Locked()
    with pytest.raises(WalletError.Locked):
        host.open()


def test_an_older_copy_is_told_and_adopted_when_asked(host, tmp_path):
    copy = tmp_path / "copy"
    with host.create() as wallet:
        wallet.passes.add(pass_named("Tram"))
        add(wallet, Unlocked.without_lock())
    shutil.copy(host.path, copy)
    with host.open() as wallet:
        wallet.passes.add(pass_named("Bus"))
        wallet.passes.add(pass_named("Ship"))
    shutil.copy(copy, host.path)
    with pytest.raises(WalletError.RolledBack) as error:
        host.open()
    assert str(error.value) == "the wallet is an older copy than the one written last"
    with Wallet.adopt(host.path, host.keystore, host.anchor, host.clock) as wallet:
        assert [stored.content.title for stored in wallet.passes.list()] == ["Tram"]
        assert wallet.payments.list() == []
    host.open().close()


def test_another_devices_keystore_is_told(host):
    host.create().close()
    with pytest.raises(WalletError.WrongDevice):
        Wallet.open(host.path, SoftwareKeystore(), host.anchor)


def test_a_panic_arrives_as_an_exception_without_its_text(host, capfd):
    wallet = host.create()
    add(wallet, Unlocked.without_lock())
    with pytest.raises(WalletError.Broken) as error:
        tegata_ffi.panic_inside(wallet._handle, SECRET)
    assert str(error.value) == "the wallet failed inside and was closed"
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err + repr(error.value)
    assert "tegata: panic at " in printed.err
    with pytest.raises(WalletError.Closed):
        wallet.payments.list()
    with host.open() as wallet:
        assert len(wallet.payments.list()) == 1


def test_use_after_close_and_opening_twice_have_names(host):
    with host.create() as wallet:
        with pytest.raises(WalletError.InUse):
            host.open()
    wallet.close()
    with pytest.raises(WalletError.Closed):
        wallet.passes.list()
    with pytest.raises(WalletError.Exists):
        host.create()
    Wallet.destroy(host.path)
    with pytest.raises(WalletError.NoWallet):
        host.open()


def test_the_clock_is_told_and_learnt(host):
    with host.create() as wallet:
        id = add(wallet, Unlocked.without_lock())
        assert isinstance(wallet.payments.list()[0].clock, ClockStatus.FINE)
        wallet.payments.learn_time(id, NOW + 600)
        assert wallet.payments.list()[0].clock.seconds == 600
        made = code(wallet.payments.next_code(Unlocked.without_lock(), id))
        assert (made.valid_from, made.next_in) == (NOW + 593, 23)


def test_a_one_time_password_is_that_of_the_rfc(host):
    # RFC 6238, appendix B
    uri = b"otpauth://totp/Mail:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Mail&digits=8"
    host.clock.set(59)
    with host.create() as wallet:
        id = wallet.otp_credentials.add_uri(uri)
        made = wallet.otp_credentials.code(id)
        assert (made.digits, made.seconds_left) == ("94287082", 1)
        assert made.digits not in str(made)
        assert b"GEZDG" in wallet.otp_credentials.reveal_uri(id)


def test_what_the_library_frees_is_wiped():
    buffer = tegata_ffi._UniffiRustBuffer.alloc(4096)
    place = ctypes.cast(buffer.data, ctypes.c_void_p).value
    ctypes.memmove(place, b"S" * 4096, 4096)
    assert ctypes.string_at(place, 4096) == b"S" * 4096
    buffer.free()
    # The heap's own notes may stand there now, and whatever was put there since; what was there before may not.
    assert b"S" * 8 not in ctypes.string_at(place, 4096)


def test_eight_threads_at_once_never_see_a_code_twice(host):
    unlocked = Unlocked.without_lock()
    shown, failures = [], []
    with host.create() as wallet:
        ids = [add(wallet, unlocked) for _ in range(4)]

        def ask(id):
            try:
                for _ in range(2):
                    shown.append(code(wallet.payments.next_code(unlocked, id)).digits)
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=ask, args=(ids[n % 4],)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    # The four credentials have one seed, so each code comes four times: once from each.
    assert failures == [] and len(shown) == 16 and len(set(shown)) == 4
