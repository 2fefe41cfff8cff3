import TegataGenerated

/// A request that `Wallet.account` makes to the issuer: the app sends it, and completes the call with the response.
public protocol IssuerCall<Answer> {
    /// The result for the app.
    associatedtype Answer

    /// Gives what to send, and where to.
    func request() -> IssuerRequest
    /// Takes the response, and gives the result.
    func complete(response: IssuerResponse) throws(WalletError) -> Answer
}

extension IssuerCall {
    /// Sends the request and completes the call with the response: `try await wallet.account.logIn(…).execute(http.post)`.
    ///
    /// `send` is the app's, with its own HTTP client: over TLS, following no redirects. What it throws leaves the call as
    /// it was: execute it again. It is called a second time when the issuer wants the request signed again.
    public func execute(
        _ send: (IssuerRequest) async throws -> IssuerResponse
    ) async throws -> Answer {
        do {
            return try complete(response: try await send(request()))
        } catch WalletError.sendAgain {
            return try complete(response: try await send(request()))
        }
    }
}

extension ProvisionCall {
    /// Sends the request, stores the payment credential and gives the id of its record; `label` is the name that the
    /// shopper sees.
    public func execute(
        unlock: PaymentUnlock, label: String, _ send: (IssuerRequest) async throws -> IssuerResponse
    ) async throws -> String {
        do {
            return try complete(unlock: unlock, label: label, response: try await send(request()))
        } catch WalletError.sendAgain {
            return try complete(unlock: unlock, label: label, response: try await send(request()))
        }
    }
}

extension BeginSignUpCall: IssuerCall {}
extension FinishSignUpCall: IssuerCall {}
extension LogInCall: IssuerCall {}
extension LogInCodeCall: IssuerCall {}
extension BeginPasswordResetCall: IssuerCall {}
extension FactorEnrolmentCall: IssuerCall {}
extension RecoveryCodesCall: IssuerCall {}
extension AccountOverviewCall: IssuerCall {}
extension CardSetupCall: IssuerCall {}
extension DeviceStatusCall: IssuerCall {}
extension FreezeCodeCall: IssuerCall {}
extension CardsCall: IssuerCall {}
extension PaymentHistoryCall: IssuerCall {}
extension ActionCall: IssuerCall {}
