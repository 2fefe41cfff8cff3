import Foundation
import Tegata

final class NoKeystore: Keystore {
    func wrap(plaintext: Data) throws -> Data { plaintext }
    func unwrap(wrapped: Data) throws -> Data { wrapped }
    func prf(input: Data) throws -> Data { input }
    func publicKey() throws -> Data { throw KeystoreError.Failed }
    func sign(message: Data) throws -> Data { throw KeystoreError.Failed }
    func replaceSigningKey() throws { throw KeystoreError.Failed }
}

func taken(_ work: () throws -> Void) rethrows -> Int {
    let began = DispatchTime.now().uptimeNanoseconds
    try work()
    return Int(DispatchTime.now().uptimeNanoseconds - began)
}

func median(_ times: Int, _ work: () throws -> Void) rethrows -> Int {
    var all: [Int] = []
    for _ in 0..<times { all.append(try taken(work)) }
    let late = all[(times / 2)...].sorted()
    return late[late.count / 2]
}

let start: Int64 = 1_800_000_000
var made: ManualClock?
let first = taken { made = ManualClock(seconds: start) }
let clock = made!
let wallet = try Wallet.create(
    at: URL(fileURLWithPath: CommandLine.arguments[1]), keystore: NoKeystore(), clock: clock)
let unlock = PaymentUnlock.withoutLock()
var id = ""
for n in 0..<100 {
    let new = NewPaymentCredential(
        credential: Data(repeating: 1, count: 16), label: "Ann \(n)", prefix: "4960", aliasPeriod: 86_400)
    id = try wallet.payments.add(unlock: unlock, new: new, seed: Data(0..<32))
}
var now = start
let empty = median(20_000) { clock.set(seconds: start) }
let code = try median(2_000) {
    now += 30
    clock.set(seconds: now)
    _ = try wallet.payments.nextCode(unlock: unlock, id: id)
}
let list = try median(500) { _ = try wallet.payments.list() }
print("{\"first\":\(first),\"empty\":\(empty),\"code\":\(code),\"list\":\(list)}")
try wallet.close()
