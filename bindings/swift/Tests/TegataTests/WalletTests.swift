import Foundation
import Tegata
import Testing

// What is Swift's own. What all languages share is in scenarios.json.

@Test func aSymbolIsReadModuleByModuleLightOutside() throws {
    let host = try Host()
    let unlocked = PaymentUnlock.withoutLock()
    let wallet = try host.create()
    let code = try #require(try wallet.payments.nextCode(unlocked: unlocked, id: try wallet.add(unlocked)).code)
    // The finder pattern, and the start of Code 128 in set C: bars of 2, 1 and 3.
    #expect((0..<7).map { code.qr.isDark(x: $0, y: 0) ? "1" : "0" }.joined() == "1111111")
    #expect((0..<11).map { code.code128.isDark(x: $0, y: 0) ? "1" : "0" }.joined() == "11010011100")
    #expect(!code.qr.isDark(x: 21, y: 0) && !code.qr.isDark(x: 0, y: -1) && !code.code128.isDark(x: 0, y: 1))
}

@Test func neitherACodeNorANestedOnePrintsADigit() throws {
    let host = try Host()
    let unlocked = PaymentUnlock.withoutLock()
    let wallet = try host.create()
    let next = try wallet.payments.nextCode(unlocked: unlocked, id: try wallet.add(unlocked))
    #expect("\(try #require(next.code))" == "PaymentCode([redacted])")
    #expect(!"\(next)".contains("4960"))
}

@Test func whatErrorsPrintReadsLikeASentence() throws {
    let host = try Host()
    let unlocked = PaymentUnlock.withoutLock()
    let wallet = try host.create()
    try wallet.payments.setPin(unlocked: unlocked, pin: pin)
    let wrong = WalletError.WrongPin(triesLeft: 9)
    #expect(throws: wrong) { try wallet.payments.unlockWithPin(pin: Data("0852".utf8)) }
    #expect("\(wrong)" == "wrong PIN, attempts left: 9")
    #expect(wrong.localizedDescription == "wrong PIN, attempts left: 9")
    #expect("\(KeystoreFailure.KeyMissing)" == "the keystore has no such key")
}

@Test func codesComeByThemselvesEachWhenItsHalfMinuteBegins() async throws {
    let host = try Host()
    let unlocked = PaymentUnlock.withoutLock()
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
    let unlocked = PaymentUnlock.withoutLock()
    let wallet = try host.create()
    let id = try wallet.add(unlocked)
    let clock = HandClock(sets: host.clock)
    await #expect(throws: WalletError.PaymentsLocked) {
        for try await _ in wallet.payments.codes(unlocked: unlocked, id: id, clock: clock) {
            unlocked.lock()
        }
    }
}
