import Foundation
import Tegata
import Testing

// Tests of what is specific to Swift. scenarios.json has what all languages share.

@Test func modulesAreReadOneByOneLightOutside() throws {
    let device = try TestDevice()
    let unlock = PaymentUnlock.withoutLock()
    let wallet = try device.create()
    let code = try #require(try wallet.payments.nextCode(unlock: unlock, id: try wallet.add(unlock)).code)
    // The finder pattern, and the start of Code 128 in set C: bars of 2, 1 and 3.
    #expect((0..<7).map { code.qr.isDark(x: $0, y: 0) ? "1" : "0" }.joined() == "1111111")
    #expect((0..<11).map { code.code128.isDark(x: $0, y: 0) ? "1" : "0" }.joined() == "11010011100")
    #expect(!code.qr.isDark(x: 21, y: 0) && !code.qr.isDark(x: 0, y: -1) && !code.code128.isDark(x: 0, y: 1))
}

@Test func codesPrintNoDigit() throws {
    let device = try TestDevice()
    let unlock = PaymentUnlock.withoutLock()
    let wallet = try device.create()
    let next = try wallet.payments.nextCode(unlock: unlock, id: try wallet.add(unlock))
    #expect("\(try #require(next.code))" == "PaymentCode([redacted])")
    #expect(!"\(next)".contains("4960"))
}

@Test func errorsPrintOneClause() throws {
    let device = try TestDevice()
    let unlock = PaymentUnlock.withoutLock()
    let wallet = try device.create()
    try wallet.payments.setPin(unlock: unlock, pin: pin)
    let wrong = WalletError.wrongPin(triesLeft: 9)
    #expect(throws: wrong) { try wallet.payments.unlockWithPin(pin: Data("915283".utf8)) }
    #expect("\(wrong)" == "wrong PIN, attempts left: 9")
    #expect(wrong.localizedDescription == "wrong PIN, attempts left: 9")
    #expect("\(KeystoreError.keyMissing)" == "the keystore has no such key")
}

@Test func aCodeComesAtTheStartOfEachHalfMinute() async throws {
    let device = try TestDevice()
    let unlock = PaymentUnlock.withoutLock()
    let wallet = try device.create()
    let id = try wallet.add(unlock)
    let clock = InstantClock(sets: device.clock)
    var starts: [Int64] = []
    for try await code in wallet.payments.codes(unlock: unlock, id: id, clock: clock).prefix(3) {
        starts.append(code.validFrom)
    }
    #expect(starts == [began - 7, began + 23, began + 53])
    #expect(clock.now.offset == .seconds(53))
}

@Test func lockingEndsTheSequenceWithItsError() async throws {
    let device = try TestDevice()
    let unlock = PaymentUnlock.withoutLock()
    let wallet = try device.create()
    let id = try wallet.add(unlock)
    let clock = InstantClock(sets: device.clock)
    await #expect(throws: WalletError.paymentsLocked) {
        for try await _ in wallet.payments.codes(unlock: unlock, id: id, clock: clock) {
            unlock.lock()
        }
    }
}

@Test func aScopedUnlockIsLockedAtItsEnd() async throws {
    let device = try TestDevice()
    let wallet = try device.create()
    let id = try wallet.add(PaymentUnlock.withoutLock())
    try wallet.payments.setPin(unlock: PaymentUnlock.withoutLock(), pin: pin)
    let unlock = try await wallet.withPaymentsUnlocked(pin: pin) { unlock in
        let next = try wallet.payments.nextCode(unlock: unlock, id: id)
        #expect(next.code != nil)
        return unlock
    }
    #expect(throws: WalletError.paymentsLocked) { try wallet.payments.nextCode(unlock: unlock, id: id) }
    await #expect(throws: WalletError.wrongPin(triesLeft: 9)) {
        try await wallet.withPaymentsUnlocked(pin: Data("915283".utf8)) { _ in }
    }
}

@MainActor @Test func callsInTheBackgroundLeaveTheMainThread() async throws {
    let wallet = try TestDevice().create()
    let (payments, isMain) = try await wallet.inBackground { wallet throws(WalletError) in
        (try wallet.payments.list(), Thread.isMainThread)
    }
    #expect(payments.isEmpty && !isMain)
}

@Test func failuresAreTyped() throws {
    let wallet = try TestDevice().create()
    do throws(WalletError) {
        try wallet.payments.remove(id: "1")
    } catch .notFound {
    } catch {
        Issue.record("\(error)")
    }
}
