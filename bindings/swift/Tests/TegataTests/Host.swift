import Foundation
import Synchronization
import Tegata

let began: Int64 = 1_800_000_007
let secret = "the seed is 0123456789"
let pin = Data("2580".utf8)

struct Undeclared: Error, CustomStringConvertible {
    let description = secret
}

/// A keystore that hides nothing and fails on demand: there is no crypto library here that needs no network.
final class GlassKeystore: DeviceKeystore {
    let failure = Mutex<(any Error & Sendable)?>(nil)

    private func answer(_ data: Data) throws -> Data {
        if let failure = failure.withLock({ $0 }) { throw failure }
        return data
    }

    func wrap(plaintext: Data) throws -> Data { try answer(plaintext) }
    func unwrap(wrapped: Data) throws -> Data { try answer(wrapped) }
    func prf(input: Data) throws -> Data { try answer((input + Data(count: 32)).prefix(32)) }
    func publicKey() throws -> Data { try answer(Data([4] + [UInt8](repeating: 1, count: 64))) }
    func sign(message: Data) throws -> Data { try answer(message) }
}

final class MemoryAnchor: Anchor {
    private let anchored = Mutex<Anchored?>(nil)

    func load() throws -> Anchored? { anchored.withLock { $0 } }
    func store(anchored: Anchored) throws { self.anchored.withLock { $0 = anchored } }
}

/// A device in memory and a wallet's file in a folder of its own.
final class Host: Sendable {
    let folder: URL
    let file: URL
    let keystore = GlassKeystore()
    let anchor = MemoryAnchor()
    let clock = SetClock(seconds: began)

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        file = folder.appendingPathComponent("wallet")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func create() throws -> Wallet {
        try Wallet.create(at: file, keystore: keystore, anchor: anchor, clock: clock)
    }

    func open() throws -> Wallet {
        try Wallet.open(at: file, keystore: keystore, anchor: anchor, clock: clock)
    }
}

extension Wallet {
    func add(_ unlocked: Unlocked) throws -> String {
        let new = NewPayment(
            credential: Data(repeating: 1, count: 16), label: "Ann", prefix: "4960", aliasPeriod: 86_400)
        return try payments.add(unlocked: unlocked, new: new, seed: Data(0..<32))
    }
}

extension NextCode {
    var code: PaymentCode? {
        if case .code(let code) = self { code } else { nil }
    }
}

/// A clock whose time passes at once, and sets the wallet's clock on as it does.
final class HandClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let time = Mutex(Instant(offset: .zero))
    private let wallets: SetClock

    init(sets wallets: SetClock) { self.wallets = wallets }

    var now: Instant { time.withLock { $0 } }
    var minimumResolution: Duration { .seconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        time.withLock { $0 = deadline }
        wallets.set(seconds: began + deadline.offset.components.seconds)
    }
}
