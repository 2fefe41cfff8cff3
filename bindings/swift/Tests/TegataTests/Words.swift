import Foundation
import Tegata

// How what a wallet takes and gives is written in bindings/scenarios.json.

extension Symbol {
    var json: JSON {
        .fields([
            "width": JSON(width), "height": JSON(height), "rows": .text(rows.hex), "quiet_sides": JSON(quietSides),
            "quiet_ends": JSON(quietEnds), "bar_height": JSON(barHeight),
        ])
    }
}

extension ClockStatus {
    var text: String {
        switch self {
        case .fine: "fine"
        case .ahead(let seconds): "ahead \(seconds)"
        case .behind(let seconds): "behind \(seconds)"
        case .setBack(let seconds): "set back \(seconds)"
        }
    }
}

func language(_ name: String) throws -> Language {
    switch name {
    case "english": .english
    case "japanese": .japanese
    default: throw Misread("there is no language \(name)")
    }
}

func format(_ name: String) throws -> PassFormat {
    switch name {
    case "qr": .qr
    case "code128": .code128
    case "pdf417": .pdf417
    case "aztec": .aztec
    default: throw Misread("there is no format \(name)")
    }
}

func keystoreFailure(_ with: Arguments) throws -> any Error {
    switch try with.text("failure") {
    case "Locked": KeystoreFailure.Locked
    case "KeyMissing": KeystoreFailure.KeyMissing
    case "KeyInvalidated": KeystoreFailure.KeyInvalidated
    case "WrongDevice": KeystoreFailure.WrongDevice
    case "Damaged": KeystoreFailure.Damaged
    case "Failed": KeystoreFailure.Failed
    case "unknown": Undeclared()
    case let other: throw Misread("a keystore does not throw \(other)")
    }
}

func anchorFailure(_ with: Arguments) throws -> any Error {
    switch try with.text("failure") {
    case "Locked": AnchorFailure.Locked
    case "Failed": AnchorFailure.Failed
    case "unknown": Undeclared()
    case let other: throw Misread("an anchor does not throw \(other)")
    }
}

extension WalletError {
    /// Swift tells the name of a case to nobody once the case has a description of its own.
    var name: String {
        switch self {
        case .NoWallet: "NoWallet"
        case .Exists: "Exists"
        case .InUse: "InUse"
        case .Closed: "Closed"
        case .Locked: "Locked"
        case .KeyMissing: "KeyMissing"
        case .KeyInvalidated: "KeyInvalidated"
        case .WrongDevice: "WrongDevice"
        case .Corrupt: "Corrupt"
        case .NewerFormat: "NewerFormat"
        case .RolledBack: "RolledBack"
        case .PaymentsLocked: "PaymentsLocked"
        case .WrongPin: "WrongPin"
        case .PinBlocked: "PinBlocked"
        case .UnlockNotSet: "UnlockNotSet"
        case .NotLoggedIn: "NotLoggedIn"
        case .Issuer(let problem, _): "Issuer \(spelled(problem))"
        case .AnswerRefused: "AnswerRefused"
        case .Move(let problem, _): "Move \(spelled(problem))"
        case .NotATillCard: "NotATillCard"
        case .StrangeTillCard: "StrangeTillCard"
        case .NotFound: "NotFound"
        case .Invalid: "Invalid"
        case .Failed: "Failed"
        case .Broken: "Broken"
        }
    }
}

/// As other languages write it.
private func spelled(_ problem: some Any) -> String {
    let name = "\(problem)".prefix { $0 != "(" }
    return name.prefix(1).uppercased() + name.dropFirst()
}

extension TransferRequest {
    var json: JSON { .fields(["text": .text(text), "number": .text(number), "qr": qr.json]) }
}

extension PaymentPage {
    var json: JSON {
        .fields(["payments": .list(payments.map(\.json)), "earlier": .bool(earlier), "seen": JSON(seen)])
    }
}

extension AccountPayment {
    var json: JSON {
        let state = "\(state)".map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
        return .fields([
            "number": .text(number), "shop": .text(shop), "reference": .text(reference), "amount": JSON(amount),
            "currency": .text(currency), "shown": .text(shown), "state": .text(state), "time": JSON(time),
            "since": JSON(since),
        ])
    }
}

extension AccountOverview {
    var json: JSON {
        .fields([
            "address": .text(address), "recovery_codes_left": JSON(recoveryCodesLeft), "must_enrol": .bool(mustEnrol),
            "frozen": .bool(frozen), "closing": JSON(closing),
            "devices": .list(
                devices.map {
                    .fields(["id": .text($0.id), "name": .text($0.name), "is_this": .bool($0.isThis)])
                }),
            "sessions": .list(
                sessions.map {
                    .fields(["number": JSON($0.number), "device": .text($0.device), "is_this": .bool($0.isThis)])
                }),
        ])
    }
}

extension Data {
    init(hex: String) {
        self.init()
        var digits = hex[...]
        while !digits.isEmpty {
            append(UInt8(digits.prefix(2), radix: 16)!)
            digits = digits.dropFirst(2)
        }
    }

    var hex: String {
        map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
