import TegataGenerated

/// Payment codes, one after the other while the sequence is iterated: the first at once, the next when its time has come.
/// No code is used up otherwise.
///
/// Throws a `WalletError`, such as `paymentsLocked` once the unlock token was locked, and a `CancellationError` in a task
/// that was cancelled.
public struct PaymentCodes<C: Clock>: AsyncSequence, Sendable where C.Duration == Duration {
    let payments: Payments
    let unlock: PaymentUnlock
    let id: String
    let till: String?
    let language: Language?
    let clock: C

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(codes: self)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let codes: PaymentCodes
        var due: C.Instant?

        public mutating func next() async throws -> PaymentCode? {
            while true {
                if let due {
                    try await codes.clock.sleep(until: due, tolerance: nil)
                }
                let now = codes.clock.now
                switch try codes.makeNext() {
                case .code(let code):
                    due = now.advanced(by: .seconds(code.nextIn))
                    return code
                case .wait(let seconds):
                    due = now.advanced(by: .seconds(seconds))
                }
            }
        }
    }

    private func makeNext() throws(WalletError) -> NextCode {
        try payments.nextCode(unlock: unlock, id: id, till: till, language: language)
    }
}

extension Payments {
    /// Gives payment codes one after the other: see `PaymentCodes`. `clock` measures the time between them; a test passes
    /// its own.
    public func codes<C: Clock>(
        unlock: PaymentUnlock, id: String, till: String? = nil, language: Language? = nil, clock: C = ContinuousClock()
    ) -> PaymentCodes<C> where C.Duration == Duration {
        PaymentCodes(
            payments: self, unlock: unlock, id: id, till: till, language: language, clock: clock)
    }
}
