import Foundation
import Synchronization
import Tegata

// A keystore and an anchor that fail when a step says so. Python's and Kotlin's scenarios run on the same ones.

let secret = "the seed is 0123456789"

struct Undeclared: Error, CustomStringConvertible {
    let description = secret
}

/// The error that a fake throws: for as many calls as a step says, or for all.
final class Fault: Sendable {
    private let planned = Mutex<(failure: any Error, times: Int64?)?>(nil)

    func throwsNow(_ failure: any Error, times: Int64? = nil) {
        planned.withLock { $0 = (failure, times) }
    }

    func stops() {
        planned.withLock { $0 = nil }
    }

    func strike() throws {
        try planned.withLock { planned in
            guard let (failure, times) = planned, times != 0 else { return }
            planned?.times = times.map { $0 - 1 }
            throw failure
        }
    }
}

/// Encrypts nothing: what it wraps has the device's number before it. Inputs that it knows have the answers given. Its
/// signatures are readable stand-ins without a signer.
final class FakeKeystore: Keystore {
    let answers = Mutex<[Data: Data]>([:])
    let signer = Mutex<TestKey?>(nil)
    let forger = Mutex<TestKey?>(nil)
    let fault = Fault()
    private let device: UInt8

    init(device: UInt8) { self.device = device }

    func wrap(plaintext: Data) throws -> Data {
        try fault.strike()
        return [device] + plaintext
    }

    func unwrap(wrapped: Data) throws -> Data {
        try fault.strike()
        if let answer = answers.withLock({ $0[wrapped] }) { return answer }
        guard wrapped.first == device else { throw KeystoreError.wrongDevice }
        return wrapped.dropFirst()
    }

    func prf(input: Data) throws -> Data {
        try fault.strike()
        return answers.withLock { $0[input] } ?? input
    }

    func publicKey() throws -> Data {
        try fault.strike()
        if let signer = signer.withLock({ $0 }) { return try signer.publicKey() }
        return [4] + Data(repeating: device, count: 64)
    }

    func sign(message: Data) throws -> Data {
        try fault.strike()
        if let signer = forger.withLock({ $0 }) ?? signer.withLock({ $0 }) {
            return try signer.sign(message: message)
        }
        return [device] + message
    }

    func replaceSigningKey() throws {
        try fault.strike()
        try signer.withLock { $0 }?.replace()
    }
}

/// Stores the state in memory.
final class FakeAnchor: Anchor {
    let anchored = Mutex<AnchorState?>(nil)
    let fault = Fault()

    func load() throws -> AnchorState? {
        try fault.strike()
        return anchored.withLock { $0 }
    }

    func store(anchored: AnchorState) throws {
        try fault.strike()
        self.anchored.withLock { $0 = anchored }
    }
}
