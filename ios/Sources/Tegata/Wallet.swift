import Foundation
@_exported import TegataGenerated

/// An open wallet: a sealed file of credentials and passes, with a handle for each feature.
///
/// ```swift
/// let wallet = try Wallet.open(at: file, keystore: keystore)
/// try await wallet.withPaymentsUnlocked(pin: pin) { unlock in
///     for try await code in wallet.payments.codes(unlock: unlock, id: id) {
///         show(code)
///     }
/// }
/// ```
///
/// All of it can be called from any thread; calls wait for each other, and most of them touch the disk. Whatever is called
/// after `close()` throws `WalletError.closed`.
public final class Wallet: Sendable {
    /// Payment credentials and their codes.
    public let payments: Payments
    /// One-time passwords of any service.
    public let otpCredentials: OtpCredentials
    /// Passes that others issued.
    public let passes: Passes
    /// The owner's account at an issuer.
    public let account: Account
    /// Passes and one-time passwords on their way to another phone, or from one.
    public let transfer: Transfer

    let handle: WalletHandle

    private init(_ handle: WalletHandle) {
        self.handle = handle
        payments = handle.payments()
        otpCredentials = handle.otpCredentials()
        passes = handle.passes()
        account = handle.account()
        transfer = handle.transfer()
    }

    /// Makes a new, empty wallet and opens it. Nothing is overwritten.
    public static func create(
        at file: URL, keystore: any Keystore, anchor: (any Anchor)? = nil, clock: ManualClock? = nil
    ) throws(WalletError) -> Wallet {
        let device = Device(keystore: keystore, anchor: anchor, clock: clock)
        return Wallet(try WalletHandle.create(path: file.path, device: device))
    }

    /// Opens a wallet, and checks that nothing in it was altered and, if there is an anchor, that it is not an older copy.
    /// Whatever this throws, no file was changed and no key was replaced.
    public static func open(
        at file: URL, keystore: any Keystore, anchor: (any Anchor)? = nil, clock: ManualClock? = nil
    ) throws(WalletError) -> Wallet {
        let device = Device(keystore: keystore, anchor: anchor, clock: clock)
        return Wallet(try WalletHandle.open(path: file.path, device: device))
    }

    /// Opens a wallet although it is an older copy, when its owner says so. Payment credentials and their lock are
    /// dropped, for the issuer to provision again.
    public static func openRolledBack(
        at file: URL, keystore: any Keystore, anchor: (any Anchor)? = nil, clock: ManualClock? = nil
    ) throws(WalletError) -> Wallet {
        let device = Device(keystore: keystore, anchor: anchor, clock: clock)
        return Wallet(try WalletHandle.openRolledBack(path: file.path, device: device))
    }

    /// Removes a wallet for good, whatever state it is in. Costs a new provisioning, never money.
    public static func destroy(at file: URL) throws(WalletError) {
        try destroyWallet(path: file.path)
    }

    /// Has another keystore protect the wallet from now on. Refused while a PIN is set, which only the present one can check.
    public func changeKeystore(to keystore: any Keystore) throws(WalletError) {
        try handle.changeKeystore(keystore: keystore)
    }

    /// Encrypts everything again under a new key, for when the old one may have leaked.
    public func rekey() throws(WalletError) {
        try handle.rekey()
    }

    /// Whether `rekey()` was interrupted and is to be called again.
    public var isRekeying: Bool {
        get throws(WalletError) { try handle.isRekeying() }
    }

    /// Closes the file. Closing twice does nothing.
    public func close() throws(WalletError) {
        try handle.closeFile()
    }
}
