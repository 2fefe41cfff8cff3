import Foundation
import FoundationNetworking
import Synchronization
import Tegata

/// The issuer that the scenarios of an account need, a real one on this machine, and the way there, as an app has one:
/// `cargo xtask test swift` starts it.
final class Issuer {
    /// What is answered next, whatever the issuer would say.
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
        var asked = URLRequest(url: address)
        asked.httpMethod = request.method
        asked.httpBody = request.body
        for (header, value) in request.headers { asked.setValue(value, forHTTPHeaderField: header) }
        let (body, answer) = try carry(asked)
        return IssuerResponse(
            status: Int32(answer.statusCode), body: body, retryAfter: answer.value(forHTTPHeaderField: "Retry-After"))
    }

    /// The code that stands alone in a line of the newest such mail, once it has come.
    func code(to: String, subject: String) throws -> String {
        guard let page = URL(string: try environment("TEGATA_TEST_MAILBOX")) else { throw Misread("no address") }
        for _ in 0..<600 {
            let mails = try JSONDecoder().decode(JSON.self, from: try carry(URLRequest(url: page)).0)
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
        throw Misread("no mail came that says \(subject)")
    }

    private func environment(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name] else {
            throw Misread("\(name) is not set: cargo xtask test swift starts the issuer")
        }
        return value
    }
}

private let client: URLSession = {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.connectionProxyDictionary = [:]
    configuration.timeoutIntervalForRequest = 40
    return URLSession(configuration: configuration)
}()

/// Waits: the scenarios are written for calls that do.
private func carry(_ request: URLRequest) throws -> (Data, HTTPURLResponse) {
    let came = Carried()
    client.dataTask(with: request) { body, answer, error in
        came.put(body, answer, error)
    }.resume()
    return try came.get()
}

private final class Carried: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<(Data, HTTPURLResponse), any Error>?>(nil)

    func put(_ body: Data?, _ answer: URLResponse?, _ error: (any Error)?) {
        result.withLock {
            if let body, let answer = answer as? HTTPURLResponse {
                $0 = .success((body, answer))
            } else {
                $0 = .failure(Misread("the issuer cannot be reached: \(error.map { "\($0)" } ?? "")"))
            }
        }
        done.signal()
    }

    func get() throws -> (Data, HTTPURLResponse) {
        done.wait()
        return try result.withLock { $0 }!.get()
    }
}
