//! Doc comments of public items that are too short to say anything.

use syn::{Attribute, ImplItem, Item, Macro, TraitItem, Visibility, visit::Visit};

use crate::source::{Finding, Source, doc_comment, doc_tokens, each_group, ident, is_test_only};

/// The fewest words of a whole comment.
const WORDS: usize = 4;

pub(super) fn thin(source: &Source) -> Vec<Finding> {
    if source.is_test() {
        return Vec::new();
    }
    let mut comments = Comments { file: &source.path, findings: Vec::new() };
    comments.check(&source.syntax.attrs);
    comments.visit_file(&source.syntax);
    comments.findings
}

struct Comments<'a> {
    file: &'a str,
    findings: Vec<Finding>,
}

impl Comments<'_> {
    fn check(&mut self, attributes: &[Attribute]) {
        if let Some(text) = doc_comment(attributes) {
            let first = attributes.iter().find(|attribute| attribute.path().is_ident("doc"));
            let line = first.map_or(1, |first| first.pound_token.span.start().line);
            self.check_text(&text, line);
        }
    }

    fn check_text(&mut self, text: &str, line: usize) {
        let words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric));
        if words.count() < WORDS {
            let line_of_text = text.replace('\n', " ");
            let what = format!("a doc comment of fewer than {WORDS} words: “{line_of_text}”");
            self.findings.push(Finding { file: self.file.to_owned(), line, what });
        }
    }

    fn check_fields(&mut self, fields: &syn::Fields, all: bool) {
        for field in fields.iter().filter(|field| all || is_public(&field.vis)) {
            self.check(&field.attrs);
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

impl<'ast> Visit<'ast> for Comments<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, visibility) = match item {
            Item::Const(it) => (&it.attrs, Some(&it.vis)),
            Item::Enum(it) => (&it.attrs, Some(&it.vis)),
            Item::Fn(it) => (&it.attrs, Some(&it.vis)),
            Item::Impl(it) => (&it.attrs, None),
            Item::Macro(it) => (&it.attrs, None),
            Item::Mod(it) => (&it.attrs, Some(&it.vis)),
            Item::Static(it) => (&it.attrs, Some(&it.vis)),
            Item::Struct(it) => (&it.attrs, Some(&it.vis)),
            Item::Trait(it) => (&it.attrs, Some(&it.vis)),
            Item::Type(it) => (&it.attrs, Some(&it.vis)),
            _ => return,
        };
        if is_test_only(attributes) {
            return;
        }
        if visibility.is_some_and(is_public) {
            self.check(attributes);
            match item {
                Item::Struct(it) => self.check_fields(&it.fields, false),
                Item::Enum(it) => {
                    for variant in &it.variants {
                        self.check(&variant.attrs);
                        self.check_fields(&variant.fields, true);
                    }
                }
                Item::Trait(it) => {
                    for item in &it.items {
                        match item {
                            TraitItem::Const(it) => self.check(&it.attrs),
                            TraitItem::Fn(it) => self.check(&it.attrs),
                            TraitItem::Type(it) => self.check(&it.attrs),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let (attributes, visibility) = match item {
            ImplItem::Const(it) => (&it.attrs, &it.vis),
            ImplItem::Fn(it) => (&it.attrs, &it.vis),
            ImplItem::Type(it) => (&it.attrs, &it.vis),
            _ => return,
        };
        if is_test_only(attributes) {
            return;
        }
        if is_public(visibility) {
            self.check(attributes);
        }
        syn::visit::visit_impl_item(self, item);
    }

    /// A macro's comments mostly become those of public items; those that plainly do not are left out.
    fn visit_macro(&mut self, macro_: &'ast Macro) {
        each_group(&macro_.tokens, &mut |tokens| {
            let mut at = 0;
            while at < tokens.len() {
                let Some((text, taken)) = doc_tokens(&tokens[at..]) else {
                    at += 1;
                    continue;
                };
                let next = ident(tokens.get(at + taken)).map(ToString::to_string);
                let is_private = match next.as_deref() {
                    Some("pub") => ident(tokens.get(at + taken + 1)).is_none(),
                    Some("struct" | "enum" | "fn" | "const" | "type" | "mod" | "trait") => true,
                    _ => false,
                };
                if !is_private {
                    self.check_text(&text, tokens[at].span().start().line);
                }
                at += taken;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        let source = Source::parse("core/src/a.rs", text).unwrap();
        thin(&source).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn thin_comments_of_public_items_are_found() {
        assert_eq!(found("//! Ids.\n"), [1]);
        assert_eq!(found("/// Its number.\npub struct A;"), [1]);
        assert_eq!(found("/// Which.\npub fn f() {}"), [1]);
        assert_eq!(found("struct A;\nimpl A {\n/// Which.\npub fn f() {}\n}"), [3]);
        assert_eq!(found("/** Who asks. */\npub mod a {}"), [1]);
        assert_eq!(
            found("/// A till that takes codes.\npub struct A {\n/// Number.\npub b: u8 }"),
            [3]
        );
        assert_eq!(
            found("/// One of two directions.\npub enum A {\n/// In.\nB {\n/// C.\nc: u8 } }"),
            [3, 5]
        );
        assert_eq!(
            found("/// What a host has to do.\npub trait A {\n/// Loads.\nfn load(); }"),
            [3]
        );
        assert_eq!(
            found("calls! {\n/// Signs up.\nSignUp {\n/// Which.\nticket: Ticket } }"),
            [2, 4]
        );
    }

    #[test]
    fn words_of_all_lines_are_counted() {
        assert!(found("/// A till, as\n/// it was.\npub struct A;").is_empty());
        assert_eq!(found("/// A — `b` —\n/// c.\npub struct A;"), [1]);
    }

    #[test]
    fn comments_of_private_items_and_tests_may_be_thin() {
        assert!(
            found("/// Which.\nfn f() {}\n/// It.\npub(crate) struct A {\n/// B.\npub b: u8 }")
                .is_empty()
        );
        assert!(found("#[cfg(test)]\nmod tests {\n/// Which.\npub fn f() {} }").is_empty());
        assert!(found("calls! { /// Which.\npub(crate) struct A; }").is_empty());
        assert!(found("#[doc(hidden)]\npub fn f() {}").is_empty());
    }
}
