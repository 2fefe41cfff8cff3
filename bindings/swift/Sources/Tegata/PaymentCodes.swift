import TegataGenerated

/// Payment codes, one after the other for as long as somebody asks: the first at once, the next when its time has come. No
/// code is used up while nobody does.
///
/// Ends with a `WalletError`, `PaymentsLocked` once the leave was taken away, say; with a `CancellationError` in a task that
/// was cancelled.
public struct PaymentCodes<C: Clock>: AsyncSequence, Sendable where C.Duration == Duration {
    let payments: Payments
    let unlocked: PaymentUnlock
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
                switch try codes.ask() {
                case .code(let code):
                    due = now.advanced(by: .seconds(code.nextIn))
                    return code
                case .wait(let seconds):
                    due = now.advanced(by: .seconds(seconds))
                }
            }
        }
    }

    private func ask() throws -> NextCode {
        try payments.nextCode(unlocked: unlocked, id: id, till: till, language: language)
    }
}

extension Payments {
    /// Codes that come by themselves: see `PaymentCodes`. `clock` is what the time between them is waited for by; a test
    /// gives one of its own.
    public func codes<C: Clock>(
        unlocked: PaymentUnlock, id: String, till: String? = nil, language: Language? = nil, clock: C = ContinuousClock()
    ) -> PaymentCodes<C> where C.Duration == Duration {
        PaymentCodes(
            payments: self, unlocked: unlocked, id: id, till: till, language: language, clock: clock)
    }
}
