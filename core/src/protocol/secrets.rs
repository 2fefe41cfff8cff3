//! The secrets in messages, none of which is printed: codes, passwords, tokens.

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|c| c.is_ascii_digit())
}

newtype! {
    /// A mailed code: eight ASCII digits.
    typed digits MailedCodeText, "the eight digits of the mailed code", |text| digits(text, 8),
    [pattern: "[0-9]{8}", max: 8, example: "31415926",]
}
newtype! {
    /// A code of the authenticator: six ASCII digits.
    typed digits TotpText, "six digits from the authenticator", |text| digits(text, 6),
    [pattern: "[0-9]{6}", max: 6, example: "287082",]
}
newtype! {
    /// A password: 1 to 256 bytes of UTF-8. Its strength is not checked here.
    secret PasswordText, "a password of 1 to 256 bytes", |text| (1..=256).contains(&text.len()),
    [pattern: r"[\s\S]{1,256}", max: 256, example: "four quiet herons",]
}
newtype! {
    /// The ticket of a pending sign-up or reset: opaque, 1 to 256 characters of Base64url.
    secret Ticket, "a ticket from the issuer", is_token,
    [pattern: TOKEN, max: 256, example: "AQ8sXq3N_7c",]
}
newtype! {
    /// A session token: opaque, 1 to 256 characters of Base64url.
    secret SessionToken, "a session token from the issuer", is_token,
    [pattern: TOKEN, max: 256, example: "m3QxZk0v-9w",]
}
newtype! {
    /// The id of an event of an account: 32 hexadecimal digits.
    secret EventNumber, "an event id: 32 hexadecimal digits", |text| {
        text.len() == 32 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    },
    [pattern: "[0-9a-f]{32}", max: 32, example: "017f22e279b07cc3bfffffffffffffff",]
}
newtype! {
    /// What lets the processor's card form register a card: up to 256 letters, digits and underscores. For that form only.
    secret CardSetupSecret, "a client secret of the processor", is_setup_secret,
    [pattern: "[0-9A-Za-z_]{1,256}", max: 256, example: "seti_1Mm8s8_secret_NXDICkPqPeiBTAF",]
}
newtype! {
    /// The processor's id of a card's registration: up to 128 letters, digits and underscores.
    secret CardSetupName, "the id of a card's registration", is_setup_name,
    [pattern: "[0-9A-Za-z_]{1,128}", max: 128, example: "seti_1Mm8s8LkdIwHu7ix0OXBfTRG",]
}

#[cfg(any(test, feature = "openapi"))]
const TOKEN: &str = "[A-Za-z0-9_-]{1,256}";

fn is_token(text: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    (1..=256).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn is_setup_secret(text: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    (1..=256).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn is_setup_name(text: &str) -> bool {
    text.len() <= 128 && is_setup_secret(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_are_ascii_digits_of_the_right_length() {
        assert!(TotpText::new("012345").is_ok());
        for typed in [" 012345", "012 345", "０１２３４５", "０１２　３４５", "012-345", "٠١٢٣٤٥"]
        {
            assert_eq!(TotpText::new(typed).unwrap().expose(), "012345", "{typed}");
        }
        assert_eq!(MailedCodeText::new("9790-6891").unwrap().expose(), "97906891");
        for bad in
            ["", "12345", "1234567", "12 345", "12345a", "-12345", "１２３４５", "+12345", "12345½"]
        {
            assert!(TotpText::new(bad).is_err(), "{bad}");
        }
        // A message has the digits as they are.
        let read = |json: &str| serde_json::from_str::<TotpText>(json).is_ok();
        assert!(read("\"012345\"") && !read("\"012 345\"") && !read("\"０１２３４５\""));
        let payment_code = "496012345678901234567890";
        assert!(TotpText::new(payment_code).is_err() && MailedCodeText::new(payment_code).is_err());
    }

    fn matches(pattern: &str) -> impl Strategy<Value = String> {
        prop::string::string_regex(pattern).unwrap()
    }

    proptest! {
        #[test]
        fn texts_that_match_their_pattern_are_taken(
            code in matches(MailedCodeText::PATTERN),
            totp in matches(TotpText::PATTERN),
            event in matches(EventNumber::PATTERN),
            password in matches(PasswordText::PATTERN),
            ticket in matches(Ticket::PATTERN),
            token in matches(SessionToken::PATTERN),
            setup in matches(CardSetupName::PATTERN),
            secret in matches(CardSetupSecret::PATTERN),
        ) {
            prop_assert!(CardSetupName::new(&setup).is_ok(), "{}", setup);
            prop_assert!(CardSetupSecret::new(&secret).is_ok(), "{}", secret);
            prop_assert!(MailedCodeText::new(&code).is_ok(), "{}", code);
            prop_assert!(EventNumber::new(&event).is_ok(), "{}", event);
            prop_assert!(TotpText::new(&totp).is_ok(), "{}", totp);
            prop_assert_eq!(PasswordText::new(&password).is_ok(), password.len() <= 256);
            prop_assert!(Ticket::new(&ticket).is_ok() && SessionToken::new(&token).is_ok());
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let text = format!("{:?}", PasswordText::new("four quiet herons").unwrap());
        assert_eq!(text, "PasswordText([redacted])");
    }
}
