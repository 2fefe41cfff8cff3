import Foundation
import Tegata
import Testing

@Test func aCodeIsShownAndTheNextIsAnother() throws {
    let host = try Host()
    let unlocked = Unlocked.withoutLock()
    let wallet = try host.create()
    let id = try wallet.add(unlocked)
    let first = try #require(try wallet.payments.nextCode(unlocked: unlocked, id: id).code)
    #expect(first.digits.hasPrefix("4960"))
    #expect(first.groups.replacing(" ", with: "") == first.digits)
    #expect([first.validFrom, first.nextAt, first.nextIn] == [began - 7, began + 23, 23])
    #expect((0..<7).allSatisfy { first.qr.isDark(x: $0, y: 0) } && !first.qr.isDark(x: 21, y: 0))
    try wallet.close()

    let again = try host.open()
    let second = try again.payments.nextCode(unlocked: unlocked, id: id, language: .japanese).code
    #expect(second?.digits != first.digits)
    #expect(second?.spoken.hasPrefix("よん きゅう") == true)
}

@Test func neitherACodeNorANestedOnePrintsADigit() throws {
    let host = try Host()
    let unlocked = Unlocked.withoutLock()
    let wallet = try host.create()
    let next = try wallet.payments.nextCode(unlocked: unlocked, id: try wallet.add(unlocked))
    #expect("\(try #require(next.code))" == "PaymentCode([redacted])")
    #expect(!"\(next)".contains("4960"))
}

@Test func whatErrorsPrintReadsLikeASentence() throws {
    let host = try Host()
    let unlocked = Unlocked.withoutLock()
    let wallet = try host.create()
    try wallet.payments.setPin(unlocked: unlocked, pin: pin)
    let wrong = WalletError.WrongPin(triesLeft: 9)
    #expect(throws: wrong) { try wallet.payments.unlockWithPin(pin: Data("0852".utf8)) }
    #expect("\(wrong)" == "the PIN is wrong, 9 more can be tried")
    #expect(wrong.localizedDescription == "the PIN is wrong, 9 more can be tried")
    #expect("\(KeystoreFailure.KeyMissing)" == "the keystore has no such key")
}

@Test(arguments: [
    (KeystoreFailure.Locked, WalletError.Locked),
    (.KeyMissing, .KeyMissing),
    (.KeyInvalidated, .KeyInvalidated),
    (.WrongDevice, .WrongDevice),
    (.Damaged, .Corrupt),
])
func eachFailureOfTheKeystoreHasAName(failure: KeystoreFailure, expected: WalletError) throws {
    let host = try Host()
    try host.create().close()
    host.keystore.failure.withLock { $0 = failure }
    #expect(throws: expected) { try host.open() }
}

@Test func whatAHostThrowsWithoutSayingSoIsTypedAndItsTextDropped() throws {
    let host = try Host()
    try host.create().close()
    host.keystore.failure.withLock { $0 = Undeclared() }
    do {
        _ = try host.open()
        Issue.record("it opened")
    } catch {
        let told = "the device's keystore failed: it threw what is not a keystore failure"
        #expect("\(error)" == told)
    }
    host.keystore.failure.withLock { $0 = nil }
    try host.open().close()
}

@Test func anOlderCopyIsToldAndAdoptedWhenAsked() throws {
    let host = try Host()
    let wallet = try host.create()
    _ = try wallet.passes.add(pass: Pass(title: "Tram", format: .aztec, message: "T-7"))
    try wallet.close()
    let copy = try Data(contentsOf: host.file)
    let later = try host.open()
    for _ in 0..<2 {
        _ = try later.passes.add(pass: Pass(title: "Bus", format: .qr, message: "B-1"))
    }
    try later.close()
    try copy.write(to: host.file)
    #expect(throws: WalletError.RolledBack) { try host.open() }
    let adopted = try Wallet.adopt(at: host.file, keystore: host.keystore, anchor: host.anchor)
    #expect(try adopted.passes.list().map(\.content.title) == ["Tram"])
}

@Test func aPanicArrivesAsAnErrorWithoutItsText() throws {
    let host = try Host()
    let device = Device(keystore: host.keystore, anchor: host.anchor, clock: host.clock)
    let wallet = try WalletHandle.create(path: host.file.path, device: device)
    #expect(throws: WalletError.Broken) { try panicInside(wallet: wallet, secret: secret) }
    #expect("\(WalletError.Broken)" == "the wallet failed inside and was closed")
    #expect(throws: WalletError.Closed) { try wallet.payments().list() }
    try host.open().close()
}

@Test func useAfterCloseHasAName() throws {
    let host = try Host()
    let wallet = try host.create()
    try wallet.close()
    try wallet.close()
    #expect(throws: WalletError.Closed) { try wallet.passes.list() }
    try Wallet.destroy(at: host.file)
}

@Test func codesComeByThemselvesEachWhenItsHalfMinuteBegins() async throws {
    let host = try Host()
    let unlocked = Unlocked.withoutLock()
    let wallet = try host.create()
    let id = try wallet.add(unlocked)
    let clock = HandClock(sets: host.clock)
    var starts: [Int64] = []
    for try await code in wallet.payments.codes(unlocked: unlocked, id: id, clock: clock).prefix(3) {
        starts.append(code.validFrom)
    }
    #expect(starts == [began - 7, began + 23, began + 53])
    #expect(clock.now.offset == .seconds(53))
}

@Test func lockingEndsTheCodesWithTheReason() async throws {
    let host = try Host()
    let unlocked = Unlocked.withoutLock()
    let wallet = try host.create()
    let id = try wallet.add(unlocked)
    let clock = HandClock(sets: host.clock)
    await #expect(throws: WalletError.PaymentsLocked) {
        for try await _ in wallet.payments.codes(unlocked: unlocked, id: id, clock: clock) {
            unlocked.lock()
        }
    }
}

@Test func eightTasksAtOnceNeverSeeACodeTwice() async throws {
    let host = try Host()
    let unlocked = Unlocked.withoutLock()
    let wallet = try host.create()
    let ids = try (0..<4).map { _ in try wallet.add(unlocked) }
    let shown = try await withThrowingTaskGroup(of: [String].self) { group in
        for n in 0..<8 {
            group.addTask {
                try (0..<2).compactMap { _ in
                    try wallet.payments.nextCode(unlocked: unlocked, id: ids[n % 4]).code?.digits
                }
            }
        }
        return try await group.reduce(into: []) { $0 += $1 }
    }
    // The four credentials have one seed, so each code comes four times: once from each.
    #expect(shown.count == 16 && Set(shown).count == 4)
}
