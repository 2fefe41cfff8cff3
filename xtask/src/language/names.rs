//! Denied names, the folders in which each is denied, and its replacement.

use proc_macro2::{Ident, TokenTree};
use syn::{
    Item, ItemEnum, ItemMacro, ItemMod, ItemStruct, ItemTrait, ItemType, ItemUnion, Macro,
    Signature, visit::Visit,
};

use crate::source::{Finding, Source, doc_tokens, each_group, ident};

/// Names with their replacements, denied in these folders (everywhere if there are none).
struct Group {
    folders: &'static [&'static str],
    names: &'static [(&'static str, &'static str)],
}

/// A name with a capital is that of a type, any other that of a function, module or macro; `mod a` is a module only,
/// `A::B` a variant of an enum.
const DENIED: &[Group] = &[
    Group {
        folders: &[],
        names: &[
            ("Alike", "StatementGroup"),
            ("Anchored", "AnchorState"),
            ("Answered", "AuthoriseOutcome or another noun"),
            ("Asked", "PendingRequest, AuthoriseRequest or another noun"),
            ("Bed", "a type of the testkit"),
            ("Before", "RollbackSnapshot, AuthoriseContext"),
            ("Calm", "NoRecording"),
            ("Deed", "AuditEvent"),
            ("Desk", "a type of the testkit"),
            ("Errand", "UserScenario"),
            ("Given", "one input type for each message"),
            ("Glass", "a type of the testkit"),
            ("Kept", "StoredSecrets, IdempotencyRecord, SealedFile"),
            ("Known", "PriorSale or another noun"),
            ("Lanes", "BatchScheduler"),
            ("Letter", "Notification"),
            ("Made", "GeneratedSecrets or another noun"),
            ("Mooring", "RollbackGuard"),
            ("Moving", "Transfer, Rekeying"),
            ("NoReason", "InvalidReason"),
            ("NobodyMeant", "ParseAccountRefError"),
            ("NotAWord", "InvalidField"),
            ("OneActivity", "CurrentActivity"),
            ("OtpMoving", "OtpKind"),
            ("Parted", "SplitSession"),
            ("Piece", "BatchableWork"),
            ("Posted", "OutgoingEmail"),
            ("Said", "BatchMessage or another noun"),
            ("Scanned", "ScannedCode"),
            ("Seat", "BatchedTransaction"),
            ("Shelf", "a type of the testkit"),
            ("Shop", "TestTill or another noun"),
            ("SinceNine", "Api28"),
            ("Standing", "GlobalState or another noun"),
            ("Talk", "BatchChannel"),
            ("Tell", "ReceiptWriter"),
            ("Told", "StepResult or another noun"),
            ("Town", "DemoIssuer, TestIssuer"),
            ("Turn", "CodeSlot, Transition"),
            ("Unlocked", "PaymentUnlock"),
            ("Whose", "AccountRef"),
            ("Wishes", "KeyOptions"),
            ("World", "PolicyContext, Environment"),
            ("Wreck", "CrashState"),
            ("AuthoriseOutcome::Forbidden", "ForbiddenByVoid"),
            ("AuthoriseOutcome::Known", "Replayed"),
            ("AuthoriseOutcome::Made", "Created"),
            ("AuthoriseOutcome::NoTill", "UnknownTill"),
            ("HashQueue::Owners", "KnownDevice"),
            ("HashQueue::Strangers", "Untrusted"),
            ("OtpKind::Counter", "Hotp"),
            ("OtpKind::Period", "Totp"),
            ("StoreError::BrokeOff", "Panicked"),
            ("StoreError::InDoubt", "CommitOutcomeUnknown"),
            ("StoreError::Moved", "VersionConflict"),
            ("answered", "complete"),
            ("as_set", "from_config"),
            ("at_odds", "validate"),
            ("carried", "execute"),
            ("door", "facade, login_throttle"),
            ("froze", "frozen_by_notice"),
            ("has_leave", "a check of the unlock token"),
            ("hers", "user_actions"),
            ("his", "attacker_actions"),
            ("is_moving", "is_rekeying"),
            ("mod storms", "crash_tests"),
            ("moving", "transfer"),
            ("seal_anew", "reencrypt"),
            ("shut", "close"),
            ("start_as_set", "App::from_config"),
            ("told", "receipts or a verb"),
            ("tonight", "initial_compromise"),
            ("word", "one macro for new types"),
        ],
    },
    // Accounts: their messages, decisions and the calls of a wallet.
    Group {
        folders: &["bindings/", "core/", "policy/", "testing/"],
        names: &[
            ("Enrol", "BeginFactorEnrolment"),
            ("Keep", "CancelDeletion"),
            ("MoveAddress", "ChangeAddress"),
            ("Out", "OutgoingRequest"),
            ("Prove", "VerifyFactor"),
            ("TakeBack", "RevertChanges"),
            ("Then", "FollowUp"),
            ("leave", "unlock"),
        ],
    },
    Group {
        folders: &["core/src/account/", "policy/"],
        names: &[
            ("Answer", "Reply"),
            ("Check", "PendingVerification"),
            ("Found", "MatchResult"),
            ("Live", "ActiveAccount"),
            ("Opening", "PendingSignUp"),
            ("Right", "VerifiedEvidence"),
            ("settled", "has_enrolled_factor"),
        ],
    },
    Group {
        folders: &["cli/", "issuer/tests/"],
        names: &[("Stage", "DemoSession or another noun")],
    },
    Group {
        folders: &["issuer/"],
        names: &[
            ("Figure", "AmountInput"),
            ("Marks", "Cursors"),
            ("carry_out", "apply_effects"),
            ("given", "one input type for each message"),
            ("kept", "a noun"),
            ("made", "a noun or a verb"),
        ],
    },
    Group {
        folders: &["issuer/src/"],
        names: &[
            ("Full", "QueueFull"),
            ("Issuer", "AppState"),
            ("Lane", "HashQueue"),
            ("Payer", "CandidateAccount"),
            ("Prepare", "CandidateCache"),
            ("dress", "finalize_response"),
            ("frame", "middleware"),
            ("hear", "recv"),
            ("inside", "with_timeout"),
            ("say", "send"),
            ("together", "batch"),
        ],
    },
    Group {
        folders: &["issuer/src/store/"],
        names: &[("mod rows", "sql"), ("mod sweep", "scans"), ("mod vault", "sealed_rows")],
    },
];

/// What a name defines.
#[derive(Clone, Copy, PartialEq)]
enum Definition {
    Type,
    Variant,
    Module,
    /// A function or a macro.
    Call,
}

/// The replacement of a name, if it is denied in this file.
fn denied(file: &str, kind: Definition, name: &str) -> Option<&'static str> {
    let groups = DENIED.iter().filter(|group| {
        let folders = group.folders;
        folders.is_empty() || folders.iter().any(|folder| file.starts_with(folder))
    });
    let is_it = |denied: &str| match kind {
        Definition::Module => denied.strip_prefix("mod ").unwrap_or(denied) == name,
        Definition::Type | Definition::Variant | Definition::Call => denied == name,
    };
    groups.flat_map(|group| group.names).find(|(denied, _)| is_it(denied)).map(|(_, it)| *it)
}

/// Checks the definitions in a Rust file and in its macros.
pub(super) fn of_rust(source: &Source) -> Vec<Finding> {
    let mut names = Names { file: &source.path, findings: Vec::new() };
    names.visit_file(&source.syntax);
    names.findings
}

/// Checks the definitions in a file of another language: names after a keyword.
pub(super) fn of_text(file: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let words: Vec<&str> = text.split_whitespace().collect();
        for pair in words.windows(2) {
            let kind = match pair[0] {
                "class" | "object" | "interface" | "struct" | "enum" | "protocol" => {
                    Definition::Type
                }
                "fun" | "func" | "def" => Definition::Call,
                _ => continue,
            };
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let name = pair[1].split(|c| !is_part(c)).next().unwrap_or_default();
            if let Some(instead) = denied(file, kind, name) {
                findings.push(finding(file, line, name, instead));
            }
        }
    }
    findings
}

fn finding(file: &str, line: usize, name: &str, instead: &str) -> Finding {
    let what = format!("the name `{name}` is denied; use {instead}");
    Finding { file: file.to_owned(), line, what }
}

struct Names<'a> {
    file: &'a str,
    findings: Vec<Finding>,
}

impl Names<'_> {
    fn check(&mut self, kind: Definition, name: &Ident) {
        self.check_text(kind, &name.to_string(), name);
    }

    fn check_text(&mut self, kind: Definition, text: &str, at: &Ident) {
        if let Some(instead) = denied(self.file, kind, text) {
            self.findings.push(finding(self.file, at.span().start().line, text, instead));
        }
    }

    /// Checks definitions in a macro's tokens: names after a keyword or after a doc comment.
    fn check_tokens(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            if let Some((_, taken)) = doc_tokens(&tokens[at..]) {
                at += taken;
                if let Some(name) = ident(tokens.get(at)) {
                    self.check(Definition::Type, name);
                }
                continue;
            }
            if let (Some(word), Some(name)) = (ident(tokens.get(at)), ident(tokens.get(at + 1))) {
                match word.to_string().as_str() {
                    "struct" | "enum" | "trait" | "type" | "union" => {
                        self.check(Definition::Type, name);
                    }
                    "fn" => self.check(Definition::Call, name),
                    "mod" => self.check(Definition::Module, name),
                    _ => {}
                }
            }
            at += 1;
        }
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Enum(ItemEnum { ident, .. })
            | Item::Struct(ItemStruct { ident, .. })
            | Item::Trait(ItemTrait { ident, .. })
            | Item::Type(ItemType { ident, .. })
            | Item::Union(ItemUnion { ident, .. }) => self.check(Definition::Type, ident),
            Item::Mod(ItemMod { ident, .. }) => self.check(Definition::Module, ident),
            Item::Macro(ItemMacro { ident: Some(ident), .. }) => {
                self.check(Definition::Call, ident);
            }
            _ => {}
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        self.check(Definition::Call, &signature.ident);
        syn::visit::visit_signature(self, signature);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        for variant in &item.variants {
            let name = format!("{}::{}", item.ident, variant.ident);
            self.check_text(Definition::Variant, &name, &variant.ident);
        }
        syn::visit::visit_item_enum(self, item);
    }

    fn visit_macro(&mut self, macro_: &'ast Macro) {
        each_group(&macro_.tokens, &mut |tokens| self.check_tokens(tokens));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<usize> {
        let source = Source::parse(file, text).unwrap();
        of_rust(&source).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn denied_definitions_are_found() {
        for definition in [
            "pub struct Mooring;",
            "enum Mooring {}",
            "trait Mooring {}",
            "type Mooring = u8;",
            "mod moving;",
            "fn seal_anew() {}",
            "macro_rules! word { () => {} }",
            "struct A; impl A { fn seal_anew() {} }",
            "trait A { fn seal_anew(); }",
            "enum StoreError { InDoubt }",
            "calls! { /** Moors it. */ Mooring \"/v1\" }",
            "macro_rules! a { () => { struct Mooring; } }",
        ] {
            assert_eq!(found("core/src/a.rs", definition), [1], "{definition}");
        }
    }

    #[test]
    fn other_uses_of_a_denied_word_pass() {
        for text in
            ["fn f(kept: u8) { let told = kept; }", "enum A { InDoubt }", "// struct Mooring;"]
        {
            assert!(found("issuer/src/a.rs", text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_name_is_denied_in_the_folders_of_its_group() {
        assert_eq!(found("policy/src/a.rs", "struct Check;"), [1]);
        assert!(found("xtask/src/a.rs", "struct Check;").is_empty());
        assert_eq!(found("issuer/src/store/mod.rs", "mod rows;"), [1]);
        assert!(found("issuer/src/store/mod.rs", "fn rows() {}").is_empty());
        assert!(found("issuer/src/jobs.rs", "mod rows;").is_empty());
    }

    #[test]
    fn definitions_in_kotlin_are_found() {
        let kotlin =
            "internal class Kept {\n    fun told() = Unit\n    val kept = object : Told() {}\n}\n";
        let lines: Vec<_> = of_text("android/a.kt", kotlin).iter().map(|it| it.line).collect();
        assert_eq!(lines, [1, 2]);
    }
}
