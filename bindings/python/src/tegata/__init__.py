"""The Tegata wallet core: sealed storage, and payment barcodes made without a network.

    with tegata.Wallet.open(path, keystore) as wallet:
        unlocked = wallet.payments.unlock_with_pin(b"2580")
        match wallet.payments.next_code(unlocked, id):
            case NextCode.CODE(code=code): show(code.qr)
            case NextCode.WAIT(seconds=seconds): wait(seconds)

`wallet.account` asks things of the issuer: each is a call, whose request the app sends with the HTTP client that it
has, and whose response it hands back. `carried` does both, but for a `ProvisionCall`, whose answer goes under the
payment lock: `call.answered(unlocked, label, send(call.request()))`.

A keystore is a `DeviceKeystore`; what it throws is a `KeystoreFailure`. What a wallet throws is a `WalletError`, one
class for each thing that an app reacts to. Arguments that hold a secret are read where they are and not copied: pass a
`bytes`, since nothing in Python can be wiped for certain.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeVar

import tegata_ffi
from tegata_ffi import (
    Account,
    AccountAt,
    AccountCard,
    AccountDevice,
    AccountOverview,
    AccountPayment,
    AccountSession,
    Anchor,
    AnchorState,
    CardsCall,
    ClockStatus,
    CodesCall,
    Device,
    DeviceKeystore,
    DoneCall,
    FactorCall,
    IssuerProblem,
    IssuerRequest,
    IssuerResponse,
    KnownAccount,
    Language,
    LockStatus,
    LoggedIn,
    LogInCall,
    MoveAnswer,
    MoveProblem,
    Moving,
    NewFactor,
    NewPayment,
    NextCode,
    Otp,
    OtpAlgorithm,
    OtpCode,
    OtpCredentials,
    OtpKind,
    OverviewCall,
    Pass,
    Passes,
    PassFormat,
    Payment,
    PaymentCode,
    PaymentPage,
    Payments,
    PaymentsCall,
    PaymentState,
    PaymentUnlock,
    ProvisionCall,
    RecoveryCodes,
    Reset,
    ResetCall,
    SecondFactor,
    SetClock,
    SignedUpCall,
    SignUp,
    SignUpCall,
    StoredPass,
    Symbol,
    SymbolFormat,
    TillCard,
    TransferRequest,
)

if TYPE_CHECKING:
    from ._errors import AnchorFailure, KeystoreFailure, WalletError
else:
    from tegata_ffi import AnchorFailure, KeystoreFailure, WalletError

__all__ = [
    "Account",
    "AccountAt",
    "AccountCard",
    "AccountDevice",
    "AccountOverview",
    "AccountPayment",
    "AccountSession",
    "Anchor",
    "AnchorFailure",
    "AnchorState",
    "CardsCall",
    "carried",
    "ClockStatus",
    "CodesCall",
    "DeviceKeystore",
    "DoneCall",
    "FactorCall",
    "IssuerProblem",
    "IssuerRequest",
    "IssuerResponse",
    "KeystoreFailure",
    "KnownAccount",
    "Language",
    "LockStatus",
    "LoggedIn",
    "LogInCall",
    "MoveAnswer",
    "MoveProblem",
    "Moving",
    "NewFactor",
    "NewPayment",
    "NextCode",
    "Otp",
    "OtpAlgorithm",
    "OtpCode",
    "OtpCredentials",
    "OtpKind",
    "OverviewCall",
    "Pass",
    "Passes",
    "PassFormat",
    "Payment",
    "PaymentCode",
    "PaymentPage",
    "Payments",
    "PaymentsCall",
    "PaymentState",
    "PaymentUnlock",
    "ProvisionCall",
    "RecoveryCodes",
    "Reset",
    "ResetCall",
    "SecondFactor",
    "SetClock",
    "SignedUpCall",
    "SignUp",
    "SignUpCall",
    "StoredPass",
    "Symbol",
    "SymbolFormat",
    "TillCard",
    "TransferRequest",
    "Wallet",
    "WalletError",
]

# UniFFI gives Python's exceptions no text of their own.
WalletError.__str__ = lambda self: self.text()  # type: ignore[method-assign]


Answer = TypeVar("Answer", covariant=True)


class Call(Protocol[Answer]):
    """Whatever `wallet.account` asks of the issuer."""

    def request(self) -> IssuerRequest:
        """What to send."""

    def answered(self, response: IssuerResponse) -> Answer:
        """Takes what came back."""


def carried(call: Call[Answer], send: Callable[[IssuerRequest], IssuerResponse]) -> Answer:
    """Has a call's request sent, and hands its response back: `carried(wallet.account.log_in(at, password, None), send)`.

    `send` is the app's: it sends what the request says, over TLS and with no redirects followed, and gives what came.
    """
    return call.answered(send(call.request()))


class Wallet:
    """An open wallet and its rooms. Closes its file at the end of a `with`."""

    def __init__(self, handle: tegata_ffi.WalletHandle) -> None:
        """Not for hosts: see `create`, `open` and `adopt`."""
        self._handle = handle
        self.payments: Payments = handle.payments()
        self.otp_credentials: OtpCredentials = handle.otp_credentials()
        self.passes: Passes = handle.passes()
        self.account: Account = handle.account()
        self.moving: Moving = handle.moving()

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        keystore: DeviceKeystore,
        anchor: Anchor | None = None,
        clock: SetClock | None = None,
    ) -> Wallet:
        """Makes a new, empty wallet and opens it. Nothing is overwritten."""
        return cls(tegata_ffi.WalletHandle.create(os.fspath(path), Device(keystore=keystore, anchor=anchor, clock=clock)))

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        keystore: DeviceKeystore,
        anchor: Anchor | None = None,
        clock: SetClock | None = None,
    ) -> Wallet:
        """Opens a wallet, and checks that nothing in it was altered. Whatever this raises, no file was changed."""
        return cls(tegata_ffi.WalletHandle.open(os.fspath(path), Device(keystore=keystore, anchor=anchor, clock=clock)))

    @classmethod
    def adopt(
        cls,
        path: str | os.PathLike[str],
        keystore: DeviceKeystore,
        anchor: Anchor | None = None,
        clock: SetClock | None = None,
    ) -> Wallet:
        """Opens a wallet although it is an older copy, for a person who says so. Payment credentials are dropped."""
        return cls(tegata_ffi.WalletHandle.adopt(os.fspath(path), Device(keystore=keystore, anchor=anchor, clock=clock)))

    @staticmethod
    def destroy(path: str | os.PathLike[str]) -> None:
        """Removes a wallet for good, whatever state it is in."""
        tegata_ffi.destroy_wallet(os.fspath(path))

    def rewrap(self, keystore: DeviceKeystore) -> None:
        """Has another keystore guard the wallet from now on."""
        self._handle.rewrap(keystore)

    def replace_key(self) -> None:
        """Seals everything anew under a new key, for when the old one may have leaked."""
        self._handle.replace_key()

    @property
    def replacing_key(self) -> bool:
        """Whether `replace_key` was broken off and is to be called again."""
        return self._handle.replacing_key()

    def close(self) -> None:
        """Closes the file. What is called afterwards raises `WalletError.Closed`; closing twice does nothing."""
        self._handle.shut()

    def __enter__(self) -> Wallet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
