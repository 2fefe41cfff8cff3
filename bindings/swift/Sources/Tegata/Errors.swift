import TegataGenerated

// UniFFI writes the sentence and leaves out to say that it is one; `localizedDescription` follows.
extension WalletError: CustomStringConvertible {}
extension KeystoreFailure: CustomStringConvertible {}
extension AnchorFailure: CustomStringConvertible {}
