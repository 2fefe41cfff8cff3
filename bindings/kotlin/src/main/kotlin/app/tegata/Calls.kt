package app.tegata

/*
 * A call carried and answered in one go:
 *
 *     val loggedIn = wallet.account.logIn(at, password).carried { http.post(it) }
 *
 * What sends is the app's, with the HTTP client that it has: over TLS, with no redirects followed. It may suspend where
 * the caller may. What goes wrong on the way is its own exception, and leaves the call as it was: carry it again.
 */

/** Gives the sign-up to go on with. */
public inline fun SignUpCall.carried(send: (IssuerRequest) -> IssuerResponse): SignUp = answered(send(request()))

/** Gives the recovery codes, this once; the wallet is logged in. */
public inline fun SignedUpCall.carried(send: (IssuerRequest) -> IssuerResponse): RecoveryCodes =
    answered(send(request()))

/** The wallet is logged in. */
public inline fun LogInCall.carried(send: (IssuerRequest) -> IssuerResponse): LoggedIn = answered(send(request()))

/** Gives the reset to go on with. */
public inline fun ResetCall.carried(send: (IssuerRequest) -> IssuerResponse): Reset = answered(send(request()))

/** Gives the second factor, this once. */
public inline fun FactorCall.carried(send: (IssuerRequest) -> IssuerResponse): NewFactor = answered(send(request()))

/** Gives the recovery codes, this once. */
public inline fun CodesCall.carried(send: (IssuerRequest) -> IssuerResponse): RecoveryCodes = answered(send(request()))

/** Gives what the account is. */
public inline fun OverviewCall.carried(send: (IssuerRequest) -> IssuerResponse): AccountOverview =
    answered(send(request()))

/** Gives the account's cards as they are now. */
public inline fun CardsCall.carried(send: (IssuerRequest) -> IssuerResponse): List<AccountCard> =
    answered(send(request()))

/** Gives the payments; the newest are kept in the wallet, sealed. */
public inline fun PaymentsCall.carried(send: (IssuerRequest) -> IssuerResponse): PaymentPage = answered(send(request()))

/** Gives the credential's record among payments; [label] is what it is called there. */
public inline fun ProvisionCall.carried(
    unlocked: PaymentUnlock,
    label: String,
    send: (IssuerRequest) -> IssuerResponse,
): String = answered(unlocked, label, send(request()))

/** It is done, or a [WalletException] says why not. */
public inline fun DoneCall.carried(send: (IssuerRequest) -> IssuerResponse): Unit = answered(send(request()))
