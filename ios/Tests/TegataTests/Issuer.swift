import Foundation
import Glibc
import Tegata

/// The issuer that the scenarios of an account need, a real one on this machine, and the way there, as an app has one:
/// `cargo xtask test swift` starts it.
final class Issuer {
    /// The response to the next request, in place of the issuer's.
    var says: IssuerResponse?
    /// What was last asked for.
    private(set) var last = JSON.null
    var name = "running"

    var url: String {
        get throws {
            try environment(name == "stopped" ? "TEGATA_TEST_ISSUER_STOPPED" : "TEGATA_TEST_ISSUER")
        }
    }

    func send(_ request: IssuerRequest) throws -> IssuerResponse {
        guard let address = URL(string: request.url) else { throw Misread("no address") }
        last = .fields([
            "method": .text(request.method), "path": .text(address.path),
            "headers": .list(request.headers.keys.sorted().map(JSON.text)),
        ])
        if request.headers.values.contains(where: { $0.count > 20 && "\(request)".contains($0) }) {
            throw Misread("the request tells a secret")
        }
        if let said = says {
            says = nil
            return said
        }
        let headers = request.headers.map { "\($0): \($1)" }
        let answer = try carry(["\(request.method) \(address.path) HTTP/1.1"] + headers, request.body, to: address)
        let value = { (name: String) in
            let line = answer.head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("\(name):") }
            return line.map { String($0.drop { $0 != ":" }.dropFirst()) }
        }
        return IssuerResponse(
            status: Int32(answer.status), body: answer.body,
            retryAfter: value("retry-after"), challenge: value("tegata-challenge"))
    }

    /// The sandbox's card form, in which the holder enters this test card.
    func cardForm(_ card: String) -> SandboxForm { SandboxForm(issuer: self, card: card) }

    fileprivate func fillIn(_ setup: CardSetup, _ card: String) throws {
        guard let form = URL(string: try url + "/dev/card-form") else { throw Misread("no address") }
        let entry = "{\"client_secret\":\"\(setup.revealClientSecret())\",\"card\":\"\(card)\"}"
        let head = ["POST /dev/card-form HTTP/1.1", "Content-Type: application/json"]
        let answer = try carry(head, Data(entry.utf8), to: form)
        guard answer.status == 200 else { throw Misread("the form cannot be filled in") }
    }

    /// The card of a till of the one that runs.
    func tillShows() throws -> String {
        guard let card = try asTill("/v1/till").fields?["card"]?.text else { throw Misread("the till has no card") }
        return card
    }

    /// Authorises this code at the till, and gives the result once it is known.
    func tillTakes(_ code: String, amount: Int64) throws -> JSON {
        let reference = UUID().uuidString
        let sale = "{\"code\":\"\(code)\",\"amount\":\(amount),\"currency\":\"JPY\",\"reference\":\"\(reference)\"}"
        var payment = try asTill("/v1/authorisations", ["Idempotency-Key: \(reference)"], sale)
        for _ in 0..<600 {
            if var result = payment.fields, result["status"]?.text != "pending" {
                result["reference"] = .text(reference)
                return .fields(result)
            }
            Thread.sleep(forTimeInterval: 0.05)
            payment = try asTill("/v1/authorisations/\(payment.fields?["id"]?.text ?? "")")
        }
        throw Misread("the payment stays pending")
    }

    private func asTill(_ path: String, _ headers: [String] = [], _ sale: String? = nil) throws -> JSON {
        guard let issuer = URL(string: try environment("TEGATA_TEST_ISSUER")) else { throw Misread("no address") }
        let method = sale == nil ? "GET" : "POST"
        let till = "Authorization: Bearer \(try environment("TEGATA_TEST_TILL"))"
        let head = ["\(method) \(path) HTTP/1.1", till, "Content-Type: application/json"] + headers
        return try JSONDecoder().decode(JSON.self, from: carry(head, Data((sale ?? "").utf8), to: issuer).body)
    }

    /// The code that stands alone in a line of the newest such mail, once it has come.
    func code(to: String, subject: String) throws -> String {
        guard let page = URL(string: try environment("TEGATA_TEST_MAILBOX")) else { throw Misread("no address") }
        for _ in 0..<600 {
            let answer = try carry(["GET \(page.path) HTTP/1.1"], Data(), to: page)
            let mails = try JSONDecoder().decode(JSON.self, from: answer.body)
            let mail = mails.fields?["mails"]?.list?.compactMap(\.fields).first {
                $0["to"]?.text == to && $0["subject"]?.text?.contains(subject) == true
            }
            if let lines = mail?["body"]?.text?.split(whereSeparator: \.isNewline) {
                let words = lines.map { $0.trimmingCharacters(in: .whitespaces) }
                let code = words.first { $0.wholeMatch(of: /[0-9A-Z-]{8,}/) != nil }
                return try code ?? { throw Misread("the mail has no code") }()
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        throw Misread("no mail with this subject arrived: \(subject)")
    }

    private func environment(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name] else {
            throw Misread("\(name) is not set: cargo xtask test swift starts the issuer")
        }
        return value
    }
}

/// HTTP as far as an issuer on loopback needs it: one request for each connection.
private func carry(_ head: [String], _ body: Data, to address: URL) throws -> (status: Int, head: String, body: Data) {
    guard let host = address.host, let port = address.port else { throw Misread("no address") }
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = in_port_t(port).bigEndian
    inet_pton(AF_INET, host, &place.sin_addr)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let connected = withUnsafePointer(to: &place) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
    }
    guard connected == 0 else { throw Misread("the issuer cannot be reached") }
    let more = ["Host: \(host):\(port)", "Connection: close", "Content-Length: \(body.count)", "", ""]
    let message = Data((head + more).joined(separator: "\r\n").utf8) + body
    var sent = 0
    while sent < message.count {
        let count = message.withUnsafeBytes { send(socket, $0.baseAddress! + sent, $0.count - sent, 0) }
        guard count > 0 else { throw Misread("the issuer takes nothing") }
        sent += count
    }
    var answer = Data()
    var piece = [UInt8](repeating: 0, count: 65536)
    while case let count = recv(socket, &piece, piece.count, 0), count > 0 {
        answer.append(contentsOf: piece[..<count])
    }
    guard let end = answer.range(of: Data("\r\n\r\n".utf8)) else { throw Misread("the issuer says nothing") }
    let said = String(decoding: answer[..<end.lowerBound], as: UTF8.self)
    guard let status = said.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
        throw Misread("no status")
    }
    return (status, said, Data(answer[end.upperBound...]))
}

/// The sandbox's card form, filled in with one card.
struct SandboxForm: CardForm {
    let issuer: Issuer
    let card: String

    func register(_ setup: CardSetup) async throws { try issuer.fillIn(setup, card) }
}
