package app.tegata

/*
 * Sends a call's request and completes the call with the response:
 *
 *     val result = wallet.account.logIn(profile, password).execute { http.post(it) }
 *
 * `send` is the app's, with its own HTTP client: over TLS, following no redirects. It may suspend where the caller may.
 * What it throws is its own exception and leaves the call as it was: execute it again. It is called a second time when the
 * issuer wants the request signed again.
 */

/** Sends a request once more that was signed again. */
@PublishedApi
internal inline fun <T> sentTwice(exchange: () -> T): T = try {
    exchange()
} catch (_: WalletException.SendAgain) {
    exchange()
}

/** Gives the sign-up to go on with. */
public inline fun BeginSignUpCall.execute(send: (IssuerRequest) -> IssuerResponse): SignUp =
    sentTwice { complete(send(request())) }

/** Gives the recovery codes, this once; the wallet is logged in. */
public inline fun FinishSignUpCall.execute(send: (IssuerRequest) -> IssuerResponse): RecoveryCodes =
    sentTwice { complete(send(request())) }

/** Logs the wallet in. */
public inline fun LogInCall.execute(send: (IssuerRequest) -> IssuerResponse): LogInResult =
    sentTwice { complete(send(request())) }

/** Gives the log-in to go on with, once the code has come by mail. */
public inline fun LogInCodeCall.execute(send: (IssuerRequest) -> IssuerResponse): LogInByCode =
    sentTwice { complete(send(request())) }

/** Gives the freeze to go on with, once the code has come by mail. */
public inline fun FreezeCodeCall.execute(send: (IssuerRequest) -> IssuerResponse): FreezeByMailedCode =
    sentTwice { complete(send(request())) }

/** Gives the reset of the password to go on with. */
public inline fun BeginPasswordResetCall.execute(send: (IssuerRequest) -> IssuerResponse): PasswordReset =
    sentTwice { complete(send(request())) }

/** Gives the second factor, this once. */
public inline fun FactorEnrolmentCall.execute(send: (IssuerRequest) -> IssuerResponse): FactorEnrolment =
    sentTwice { complete(send(request())) }

/** Gives the recovery codes, this once. */
public inline fun RecoveryCodesCall.execute(send: (IssuerRequest) -> IssuerResponse): RecoveryCodes =
    sentTwice { complete(send(request())) }

/** Gives the overview of the account. */
public inline fun AccountOverviewCall.execute(send: (IssuerRequest) -> IssuerResponse): AccountOverview =
    sentTwice { complete(send(request())) }

/** Gives what the processor's card form needs. */
public inline fun CardSetupCall.execute(send: (IssuerRequest) -> IssuerResponse): CardSetup =
    sentTwice { complete(send(request())) }

/** Gives what this device is told of its account. */
public inline fun DeviceStatusCall.execute(send: (IssuerRequest) -> IssuerResponse): DeviceStatus =
    sentTwice { complete(send(request())) }

/** Gives the account's cards as they are now. */
public inline fun CardsCall.execute(send: (IssuerRequest) -> IssuerResponse): List<AccountCard> =
    sentTwice { complete(send(request())) }

/** Gives a page of payments; the newest page is kept in the wallet, sealed. */
public inline fun PaymentHistoryCall.execute(send: (IssuerRequest) -> IssuerResponse): PaymentPage =
    sentTwice { complete(send(request())) }

/** Stores the payment credential and gives the id of its record; [label] is the name that the shopper sees. */
public inline fun ProvisionCall.execute(
    unlock: PaymentUnlock,
    label: String,
    send: (IssuerRequest) -> IssuerResponse,
): String = sentTwice { complete(unlock, label, send(request())) }

/** Returns once it is done, or throws a [WalletException]. */
public inline fun ActionCall.execute(send: (IssuerRequest) -> IssuerResponse): Unit =
    sentTwice { complete(send(request())) }
