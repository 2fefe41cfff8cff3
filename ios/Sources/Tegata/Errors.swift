import TegataGenerated

// UniFFI generates `description` without the conformance; `localizedDescription` follows from it.
extension WalletError: CustomStringConvertible {}
extension KeystoreError: CustomStringConvertible {}
extension AnchorError: CustomStringConvertible {}
