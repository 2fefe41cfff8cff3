import Foundation
import Tegata

/// Hides nothing, and signs nothing: a phone's keystore does both for real.
final class NoKeystore: Keystore {
    func wrap(plaintext: Data) throws -> Data { plaintext }
    func unwrap(wrapped: Data) throws -> Data { wrapped }
    func prf(input: Data) throws -> Data { input }
    func publicKey() throws -> Data { throw KeystoreError.failed }
    func sign(message: Data) throws -> Data { throw KeystoreError.failed }
    func replaceSigningKey() throws { throw KeystoreError.failed }
}

let file = FileManager.default.temporaryDirectory.appending(path: "wallet")
let wallet = try Wallet.create(at: file, keystore: NoKeystore())
let unlock = PaymentUnlock.withoutLock()
let new = NewPaymentCredential(
    credential: Data(repeating: 1, count: 16), label: "Ann", prefix: "4960", aliasPeriod: 86_400)
let id = try wallet.payments.add(unlock: unlock, new: new, seed: Data(0..<32))
for try await code in wallet.payments.codes(unlock: unlock, id: id).prefix(1) {
    print("\(code.qr.width) x \(code.qr.height), \(code.code128.width) x \(code.code128.height)")
}
try wallet.close()
