"""A host as mypy --strict sees one. Nothing runs it: `cargo xtask test python` checks its types."""

from tegata import DeviceKeystore, KeystoreFailure, MoveProblem, NextCode, PaymentCode, Wallet, WalletError


class Keystore(DeviceKeystore):
    def wrap(self, plaintext: bytes) -> bytes:
        raise KeystoreFailure.Locked()


def code(path: str, keystore: Keystore, pin: bytes, id: str) -> PaymentCode | str:
    try:
        with Wallet.open(path, keystore) as wallet:
            next = wallet.payments.next_code(wallet.payments.unlock_with_pin(pin), id)
    except WalletError.WrongPin as error:
        return "x" * error.tries_left
    except WalletError as error:
        return error.text()
    return next.code if isinstance(next, NextCode.CODE) else "wait"


def taken(wallet: Wallet, answer: str) -> list[str] | str:
    try:
        return wallet.moving.take(answer)
    except WalletError.Move as error:
        return "it is here" if error.problem is MoveProblem.USED else error.reason
