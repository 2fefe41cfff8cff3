import Foundation
import Testing

@testable import Tegata

/// Runs bindings/scenarios.json: each verb is a case of `Run.perform`, its arguments are the step's.
@Test(arguments: Scenario.all)
func scenario(_ scenario: Scenario) async throws {
    let run = try Run()
    for (number, step) in scenario.steps.enumerated() {
        try await run.step("step \(number + 1)", step)
    }
    try run.close()
}

@Test func thereAreScenariosEachWithANameOfItsOwnAndSteps() {
    #expect(!Scenario.all.isEmpty)
    #expect(Set(Scenario.all.map(\.name)).count == Scenario.all.count)
    #expect(Scenario.all.allSatisfy { !$0.steps.isEmpty })
}

struct Scenario: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let steps: [[String: JSON]]

    var testDescription: String { name }

    static let tree = URL(filePath: #filePath).appending(path: "../../../..").standardized
    static let all = file.scenarios
    static let values = file.values

    private struct File: Decodable {
        let values: [String: JSON]
        let scenarios: [Scenario]
    }

    /// Without this file there is nothing to test: a crash is the right failure.
    private static let file = try! JSONDecoder().decode(
        File.self, from: Data(contentsOf: tree.appending(path: "bindings/scenarios.json")))
}

/// The error of a runner that cannot run a scenario.
struct Misread: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// One scenario on a device of its own, and the state that its steps share.
private final class Run {
    let folder: Folder
    let keystores = [1: FakeKeystore(device: 1), 2: FakeKeystore(device: 2)]
    var keystore: FakeKeystore
    /// The anchors by the names of their wallets.
    var anchors = ["wallet": FakeAnchor()]
    var anchor: FakeAnchor { anchors[name]! }
    let clock = ManualClock(seconds: 0)
    var opened: Wallet?
    var unlock = PaymentUnlock.withoutLock()
    var values = Scenario.values
    let issuer = Issuer()
    var signUp: SignUp?
    var reset: PasswordReset?
    var logInByCode: LogInByCode?
    var recoveryCodes: RecoveryCodes?
    var freezeByMailedCode: FreezeByMailedCode?
    var factor: FactorEnrolment?

    var name = "wallet"
    var file: URL { folder.url.appending(path: name) }
    var kept: URL { folder.url.appending(path: "kept") }
    var wallet: Wallet {
        get throws { try opened ?? { throw Misread("no wallet was opened") }() }
    }

    init() throws {
        folder = try Folder()
        keystore = keystores[1]!
    }

    func step(_ place: String, _ step: [String: JSON]) async throws {
        let verb = step["do"]?.text ?? ""
        let place = "\(place), \(verb)"
        let expectations: Set = ["do", "gives", "fails", "says", "save"]
        let arguments = Arguments(try step.filter { !expectations.contains($0.key) }.mapValues(filled))
        var given = JSON.null
        var came: String?
        do {
            given = try await perform(verb, arguments)
        } catch let error as WalletError {
            #expect(!"\(error) \(error.localizedDescription)".contains(secret), "\(place): the error tells a secret")
            came = "\(error.name): \(error)"
            if let words = step["says"]?.text {
                #expect(error.shopperState().words(language: .japanese) == words, "\(place)")
            }
        }
        #expect(arguments.unread.isEmpty, "\(place): what is it to do with that?")
        try #require(came == step["fails"]?.text, "\(place)")
        if let expected = step["gives"] { check(try filled(expected), given, place) }
        if let name = step["save"]?.text { values[name] = given }
    }

    func close() throws { try opened?.close() }

    private func perform(_ verb: String, _ with: Arguments) async throws -> JSON {
        switch verb {
        case "pick":
            return try with.list("at").reduce(with.optional("of") ?? .null) { of, at in
                if let number = at.number { return of.list?[Int(number)] ?? .null }
                return of.fields?[at.text ?? ""] ?? .null
            }

        case "altered":
            // With another character in the place of that one.
            var text = Array(try with.text("text"))
            let at = Int(try with.number("at"))
            let place = at < 0 ? text.count + at : at
            text[place] = text[place] == "A" ? "B" : "A"
            return .text(String(text))

        // The device
        case "clock_now":
            clock.set(seconds: Int64(Date().timeIntervalSince1970) + (with.optional("plus")?.number ?? 0))
        case "signs":
            for (number, keystore) in keystores {
                let key = try TestKey(path: folder.url.appending(path: "key-\(number)").path)
                keystore.signer.withLock { $0 = key }
            }
        case "signs_wrong":
            // With the other device's key, while it gives out its own.
            let other = keystores[2]!.signer.withLock { $0 }
            keystores[1]!.forger.withLock { $0 = other }
        case "clock": clock.set(seconds: try with.number("seconds"))
        case "device": keystore = try keystore(with)
        case "keystore_throws":
            keystore.fault.throwsNow(try keystoreError(with), times: with.optional("times")?.number)
        case "keystore_works": keystore.fault.stops()
        case "keystore_knows":
            let answers = try with.fields("answers").map { (Data(hex: $0), Data(hex: $1.text!)) }
            keystore.answers.withLock { $0 = Dictionary(uniqueKeysWithValues: answers) }
        case "public_key": return .text(try publicKeyInside(keystore: keystore).hex)
        case "sign": return .text(try signInside(keystore: keystore, message: try with.bytes("message")).hex)
        case "anchor_throws": anchor.fault.throwsNow(try anchorError(with), times: with.optional("times")?.number)
        case "anchor_works": anchor.fault.stops()
        case "anchored":
            let anchored = AnchorState(
                vault: try with.bytes("vault"), epoch: try with.number("epoch"),
                failedPinTries: Int32(try with.number("failed_pin_tries")))
            anchor.anchored.withLock { $0 = anchored }

        // The file
        case "file":
            name = try with.text("name")
            if anchors[name] == nil { anchors[name] = FakeAnchor() }
        case "fixture": try copy(Scenario.tree.appending(path: try with.text("file")), to: file)
        case "keep_file": try copy(file, to: kept)
        case "file_is_as_kept": return .bool(try Data(contentsOf: file) == Data(contentsOf: kept))
        case "put_file_back": try copy(kept, to: file)

        // The wallet
        case "create": opened = try Wallet.create(at: file, keystore: keystore, anchor: anchor, clock: clock)
        case "open": opened = try Wallet.open(at: file, keystore: keystore, anchor: anchor, clock: clock)
        case "adopt": opened = try Wallet.openRolledBack(at: file, keystore: keystore, anchor: anchor, clock: clock)
        case "close": try close()
        case "destroy": try Wallet.destroy(at: file)
        case "rewrap": try wallet.changeKeystore(to: keystore(with))
        case "replace_key": try wallet.rekey()
        case "replacing_key": return .bool(try wallet.isRekeying)
        case "panic": try panicInside(wallet: wallet.handle, secret: secret)

        // Payments
        case "add": return .text(try add(with.fields("payment")))
        case "list_payments":
            return .list(
                try wallet.payments.list().map {
                    .fields([
                        "id": .text($0.id), "credential": .text($0.credential), "label": .text($0.label),
                        "clock": .text($0.clock.text),
                    ])
                })
        case "next_code":
            let language = try with.optional("language")?.text.map(language)
            return try nextCode(wallet, unlock, try with.text("id"), with.optional("till")?.text, language)
        case "next_codes_at_once": return try nextCodesAtOnce(try with.list("ids"))
        case "learn_time": try wallet.payments.learnIssuerTime(id: with.text("id"), issuer: with.number("issuer"))
        case "remove_payment": try wallet.payments.remove(id: with.text("id"))
        case "drop_all": try wallet.payments.removeAll()

        // The payment lock
        case "without_lock": unlock = PaymentUnlock.withoutLock()
        case "lock": unlock.lock()
        case "unlock_with_pin": unlock = try wallet.payments.unlockWithPin(pin: Data(try with.text("pin").utf8))
        case "unlock_with_key": unlock = try wallet.payments.unlockWithKey(key: with.bytes("key"))
        case "set_pin": try wallet.payments.setPin(unlock: unlock, pin: Data(try with.text("pin").utf8))
        case "set_unlock_key": try wallet.payments.setUnlockKey(unlock: unlock, key: with.bytes("key"))
        case "forget_unlock_key": try wallet.payments.forgetUnlockKey()
        case "remove_lock": try wallet.payments.removeLock(unlock: unlock)
        case "lock_status":
            guard let status = try wallet.payments.lockStatus() else { return .null }
            return .fields(["pin_tries_left": JSON(status.pinTriesLeft), "key": .bool(status.hasUnlockKey)])

        // One-time passwords and passes
        case "add_otp": return .text(try wallet.otpCredentials.addUri(uri: Data(try with.text("uri").utf8)))
        case "list_otps":
            return .list(
                try wallet.otpCredentials.list().map {
                    .fields([
                        "id": .text($0.id), "issuer": .text($0.issuer), "account": .text($0.account),
                        "digits": JSON($0.digits),
                    ])
                })
        case "otp_code":
            let code = try wallet.otpCredentials.code(id: with.text("id"))
            return .fields(["digits": .text(code.digits), "seconds_left": JSON(code.secondsLeft)])
        case "reveal_otp":
            return .text(String(decoding: try wallet.otpCredentials.revealUri(id: with.text("id")), as: UTF8.self))
        case "remove_otp": try wallet.otpCredentials.remove(id: with.text("id"))
        case "add_pass":
            let pass = Pass(
                title: try with.text("title"), format: try format(with.text("format")),
                message: try with.text("message"), alternateText: with.optional("alternate_text")?.text)
            return .text(try wallet.passes.add(pass: pass))
        case "list_passes":
            return .list(
                try wallet.passes.list().map {
                    .fields([
                        "id": .text($0.id), "title": .text($0.content.title), "format": .text("\($0.content.format)"),
                        "message": .text($0.content.message), "alternate_text": JSON($0.content.alternateText),
                    ])
                })
        case "draw_pass": return try wallet.passes.symbol(id: with.text("id")).json
        case "remove_pass": try wallet.passes.remove(id: with.text("id"))

        // A new phone
        case "move_begin": return try wallet.transfer.request().json
        case "move_waits": return try wallet.transfer.pendingRequest()?.json ?? .null
        case "move_give_up": try wallet.transfer.cancelRequest()
        case "move_read": return try wallet.transfer.readRequest(request: with.text("request")).json
        case "move_give":
            let sealed = try wallet.transfer.seal(
                unlock: unlock, request: with.text("request"), number: with.text("number"),
                ids: with.list("chosen").compactMap(\.text))
            return .fields(["text": .text(sealed.text), "qr": sealed.qr?.json ?? .null])
        case "move_take": return .list(try wallet.transfer.receive(sealed: with.text("answer")).map(JSON.text))
        default: return try await performAtIssuer(verb, with)
        }
        return .null
    }

    private func performAtIssuer(_ verb: String, _ with: Arguments) async throws -> JSON {
        switch verb {
        // The issuer, a till there, and whoever has an account there
        case "issuer": issuer.name = try with.text("name")
        case "issuer_says":
            issuer.says = IssuerResponse(
                status: Int32(try with.number("status")), body: Data(try with.text("body").utf8),
                retryAfter: with.optional("retry_after")?.text)
        case "last_request": return issuer.last
        case "till_shows": return .text(try issuer.tillShows())
        case "till_takes": return try issuer.tillTakes(try with.text("code"), amount: try with.number("amount"))
        case "somebody": return .text("\(UUID().uuidString.lowercased())@example.org")
        case "mail": return .text(try issuer.code(to: with.text("to"), subject: with.text("subject")))

        // The account
        case "known":
            guard let status = try wallet.account.status() else { return .null }
            return .fields([
                "handle": .text(status.profile.handle), "device": .text(status.profile.deviceName),
                "logged_in": .bool(status.loggedIn),
            ])
        case "sign_up":
            signUp = try await wallet.account.beginSignUp(profile: try profile(with), language: .english).execute(
                issuer.send)
        case "sign_up_code":
            factor = try await signUp?.verifyCode(code: try with.text("code"), password: try with.password())
                .execute(issuer.send)
        case "sign_up_factor":
            recoveryCodes = try await signUp?.finish(totp: try with.text("totp")).execute(issuer.send)
            return .list(recoveryCodes?.reveal().map(JSON.text) ?? [])
        case "first_value": return JSON(try factor?.firstValue())
        case "keep_factor":
            let typed = Data(try with.text("recovery_code").utf8)
            guard let confirmed = try recoveryCodes?.confirm(typed: typed) else { return .null }
            return JSON(try factor?.storeInWallet(confirmed: confirmed))
        case "store_factor":
            let uri = Data(try with.text("uri").utf8)
            let typed = Data(try with.text("recovery_code").utf8)
            guard let confirmed = try recoveryCodes?.confirm(typed: typed) else { return .null }
            return .text(try wallet.account.storeFactor(uri: uri, confirmed: confirmed))
        case "reveal_factor": return JSON((factor?.revealUri()).map { String(decoding: $0, as: UTF8.self) })
        case "log_in":
            let call = try wallet.account.logIn(
                profile: try profile(with), password: try with.password(), secondFactor: try with.secondFactor())
            return .fields(["must_enrol": .bool(try await call.execute(issuer.send).mustEnrolFactor)])
        case "log_in_code":
            logInByCode = try await wallet.account.requestLogInCode(profile: try profile(with)).execute(issuer.send)
        case "log_in_by_code":
            let result = try await logInByCode?.logIn(
                code: try with.text("code"), password: try with.password(), secondFactor: try with.secondFactor()
            ).execute(issuer.send)
            return .fields(["must_enrol": .bool(result?.mustEnrolFactor ?? true)])
        case "reset_by_recovery_code":
            let code = Data(try with.text("recovery_code").utf8)
            reset = try await wallet.account.beginPasswordResetWithRecoveryCode(
                profile: try profile(with), code: code
            ).execute(issuer.send)
        case "reset":
            reset = try await wallet.account.beginPasswordReset(profile: try profile(with)).execute(issuer.send)
        case "reset_proof":
            try await reset?.verify(code: try with.text("code"), secondFactor: try with.secondFactor()!)
                .execute(issuer.send)
        case "reset_finish": try await reset?.finish(password: try with.password()).execute(issuer.send)
        case "overview": return try await wallet.account.overview().execute(issuer.send).json
        case "prove": try await wallet.account.verifyFactor(totp: try with.text("totp")).execute(issuer.send)
        case "enrol": factor = try await wallet.account.beginFactorEnrolment().execute(issuer.send)
        case "enrol_code":
            try await wallet.account.confirmFactorEnrolment(totp: try with.text("totp")).execute(issuer.send)
        case "renew_recovery_codes":
            recoveryCodes = try await wallet.account.renewRecoveryCodes().execute(issuer.send)
            return .list(recoveryCodes?.reveal().map(JSON.text) ?? [])
        case "log_out": try await wallet.account.logOut().execute(issuer.send)
        case "drop_session": try wallet.account.discardSession()
        case "end_sessions":
            try await wallet.account.endSessions(number: with.optional("number")?.number).execute(issuer.send)
        case "forget_device": try await wallet.account.forgetDevice(id: try with.text("id")).execute(issuer.send)
        case "freeze": try await wallet.account.freeze().execute(issuer.send)
        case "device_status":
            let status = try await wallet.account.deviceStatus().execute(issuer.send)
            return .fields([
                "logged_in": .bool(status.loggedIn), "frozen": .bool(status.frozen),
                "stopped": .bool(status.paymentsStopped), "new_credential": .bool(status.newCredentialAt != nil),
                "new_device": .bool(status.newDeviceAt != nil),
            ])
        case "send_queued":
            guard let queued = try wallet.account.queuedRequest() else { return .bool(false) }
            try await queued.execute(issuer.send)
            return .bool(true)
        case "freeze_here": try await wallet.account.freezeFromDevice().execute(issuer.send)
        case "end_here": try await wallet.account.endDeviceSessions().execute(issuer.send)
        case "unfreeze":
            let code = with.optional("recovery_code")?.text.map { Data($0.utf8) }
            try await wallet.account.unfreeze(recoveryCode: code).execute(issuer.send)
        case "freeze_by_factor":
            let factor = try with.secondFactor()!
            try await wallet.account.freezeByFactor(profile: try profile(with), secondFactor: factor)
                .execute(issuer.send)
        case "freeze_by_code":
            try await wallet.account.freezeByCode(profile: try profile(with), code: try with.text("code"))
                .execute(issuer.send)
        case "freeze_code":
            freezeByMailedCode = try await wallet.account.requestFreezeCode(
                profile: try profile(with), recoveryCode: nil
            ).execute(issuer.send)
        case "freeze_by_mailed_code":
            try await freezeByMailedCode?.freeze(code: try with.text("code")).execute(issuer.send)
        case "take_back":
            let factor = try with.secondFactor()!
            try await wallet.account.revertChanges(
                profile: try profile(with), code: try with.text("code"), secondFactor: factor
            )
            .execute(issuer.send)
        case "close_account": try await wallet.account.requestDeletion().execute(issuer.send)
        case "keep_account": try await wallet.account.cancelDeletion().execute(issuer.send)
        case "provision":
            let label = try with.text("label")
            let call = try wallet.account.provision()
            return .text(try await call.execute(unlock: unlock, label: label, issuer.send))
        case "confirm_credential": try await wallet.account.confirmCredential().execute(issuer.send)
        case "provision_waits": return .bool(try wallet.account.hasPendingProvision())
        case "drop_provision": try wallet.account.discardProvision()
        case "cards": return try await cards(wallet.account.listCards())
        case "begin_card_setup": return .text(try await wallet.account.beginCardSetup().execute(issuer.send).id())
        case "add_card": return try await cards(wallet.account.addCard(setup: try with.text("setup")))
        case "register_card":
            let form = issuer.cardForm(try with.text("card"))
            return cards(try await wallet.account.registerCard(form, issuer.send))
        case "charge_card": return try await cards(wallet.account.setDefaultCard(id: try with.text("id")))
        case "remove_card": return try await cards(wallet.account.removeCard(id: try with.text("id")))
        case "till_card":
            let card = try wallet.payments.readTillCard(id: with.text("id"), text: with.text("text"))
            return .fields(["till": .text(card.till), "shop": .text(card.shop), "issuer": .text(card.issuer)])
        case "payments":
            return try await wallet.account.paymentHistory(before: with.optional("before")?.text).execute(issuer.send)
                .json
        case "kept_payments": return try wallet.account.cachedPayments()?.json ?? .null
        case "move_address":
            try await wallet.account.changeAddress(address: try with.text("address"), language: .english)
                .execute(issuer.send)
        case "move_address_code":
            try await wallet.account.confirmAddressChange(
                address: try with.text("address"), code: try with.text("code")
            )
            .execute(issuer.send)
        default: throw Misread("there is no such verb: \(verb)")
        }
        return .null
    }

    /// Gives the cards by their last digits, since those added in one second have no order.
    private func cards(_ call: CardsCall) async throws -> JSON {
        cards(try await call.execute(issuer.send))
    }

    private func cards(_ cards: [AccountCard]) -> JSON {
        .list(
            cards.sorted { $0.last4 < $1.last4 }.map {
                .fields([
                    "id": .text($0.id), "brand": .text($0.brand), "last4": .text($0.last4),
                    "is_charged": .bool($0.isDefault),
                ])
            })
    }

    private func profile(_ with: Arguments) throws -> AccountProfile {
        AccountProfile(
            handle: try with.text("handle"), issuer: try with.optional("issuer")?.text ?? issuer.url,
            deviceName: "phone")
    }

    private func keystore(_ with: Arguments) throws -> FakeKeystore {
        keystores[Int(try with.number("number"))]!
    }

    private func copy(_ from: URL, to: URL) throws {
        try Data(contentsOf: from).write(to: to)
    }

    private func add(_ payment: [String: JSON]) throws -> String {
        let payment = Arguments(payment)
        let new = NewPaymentCredential(
            credential: try payment.bytes("credential"), label: try payment.text("label"),
            prefix: try payment.text("prefix"), aliasPeriod: try payment.number("alias_period"))
        return try wallet.payments.add(unlock: unlock, new: new, seed: payment.bytes("seed"))
    }

    private func nextCodesAtOnce(_ ids: [JSON]) throws -> JSON {
        let results = Results()
        let (wallet, unlock) = (try wallet, unlock)
        let threads = ids.map { id in
            Thread { results.add { try nextCode(wallet, unlock, id.text!, nil, nil) } }
        }
        for thread in threads { thread.start() }
        let codes = try results.wait(for: ids.count)
        return .list(codes.map { $0.fields?["digits"]?.text ?? "wait" }.sorted().map(JSON.text))
    }

    /// Replaces the names of saved values in it by the values.
    private func filled(_ value: JSON) throws -> JSON {
        switch value {
        case .fields(let fields): return .fields(try fields.mapValues(filled))
        case .list(let list): return .list(try list.map(filled))
        case .text(let text) where text.hasPrefix("$"):
            guard let value = values[String(text.dropFirst())] else { throw Misread("there is no \(text)") }
            return try filled(value)
        default: return value
        }
    }
}

/// Compares; of an object only the fields that are expected.
private func check(_ expected: JSON, _ given: JSON, _ place: String) {
    if let expected = expected.fields, let given = given.fields {
        for (name, value) in expected {
            check(value, given[name] ?? .null, "\(place), \(name)")
        }
    } else if let expected = expected.list, let given = given.list {
        #expect(expected.count == given.count, "\(place), length")
        for (at, pair) in zip(expected, given).enumerated() {
            check(pair.0, pair.1, "\(place), \(at)")
        }
    } else {
        #expect(expected == given, "\(place)")
    }
}

private func nextCode(
    _ wallet: Wallet, _ unlock: PaymentUnlock, _ id: String, _ till: String?, _ language: Language?
) throws -> JSON {
    switch try wallet.payments.nextCode(unlock: unlock, id: id, till: till, language: language) {
    case .code(let code):
        return .fields([
            "digits": .text(code.digits), "groups": .text(code.groups), "spoken": .text(code.spoken),
            "valid_from": JSON(code.validFrom), "valid_until": JSON(code.validUntil), "next_at": JSON(code.nextAt),
            "next_in": JSON(code.nextIn), "more_in_this_step": JSON(code.moreInThisStep),
            "qr": code.qr.json, "code128": code.code128.json,
        ])
    case .wait(let seconds): return .fields(["wait": JSON(seconds)])
    }
}

/// The arguments of a step, and those that no verb has read.
final class Arguments {
    private let all: [String: JSON]
    private(set) var unread: Set<String>

    init(_ all: [String: JSON]) {
        self.all = all
        unread = Set(all.keys)
    }

    func optional(_ name: String) -> JSON? {
        unread.remove(name)
        return all[name]
    }

    func text(_ name: String) throws -> String { try need(optional(name)?.text, name) }
    func number(_ name: String) throws -> Int64 { try need(optional(name)?.number, name) }
    func list(_ name: String) throws -> [JSON] { try need(optional(name)?.list, name) }
    func fields(_ name: String) throws -> [String: JSON] { try need(optional(name)?.fields, name) }
    func bytes(_ name: String) throws -> Data { Data(hex: try text(name)) }

    func password() throws -> Data { Data(try text("password").utf8) }
    func secondFactor() throws -> SecondFactor? {
        let (totp, code) = (optional("totp")?.text, optional("recovery_code")?.text)
        if let totp { return try SecondFactor.totp(digits: totp) }
        return try code.map { try SecondFactor.recoveryCode(code: Data($0.utf8)) }
    }

    private func need<T>(_ value: T?, _ name: String) throws -> T {
        guard let value else { throw Misread("the step has no such \(name)") }
        return value
    }
}

/// The results of threads.
private final class Results: @unchecked Sendable {
    private let changed = NSCondition()
    private var all: [Result<JSON, any Error>] = []

    func add(_ work: () throws -> JSON) {
        let result = Result(catching: work)
        changed.withLock {
            all.append(result)
            changed.signal()
        }
    }

    func wait(for count: Int) throws -> [JSON] {
        try changed.withLock {
            while all.count < count { changed.wait() }
            return try all.map { try $0.get() }
        }
    }
}
