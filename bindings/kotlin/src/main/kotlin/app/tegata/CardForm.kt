package app.tegata

/**
 * The processor's own card form, which the app shows: a card's number is typed there and nowhere else, and its bank may
 * ask the holder to confirm.
 */
public fun interface CardForm {
    /**
     * Shows the form for [setup] and returns once its holder is done. What it throws, as when they close the form, adds
     * no card.
     */
    public suspend fun register(setup: CardSetup)
}

/** Adds a card that its holder registers in [form], and gives the account's cards as they are now. */
public suspend inline fun Account.registerCard(
    form: CardForm,
    send: (IssuerRequest) -> IssuerResponse,
): List<AccountCard> {
    val setup = beginCardSetup().execute(send)
    form.register(setup)
    return addCard(setup.id()).execute(send)
}
