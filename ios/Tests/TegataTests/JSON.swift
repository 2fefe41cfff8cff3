import Foundation

/// A value of bindings/scenarios.json, or what came of a step.
enum JSON: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Int64)
    case text(String)
    case list([JSON])
    case fields([String: JSON])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Int64.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSON].self) {
            self = .list(list)
        } else {
            self = .fields(try value.decode([String: JSON].self))
        }
    }

    /// A text, or null for none.
    init(_ text: String?) { self = text.map(JSON.text) ?? .null }

    /// A number, or null for none.
    init(_ number: (some BinaryInteger)?) { self = number.map { .number(Int64($0)) } ?? .null }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Int64? { if case .number(let number) = self { number } else { nil } }
    var list: [JSON]? { if case .list(let list) = self { list } else { nil } }
    var fields: [String: JSON]? { if case .fields(let fields) = self { fields } else { nil } }
}
