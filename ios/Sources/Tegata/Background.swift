import Dispatch
import Foundation
import TegataGenerated

extension Wallet {
    /// Runs `work` off the main actor and off the threads of Swift's concurrency: most calls touch the disk, and a PIN takes
    /// some hundred milliseconds by design.
    ///
    /// ```swift
    /// let payments = try await wallet.inBackground { wallet throws(WalletError) in try wallet.payments.list() }
    /// ```
    public func inBackground<T: Sendable>(
        _ work: @escaping @Sendable (Wallet) throws(WalletError) -> T
    ) async throws(WalletError) -> T {
        typealias Continuation = CheckedContinuation<Result<T, WalletError>, Never>
        let result = await withCheckedContinuation { (continuation: Continuation) in
            DispatchQueue.global(qos: .userInitiated).async {
                continuation.resume(returning: Result { () throws(WalletError) -> T in try work(self) })
            }
        }
        return try result.get()
    }

    /// Opens the payment lock by the PIN, as it was typed, for as long as `work` runs.
    public func withPaymentsUnlocked<T>(
        pin: Data, _ work: (PaymentUnlock) async throws -> T
    ) async throws -> T {
        let unlock = try await inBackground { wallet throws(WalletError) in
            try wallet.payments.unlockWithPin(pin: pin)
        }
        defer { unlock.lock() }
        return try await work(unlock)
    }

    /// Opens the payment lock by the 32 bytes that the app keeps behind a biometric prompt, for as long as `work` runs.
    public func withPaymentsUnlocked<T>(
        key: Data, _ work: (PaymentUnlock) async throws -> T
    ) async throws -> T {
        let unlock = try await inBackground { wallet throws(WalletError) in
            try wallet.payments.unlockWithKey(key: key)
        }
        defer { unlock.lock() }
        return try await work(unlock)
    }
}
