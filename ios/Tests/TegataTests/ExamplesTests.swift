import Foundation
import Tegata
import Testing

// Three examples of what an app does: codes behind a PIN, a sign-up, a code for one till.

@Test func codesAreShownBehindAPin() async throws {
    let device = try TestDevice()
    let wallet = try device.create()
    let unlocked = PaymentUnlock.withoutLock()
    let id = try wallet.add(unlocked)
    try wallet.payments.setPin(unlock: unlocked, pin: pin)
    let unlock = try wallet.payments.unlockWithPin(pin: pin)
    let clock = InstantClock(sets: device.clock)
    var spoken: Set<String> = []
    for try await code in wallet.payments.codes(unlock: unlock, id: id, clock: clock).prefix(2) {
        spoken.insert(code.spoken)
    }
    #expect(spoken.count == 2)
}

@Test func anAccountIsSignedUpWithTheAppsOwnClient() async throws {
    let shopper = try Shopper()
    #expect(try await shopper.signUp().count == 10)
}

@Test func aCodeForOneTillPaysThere() async throws {
    let shopper = try Shopper()
    let wallet = shopper.wallet
    let issuer = shopper.issuer
    _ = try await shopper.signUp()
    _ = try await wallet.account.registerCard(issuer.cardForm("pm_card_visa"), issuer.send)
    let unlock = PaymentUnlock.withoutLock()
    let id = try await wallet.account.provision().execute(unlock: unlock, label: "Hanako", issuer.send)
    let card = try wallet.payments.readTillCard(id: id, text: try issuer.tillShows())
    #expect(!card.shop.isEmpty)
    let code = try #require(try wallet.payments.nextCode(unlock: unlock, id: id, till: card.till).code)
    #expect(try issuer.tillTakes(code.digits, amount: 1980).fields?["status"]?.text == "approved")
}

/// A wallet whose keystore signs, and the issuer of this run.
private struct Shopper {
    let folder: Folder
    let wallet: Wallet
    let issuer = Issuer()

    init() throws {
        folder = try Folder()
        let keystore = FakeKeystore(device: 1)
        let key = try TestKey(path: folder.url.appending(path: "key").path)
        keystore.signer.withLock { $0 = key }
        wallet = try Wallet.create(at: folder.wallet, keystore: keystore)
    }

    /// Signs up, with the second factor stored in the wallet, and gives the recovery codes.
    func signUp() async throws -> [String] {
        let address = "\(UUID().uuidString.lowercased())@example.org"
        let profile = AccountProfile(handle: address, issuer: try issuer.url, deviceName: "Hanako's phone")
        let signUp = try await wallet.account.beginSignUp(profile: profile, language: .english).execute(issuer.send)
        let mailed = try issuer.code(to: address, subject: "verification code")
        let password = Data("four quiet herons on one leg".utf8)
        let enrolment = try await signUp.verifyCode(code: mailed, password: password).execute(issuer.send)
        let codes = try await signUp.finish(totp: try enrolment.firstValue()).execute(issuer.send)
        let written = Data(codes.reveal()[0].utf8)
        _ = try enrolment.storeInWallet(confirmed: try codes.confirm(typed: written))
        return codes.reveal()
    }
}
