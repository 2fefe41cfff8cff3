import Foundation
import Tegata

// Converts between the values of a wallet and those of bindings/scenarios.json.

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

func keystoreError(_ with: Arguments) throws -> any Error {
    switch try with.text("failure") {
    case "Locked": KeystoreError.locked
    case "KeyMissing": KeystoreError.keyMissing
    case "KeyInvalidated": KeystoreError.keyInvalidated
    case "WrongDevice": KeystoreError.wrongDevice
    case "Damaged": KeystoreError.damaged
    case "Failed": KeystoreError.failed
    case "unknown": Undeclared()
    case let other: throw Misread("a keystore does not throw \(other)")
    }
}

func anchorError(_ with: Arguments) throws -> any Error {
    switch try with.text("failure") {
    case "Locked": AnchorError.locked
    case "Failed": AnchorError.failed
    case "unknown": Undeclared()
    case let other: throw Misread("an anchor does not throw \(other)")
    }
}

extension WalletError {
    /// Gives the name of the case, which Swift hides once the type has a description of its own.
    var name: String {
        switch self {
        case .noWallet: "NoWallet"
        case .alreadyExists: "AlreadyExists"
        case .inUse: "InUse"
        case .closed: "Closed"
        case .locked: "Locked"
        case .keyMissing: "KeyMissing"
        case .keyInvalidated: "KeyInvalidated"
        case .wrongDevice: "WrongDevice"
        case .corrupt: "Corrupt"
        case .newerFormat: "NewerFormat"
        case .rolledBack: "RolledBack"
        case .paymentsLocked: "PaymentsLocked"
        case .wrongPin: "WrongPin"
        case .pinBlocked: "PinBlocked"
        case .weakPin(let problem, _): "WeakPin \(spelled(problem))"
        case .unlockNotSet: "UnlockNotSet"
        case .notLoggedIn: "NotLoggedIn"
        case .ownFactor: "OwnFactor"
        case .sendAgain: "SendAgain"
        case .issuer(let problem, _): "Issuer \(spelled(problem))"
        case .invalidAnswer: "InvalidAnswer"
        case .transfer(let problem, _): "Transfer \(spelled(problem))"
        case .invalidTillCard: "InvalidTillCard"
        case .untrustedTillCard: "UntrustedTillCard"
        case .notFound: "NotFound"
        case .cannotDraw: "CannotDraw"
        case .invalid: "Invalid"
        case .failed: "Failed"
        case .internal: "Internal"
        }
    }
}

/// Writes the name of a problem as the other languages do.
private func spelled(_ problem: some Any) -> String {
    let name = "\(problem)".prefix { $0 != "(" }
    return name.prefix(1).uppercased() + name.dropFirst()
}

extension TransferRequest {
    var json: JSON { .fields(["text": .text(text), "number": .text(number), "qr": qr.json]) }
}

extension PaymentPage {
    var json: JSON {
        .fields(["payments": .list(payments.map(\.json)), "earlier": .bool(hasEarlier), "seen": JSON(fetchedAt)])
    }
}

extension AccountPayment {
    var json: JSON {
        let state = "\(state)".map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
        return .fields([
            "number": .text(number), "shop": .text(shop), "reference": .text(reference), "amount": JSON(amount),
            "currency": .text(currency), "shown": .text(formattedAmount), "state": .text(state),
            "time": JSON(acceptedAt),
            "since": JSON(stateSince),
        ])
    }
}

extension AccountOverview {
    var json: JSON {
        .fields([
            "address": .text(address), "recovery_codes_left": JSON(recoveryCodesLeft),
            "must_enrol": .bool(mustEnrolFactor),
            "frozen": .bool(frozen), "closing": JSON(deletionAt),
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
