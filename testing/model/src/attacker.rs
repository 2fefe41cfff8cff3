//! The attackers. Each of them knows address, birth date, telephone number and an old password.

use std::fmt;

use tegata::protocol::DeviceId;

use crate::action::{Actor, OWNERS_PHONE};

/// What an attacker has from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is had or not, in any mix")]
pub struct Attacker {
    /// The access that the attacker has to the account.
    pub foothold: Foothold,
    /// Reads the owner's mail.
    pub mailbox: bool,
    /// Holds the owner's second factor.
    pub factor: bool,
    /// Knows the current password.
    pub password: bool,
    /// Sees one value of the second factor as the owner types it, after it was accepted.
    pub seen_value: bool,
    /// Sees each new password as the owner chooses it.
    pub seen_password: bool,
    /// Comes while the owner pays with their phone, day by day.
    pub owner_pays: bool,
    /// Deletes what is mailed to the owner before they read it.
    pub deletes_mail: bool,
    /// Spends every budget that strangers have for the address.
    pub spends_budgets: bool,
}

/// The access that an attacker has to the account from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Foothold {
    /// None: the account does not know the device.
    UnknownDevice,
    /// An old phone of the owner's that is logged in, its second factor verified long ago.
    OldPhone,
    /// A session and a payment credential from an earlier break-in; the owner resets the password to end it.
    PastAccess,
    /// The same from yesterday, with address, second factor and recovery codes changed to the attacker's; the owner reverts
    /// the changes to end it.
    Takeover,
    /// The owner's old phone and second factor, until the owner replaced both five days ago.
    Replaced,
    /// The owner's second factor and mailbox, until the owner replaced both five days ago.
    ReplacedMailbox,
    /// The owner's second factor, mailbox and recovery codes, until the owner replaced all eight days ago.
    ReplacedCodes,
    /// The owner's phone, stolen. The owner goes on with a new one.
    StolenPhone(PhoneAccess),
}

impl Foothold {
    /// Whether the owner replaced what the attacker had.
    pub(crate) fn is_replaced(self) -> bool {
        self == Self::Replaced || self.had_mailbox()
    }

    /// Whether the attacker read the owner's mail until the owner changed the address.
    pub(crate) fn had_mailbox(self) -> bool {
        matches!(self, Self::ReplacedMailbox | Self::ReplacedCodes)
    }
}

/// What a thief can use of a stolen phone's wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneAccess {
    /// Nothing: the phone is locked.
    Locked,
    /// The device's key, which signs without the payment lock.
    DeviceKey,
    /// What is under the payment lock as well: the session, and the payment credential.
    OpenedLock,
}

/// The device of an attacker who has none of the owner's.
const ATTACKERS_PHONE: DeviceId = DeviceId([2; 32]);
/// The device that the owner goes on with after a theft.
const NEW_PHONE: DeviceId = DeviceId([3; 32]);

impl Attacker {
    const NOTHING: Self = Self {
        foothold: Foothold::UnknownDevice,
        mailbox: false,
        factor: false,
        password: false,
        seen_value: false,
        seen_password: false,
        owner_pays: false,
        deletes_mail: false,
        spends_budgets: false,
    };
    /// An attacker who reads the owner's mail and sees what they type.
    const MAIL_READER: Self =
        Self { mailbox: true, password: true, seen_value: true, ..Self::NOTHING };

    /// The attacker of 2019, who knows nothing but what every attacker knows.
    pub const OF_2019: Self = Self::NOTHING;

    /// The strongest attackers. Every other can do a part of what one of these can, so what none of these reaches, nobody
    /// does.
    pub const STRONGEST: [Self; 4] = [
        Self::MAIL_READER,
        Self { factor: true, ..Self::NOTHING },
        Self { foothold: Foothold::OldPhone, ..Self::MAIL_READER },
        Self { foothold: Foothold::PastAccess, ..Self::MAIL_READER },
    ];

    /// An attacker who took the account over, reads the owner's mail and sees what they type, to test reverting changes.
    pub const AFTER_TAKEOVER: Self = Self { foothold: Foothold::Takeover, ..Self::MAIL_READER };

    /// An attacker who had the owner's second factor and phone until the owner replaced both, and reads the owner's mail
    /// and knows the password still, to test that lost is lost.
    pub const AFTER_REPLACEMENT: Self =
        Self { foothold: Foothold::Replaced, mailbox: true, password: true, ..Self::NOTHING };

    /// An attacker who has all that identifies the owner on a new phone, to test that it pays later. They log in, whatever
    /// is on.
    pub const IMPERSONATOR: Self =
        Self { factor: true, password: true, owner_pays: true, ..Self::NOTHING };

    /// An attacker with an old phone of the owner's who sees each new password, to test what a reset forgets.
    pub const PASSWORD_WATCHER: Self =
        Self { foothold: Foothold::OldPhone, seen_password: true, ..Self::NOTHING };

    /// An attacker who knows the password and spends every budget of strangers while the owner's phone is lost, to test that
    /// the owner gets in all the same.
    pub const SPENDER: Self = Self {
        foothold: Foothold::StolenPhone(PhoneAccess::Locked),
        password: true,
        spends_budgets: true,
        ..Self::NOTHING
    };

    /// An attacker who reads the owner's mail and deletes it, to test that the owner gets in without it.
    pub const MAIL_DELETER: Self = Self { deletes_mail: true, ..Self::MAIL_READER };

    /// Attackers who had what identifies the owner until it was replaced, and know the password still.
    pub const AFTER_REPLACEMENTS: [Self; 2] = [
        Self { foothold: Foothold::ReplacedMailbox, password: true, ..Self::NOTHING },
        Self { foothold: Foothold::ReplacedCodes, password: true, ..Self::NOTHING },
    ];

    /// A thief who has the owner's phone with its payment PIN, and the second factor that is kept there.
    pub const THIEF_WITH_PIN: Self = Self {
        foothold: Foothold::StolenPhone(PhoneAccess::OpenedLock),
        factor: true,
        ..Self::NOTHING
    };

    /// Who stole the owner's phone: with its wallet locked, with the device's key, or with the lock opened, and on it the
    /// mail, the second factor, both or neither.
    #[must_use]
    pub fn thieves() -> Vec<Self> {
        let accesses = [PhoneAccess::Locked, PhoneAccess::DeviceKey, PhoneAccess::OpenedLock];
        let each = accesses.into_iter().flat_map(|access| {
            [(false, false), (true, false), (false, true), (true, true)].map(|has| (access, has))
        });
        let thief = |(access, (mailbox, factor))| Self {
            foothold: Foothold::StolenPhone(access),
            mailbox,
            factor,
            ..Self::NOTHING
        };
        each.map(thief).collect()
    }

    /// Whether mailbox and second factor are enough to reset the password and log in: until the owner has acted, such an
    /// attacker is in.
    #[must_use]
    pub fn identifies_as_owner(&self) -> bool {
        self.mailbox && self.factor
    }

    /// The one device that an actor signs with.
    #[must_use]
    pub fn device(&self, actor: Actor) -> DeviceId {
        match (actor, self.foothold) {
            (Actor::Owner, Foothold::StolenPhone(_)) => NEW_PHONE,
            (Actor::Owner, _)
            | (
                Actor::Attacker,
                Foothold::StolenPhone(PhoneAccess::DeviceKey | PhoneAccess::OpenedLock),
            ) => OWNERS_PHONE,
            (Actor::Attacker, _) => ATTACKERS_PHONE,
        }
    }

    /// Whether `other` has everything that this attacker has.
    #[must_use]
    pub fn is_part_of(&self, other: &Self) -> bool {
        let foothold = self.foothold == other.foothold || self.foothold == Foothold::UnknownDevice;
        let mailbox = self.mailbox <= other.mailbox && self.factor <= other.factor;
        foothold
            && mailbox
            && self.password <= other.password
            && self.seen_value <= other.seen_value
            && self.seen_password <= other.seen_password
            && self.owner_pays == other.owner_pays
            && self.deletes_mail == other.deletes_mail
            && self.spends_budgets == other.spends_budgets
    }

    /// All attackers without the second factor and one with it, the weakest first.
    #[must_use]
    pub fn weakest_first() -> Vec<Self> {
        let mut all = Vec::new();
        for foothold in [Foothold::UnknownDevice, Foothold::OldPhone, Foothold::PastAccess] {
            for bits in 0..8_u8 {
                let [mailbox, password, seen_value] = [1, 2, 4].map(|bit| bits & bit != 0);
                all.push(Self { foothold, mailbox, password, seen_value, ..Self::NOTHING });
            }
        }
        all.push(Self { factor: true, ..Self::NOTHING });
        let has = |attacker: &Self| {
            let things =
                [attacker.mailbox, attacker.factor, attacker.password, attacker.seen_value];
            let foothold = usize::from(attacker.foothold != Foothold::UnknownDevice);
            foothold + things.into_iter().filter(|thing| *thing).count()
        };
        all.sort_by_key(has);
        all
    }
}

impl fmt::Display for Attacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let foothold = match self.foothold {
            Foothold::UnknownDevice => "",
            Foothold::OldPhone => "has an old phone of the owner's that is logged in",
            Foothold::PastAccess => {
                "has a session and a payment credential from an earlier break-in"
            }
            Foothold::Takeover => {
                "is logged in and changed the address, the second factor and the recovery codes to their own"
            }
            Foothold::Replaced => {
                "had the owner's phone and second factor until the owner replaced both"
            }
            Foothold::ReplacedMailbox => {
                "had the owner's mailbox and second factor until the owner replaced both"
            }
            Foothold::ReplacedCodes => {
                "had the owner's mailbox, second factor and recovery codes until the owner replaced them all eight days ago"
            }
            Foothold::StolenPhone(PhoneAccess::Locked) => "stole the owner's locked phone",
            Foothold::StolenPhone(PhoneAccess::DeviceKey) => {
                "stole the owner's unlocked phone without its payment PIN"
            }
            Foothold::StolenPhone(PhoneAccess::OpenedLock) => {
                "stole the owner's unlocked phone with its payment PIN"
            }
        };
        let has = [
            foothold,
            match (self.mailbox, self.deletes_mail) {
                (true, true) => "reads the owner's mailbox and deletes what arrives",
                (true, false) => "reads the owner's mailbox",
                (false, _) => "",
            },
            if self.factor { "holds the owner's second factor" } else { "" },
            if self.password { "knows the password" } else { "" },
            if self.seen_value { "saw one value of the second factor" } else { "" },
            if self.seen_password { "sees each new password" } else { "" },
            if self.spends_budgets { "spends every budget of strangers" } else { "" },
            if self.owner_pays { "comes while the owner pays day by day" } else { "" },
        ];
        let parts: Vec<_> = has.into_iter().filter(|part| !part.is_empty()).collect();
        match parts.split_last() {
            None => {
                f.write_str("who knows address, birth date, telephone number and an old password")
            }
            Some((last, [])) => write!(f, "who {last}"),
            Some((last, [first])) => write!(f, "who {first} and {last}"),
            Some((last, first)) => write!(f, "who {}, and {last}", first.join(", ")),
        }
    }
}
