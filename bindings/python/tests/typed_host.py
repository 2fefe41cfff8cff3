"""A host as mypy --strict sees one. Nothing runs it: `cargo xtask test python` checks its types."""

from tegata import (
    Keystore,
    KeystoreError,
    NextCode,
    PaymentCode,
    PaymentUnlock,
    TransferProblem,
    Wallet,
    WalletError,
)


class HalfKeystore(Keystore):
    def wrap(self, plaintext: bytes) -> bytes:
        raise KeystoreError.Locked()


def wrong(wallet: Wallet, unlock: PaymentUnlock) -> None:
    """What mypy refuses: it complains of a comment that silences nothing."""
    HalfKeystore()  # type: ignore[abstract]
    wallet.payments.next_code(unlock, "id", till=42)  # type: ignore[arg-type]
    wallet.account.payment_history(7)  # type: ignore[arg-type]


def picture(wallet: Wallet, pin: bytes, id: str) -> str:
    with wallet.payments.unlock_with_pin(pin) as unlock:
        for code in wallet.payments.codes(unlock, id):
            return code.qr.svg() if code.qr.is_dark(0, 0) else code.spoken
    return ""


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
