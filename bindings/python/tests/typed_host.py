"""A host as mypy --strict sees one. Nothing runs it: `cargo xtask test python` checks its types."""

from tegata import Keystore, KeystoreError, NextCode, PaymentCode, TransferProblem, Wallet, WalletError


class LockedKeystore(Keystore):
    def wrap(self, plaintext: bytes) -> bytes:
        raise KeystoreError.Locked()


def code(path: str, keystore: Keystore, pin: bytes, id: str) -> PaymentCode | str:
    try:
        with Wallet.open(path, keystore) as wallet:
            next = wallet.payments.next_code(wallet.payments.unlock_with_pin(pin), id)
    except WalletError.WrongPin as error:
        return "x" * error.tries_left
    except WalletError as error:
        return error.text()
    return next.code if isinstance(next, NextCode.CODE) else "wait"


def receive(wallet: Wallet, sealed: str) -> list[str] | str:
    try:
        return wallet.transfer.receive(sealed)
    except WalletError.Transfer as error:
        return "it is here" if error.problem is TransferProblem.ALREADY_RECEIVED else error.reason
