import TegataGenerated

/// The processor's own card form, which the app shows: a card's number is typed there and nowhere else, and its bank may
/// ask the holder to confirm.
public protocol CardForm {
    /// Shows the form for a registration and returns once its holder is done. What it throws, as when they close the form,
    /// adds no card.
    func register(_ setup: CardSetup) async throws
}

extension Account {
    /// Adds a card that its holder registers in `form`, and gives the account's cards as they are now.
    public func registerCard(
        _ form: some CardForm, _ send: (IssuerRequest) async throws -> IssuerResponse
    ) async throws -> [AccountCard] {
        let setup = try await beginCardSetup().execute(send)
        try await form.register(setup)
        return try await addCard(setup: setup.id()).execute(send)
    }
}
