//! Who the thief is. Each of them knows address, birth date, telephone number and an old password.

use std::fmt;

/// What a thief has from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is had or not, in any mix")]
pub struct Thief {
    /// What the account knows of his device.
    pub start: Start,
    /// He reads her mail.
    pub mailbox: bool,
    /// He holds her second factor.
    pub factor: bool,
    /// He knows the password that is in use.
    pub password: bool,
    /// He sees one value of her second factor as she types it, after it was taken.
    pub glimpse: bool,
}

/// What the account knows of the thief's device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// Nothing.
    Stranger,
    /// It is an old phone of hers, logged in, the second factor proved long ago.
    OldPhone,
    /// He logged in on it and got a payment credential, when he had all it takes; she resets her password to be rid of
    /// him.
    WasIn,
    /// He did that yesterday, and then changed address, second factor and recovery codes to his own; she takes that back to
    /// be rid of him.
    Changed,
}

impl Thief {
    const NOBODY: Self = Self {
        start: Start::Stranger,
        mailbox: false,
        factor: false,
        password: false,
        glimpse: false,
    };
    const READER: Self = Self { mailbox: true, password: true, glimpse: true, ..Self::NOBODY };

    /// Who knows nothing but what each of them does: the thief of 2019.
    pub const OF_2019: Self = Self::NOBODY;

    /// The strongest: every other does a part of what one of them can, so what none of these reaches, nobody does.
    pub const STRONGEST: [Self; 4] = [
        Self::READER,
        Self { factor: true, ..Self::NOBODY },
        Self { start: Start::OldPhone, ..Self::READER },
        Self { start: Start::WasIn, ..Self::READER },
    ];

    /// Who made the account his own, reads her mail besides, and sees what she types: against what takes changes back.
    pub const OWNER_BY_NOW: Self = Self { start: Start::Changed, ..Self::READER };

    /// Whether the other has all that he has.
    #[must_use]
    pub fn is_part_of(&self, other: &Self) -> bool {
        let start = self.start == other.start || self.start == Start::Stranger;
        let mailbox = self.mailbox <= other.mailbox && self.factor <= other.factor;
        start && mailbox && self.password <= other.password && self.glimpse <= other.glimpse
    }

    /// All of them, who has least first.
    #[must_use]
    pub fn weakest_first() -> Vec<Self> {
        let mut all = Vec::new();
        for start in [Start::Stranger, Start::OldPhone, Start::WasIn] {
            for bits in 0..8_u8 {
                let [mailbox, password, glimpse] = [1, 2, 4].map(|bit| bits & bit != 0);
                all.push(Self { start, mailbox, factor: false, password, glimpse });
            }
        }
        all.push(Self { factor: true, ..Self::NOBODY });
        let has = |thief: &Self| {
            let things = [thief.mailbox, thief.factor, thief.password, thief.glimpse];
            let start = usize::from(thief.start != Start::Stranger);
            start + things.into_iter().filter(|thing| *thing).count()
        };
        all.sort_by_key(has);
        all
    }
}

impl fmt::Display for Thief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = match self.start {
            Start::Stranger => "",
            Start::OldPhone => "has an old phone of hers that is logged in",
            Start::WasIn => "was in the account, with session and payment credential",
            Start::Changed => {
                "is in the account, has changed its address, second factor and recovery codes to his own"
            }
        };
        let has = [
            start,
            if self.mailbox { "reads her mailbox" } else { "" },
            if self.factor { "holds her second factor" } else { "" },
            if self.password { "knows her password" } else { "" },
            if self.glimpse { "saw one value of her second factor" } else { "" },
        ];
        let has: Vec<_> = has.into_iter().filter(|has| !has.is_empty()).collect();
        if has.is_empty() {
            return f
                .write_str("who knows address, birth date, telephone number and an old password");
        }
        write!(f, "who {}", has.join(" and "))
    }
}
