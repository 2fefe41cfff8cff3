import Foundation
import Synchronization
import Tegata

let began: Int64 = 1_800_000_007
let pin = Data("739164".utf8)

/// A temporary folder, removed when the test lets go of it.
final class Folder: Sendable {
    let url: URL
    var wallet: URL { url.appending(path: "wallet") }

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

/// A device in memory, and a wallet file in a folder of its own.
final class TestDevice: Sendable {
    let folder: Folder
    let keystore = FakeKeystore(device: 1)
    let anchor = FakeAnchor()
    let clock = ManualClock(seconds: began)

    var file: URL { folder.wallet }

    init() throws { folder = try Folder() }

    func create() throws -> Wallet {
        try Wallet.create(at: file, keystore: keystore, anchor: anchor, clock: clock)
    }
}

extension Wallet {
    func add(_ unlock: PaymentUnlock) throws -> String {
        let new = NewPaymentCredential(
            credential: Data(repeating: 1, count: 16), label: "Ann", prefix: "4960", aliasPeriod: 86_400)
        return try payments.add(unlock: unlock, new: new, seed: Data(0..<32))
    }
}

extension NextCode {
    var code: PaymentCode? {
        if case .code(let code) = self { code } else { nil }
    }
}

/// A clock whose time passes at once and advances the wallet's clock.
final class InstantClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let time = Mutex(Instant(offset: .zero))
    private let wallets: ManualClock

    init(sets wallets: ManualClock) { self.wallets = wallets }

    var now: Instant { time.withLock { $0 } }
    var minimumResolution: Duration { .seconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        time.withLock { $0 = deadline }
        wallets.set(seconds: began + deadline.offset.components.seconds)
    }
}
