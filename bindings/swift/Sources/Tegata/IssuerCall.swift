import TegataGenerated

/// What `Wallet.account` asks of the issuer: a request for the app to carry, and the door that its response comes back
/// through.
public protocol IssuerCall<Answer> {
    /// What is left for the app once it is answered.
    associatedtype Answer

    /// What to send, and where to.
    func request() -> IssuerRequest
    /// Takes what came back.
    func answered(response: IssuerResponse) throws -> Answer
}

extension IssuerCall {
    /// Has the request sent, and hands the response back: `try await wallet.account.logIn(…).carried(by: http.post)`.
    ///
    /// `send` is the app's, with the HTTP client that it has: over TLS, with no redirects followed. What it throws leaves
    /// the call as it was: carry it again.
    public func carried(
        by send: (IssuerRequest) async throws -> IssuerResponse
    ) async throws -> Answer {
        try answered(response: try await send(request()))
    }
}

extension ProvisionCall {
    /// Has the request sent, hands the response back, and gives the credential's record among payments; `label` is what
    /// it is called there.
    public func carried(
        unlocked: PaymentUnlock, label: String, by send: (IssuerRequest) async throws -> IssuerResponse
    ) async throws -> String {
        try answered(unlocked: unlocked, label: label, response: try await send(request()))
    }
}

extension SignUpCall: IssuerCall {}
extension SignedUpCall: IssuerCall {}
extension LogInCall: IssuerCall {}
extension ResetCall: IssuerCall {}
extension FactorCall: IssuerCall {}
extension CodesCall: IssuerCall {}
extension OverviewCall: IssuerCall {}
extension CardsCall: IssuerCall {}
extension PaymentsCall: IssuerCall {}
extension DoneCall: IssuerCall {}
