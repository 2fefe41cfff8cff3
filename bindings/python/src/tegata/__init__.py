"""The Tegata wallet core: sealed storage, and payment barcodes made without a network.

    with tegata.Wallet.open(path, keystore) as wallet, wallet.payments.unlock_with_pin(b"739164") as unlock:
        for code in wallet.payments.codes(unlock, id):
            show(code.qr.svg(), code.spoken)

`wallet.account` makes requests to the issuer. Each is a call: the app sends its `request` with its own HTTP client, and
hands the response to `complete`. `execute` does both, except for a `ProvisionCall`, which needs the unlock token:
`call.complete(unlock, label, send(call.request()))`, once more if that raises `WalletError.SendAgain`.

A keystore derives from `Keystore` and raises `KeystoreError`. A wallet raises `WalletError`, with one class for each
thing that an app reacts to; `error.shopper_state().words(Language.JAPANESE)` is what a shopper is told. Arguments that hold a secret are read in place and not copied: pass `bytes`, since nothing
in Python can be wiped for certain.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeVar

import tegata_ffi
from tegata_ffi import (
    Account,
    AccountCard,
    AccountDevice,
    AccountOverview,
    AccountOverviewCall,
    AccountPayment,
    AccountProfile,
    AccountSession,
    AccountStatus,
    ActionCall,
    Anchor,
    AnchorState,
    BeginPasswordResetCall,
    BeginSignUpCall,
    CardSetup,
    CardSetupCall,
    CardsCall,
    ClockStatus,
    ConfirmedRecoveryCodes,
    Device,
    DeviceStatus,
    DeviceStatusCall,
    FactorEnrolment,
    FactorEnrolmentCall,
    FinishSignUpCall,
    FreezeByMailedCode,
    FreezeCodeCall,
    IssuerProblem,
    IssuerRequest,
    IssuerResponse,
    Keystore,
    Language,
    LockStatus,
    LogInByCode,
    LogInCall,
    LogInCodeCall,
    LogInResult,
    ManualClock,
    NewPaymentCredential,
    NextCode,
    OtpAlgorithm,
    OtpCode,
    OtpCredentialInfo,
    OtpCredentials,
    OtpKind,
    Pass,
    Passes,
    PassFormat,
    PasswordReset,
    PaymentCode,
    PaymentCredentialInfo,
    PaymentHistoryCall,
    PaymentPage,
    Payments,
    PaymentState,
    PaymentUnlock,
    PinProblem,
    ProvisionCall,
    RecoveryCodes,
    RecoveryCodesCall,
    SealedTransfer,
    SecondFactor,
    ShopperState,
    SignUp,
    StoredPass,
    Symbol,
    SymbolFormat,
    TillCard,
    Transfer,
    TransferProblem,
    TransferRequest,
)

if TYPE_CHECKING:
    from ._errors import AnchorError, KeystoreError, WalletError
else:
    from tegata_ffi import AnchorError, KeystoreError, WalletError

__all__ = [
    "Account",
    "AccountCard",
    "AccountDevice",
    "AccountOverview",
    "AccountOverviewCall",
    "AccountPayment",
    "AccountProfile",
    "AccountSession",
    "AccountStatus",
    "ActionCall",
    "Anchor",
    "AnchorError",
    "AnchorState",
    "BeginPasswordResetCall",
    "BeginSignUpCall",
    "CardForm",
    "CardSetup",
    "CardSetupCall",
    "CardsCall",
    "ClockStatus",
    "ConfirmedRecoveryCodes",
    "DeviceStatus",
    "DeviceStatusCall",
    "execute",
    "FactorEnrolment",
    "FactorEnrolmentCall",
    "FinishSignUpCall",
    "FreezeByMailedCode",
    "FreezeCodeCall",
    "IssuerCall",
    "IssuerProblem",
    "IssuerRequest",
    "IssuerResponse",
    "Keystore",
    "KeystoreError",
    "Language",
    "LockStatus",
    "LogInByCode",
    "LogInCall",
    "LogInCodeCall",
    "LogInResult",
    "ManualClock",
    "NewPaymentCredential",
    "NextCode",
    "OtpAlgorithm",
    "OtpCode",
    "OtpCredentialInfo",
    "OtpCredentials",
    "OtpKind",
    "Pass",
    "Passes",
    "PassFormat",
    "PasswordReset",
    "PaymentCode",
    "PaymentCredentialInfo",
    "PaymentHistoryCall",
    "PaymentPage",
    "Payments",
    "PaymentState",
    "PaymentUnlock",
    "PinProblem",
    "ProvisionCall",
    "RecoveryCodes",
    "RecoveryCodesCall",
    "register_card",
    "SealedTransfer",
    "SecondFactor",
    "ShopperState",
    "SignUp",
    "StoredPass",
    "Symbol",
    "SymbolFormat",
    "TillCard",
    "Transfer",
    "TransferProblem",
    "TransferRequest",
    "Wallet",
    "WalletError",
]

__version__: str = tegata_ffi.library_version()

# UniFFI gives Python's exceptions no text of their own.
for _failure in (WalletError, KeystoreError, AnchorError):
    _failure.__str__ = lambda self: self.text()  # type: ignore[method-assign]


Answer = TypeVar("Answer", covariant=True)


class IssuerCall(Protocol[Answer]):
    """A request that `wallet.account` makes to the issuer."""

    def request(self) -> IssuerRequest:
        """Gives what to send, and where to."""

    def complete(self, response: IssuerResponse) -> Answer:
        """Takes the response, and gives the result."""


def execute(call: IssuerCall[Answer], send: Callable[[IssuerRequest], IssuerResponse]) -> Answer:
    """Sends a call's request and completes it with the response: `execute(wallet.account.log_in(profile, password, None), send)`.

    `send` is the app's: it sends the request over TLS, follows no redirects, and gives the response. It is called a second
    time when the issuer wants the request signed again.
    """
    try:
        return call.complete(send(call.request()))
    except WalletError.SendAgain:
        return call.complete(send(call.request()))


class CardForm(Protocol):
    """The processor's own card form, which the app shows: a card's number is typed there and nowhere else."""

    def register(self, setup: CardSetup) -> None:
        """Shows the form and returns once its holder is done. What it raises adds no card."""


def register_card(
    account: Account, form: CardForm, send: Callable[[IssuerRequest], IssuerResponse]
) -> list[AccountCard]:
    """Adds a card that its holder registers in the form, and gives the account's cards as they are now."""
    setup = execute(account.begin_card_setup(), send)
    form.register(setup)
    return execute(account.add_card(setup.id()), send)


class Wallet:
    """An open wallet, with a handle for each feature. A `with` statement closes its file."""

    def __init__(self, handle: tegata_ffi.WalletHandle) -> None:
        """Not for hosts: see `create`, `open` and `open_rolled_back`."""
        self._handle = handle
        self.payments: Payments = handle.payments()
        self.otp_credentials: OtpCredentials = handle.otp_credentials()
        self.passes: Passes = handle.passes()
        self.account: Account = handle.account()
        self.transfer: Transfer = handle.transfer()

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        keystore: Keystore,
        anchor: Anchor | None = None,
        clock: ManualClock | None = None,
    ) -> Wallet:
        """Makes a new, empty wallet and opens it. Nothing is overwritten."""
        return cls(tegata_ffi.WalletHandle.create(os.fspath(path), Device(keystore=keystore, anchor=anchor, clock=clock)))

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        keystore: Keystore,
        anchor: Anchor | None = None,
        clock: ManualClock | None = None,
    ) -> Wallet:
        """Opens a wallet, and checks that nothing in it was altered. Whatever this raises, no file was changed."""
        return cls(tegata_ffi.WalletHandle.open(os.fspath(path), Device(keystore=keystore, anchor=anchor, clock=clock)))

    @classmethod
    def open_rolled_back(
        cls,
        path: str | os.PathLike[str],
        keystore: Keystore,
        anchor: Anchor | None = None,
        clock: ManualClock | None = None,
    ) -> Wallet:
        """Opens a wallet although it is an older copy, when its owner says so. Payment credentials are dropped."""
        return cls(tegata_ffi.WalletHandle.open_rolled_back(os.fspath(path), Device(keystore=keystore, anchor=anchor, clock=clock)))

    @staticmethod
    def destroy(path: str | os.PathLike[str]) -> None:
        """Removes a wallet for good, whatever state it is in."""
        tegata_ffi.destroy_wallet(os.fspath(path))

    def change_keystore(self, keystore: Keystore) -> None:
        """Has another keystore protect the wallet from now on."""
        self._handle.change_keystore(keystore)

    def rekey(self) -> None:
        """Encrypts everything again under a new key, for when the old one may have leaked."""
        self._handle.rekey()

    @property
    def is_rekeying(self) -> bool:
        """Whether `rekey` was broken off and is to be called again."""
        return self._handle.is_rekeying()

    def close(self) -> None:
        """Closes the file. What is called afterwards raises `WalletError.Closed`; closing twice does nothing."""
        self._handle.close_file()

    def __enter__(self) -> Wallet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
