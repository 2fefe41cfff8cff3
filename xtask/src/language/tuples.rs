//! `let (a, b) = (x, y);`: two statements written as one.

use proc_macro2::{Delimiter, TokenTree};
use syn::{Expr, Local, Macro, Pat, visit::Visit};

use crate::source::{Finding, Source, each_group, ident};

pub(super) fn lets(source: &Source) -> Vec<Finding> {
    let mut lines = Lines::default();
    lines.visit_file(&source.syntax);
    let finding = |line| Finding {
        file: source.path.clone(),
        line,
        what: "a tuple `let`: write a statement for each name".into(),
    };
    lines.0.into_iter().map(finding).collect()
}

#[derive(Default)]
struct Lines(Vec<usize>);

impl<'ast> Visit<'ast> for Lines {
    fn visit_local(&mut self, local: &'ast Local) {
        let pattern = match &local.pat {
            Pat::Type(typed) => &typed.pat,
            pattern => pattern,
        };
        if let (Pat::Tuple(names), Some(init)) = (pattern, &local.init)
            && let Expr::Tuple(values) = &*init.expr
            && init.diverge.is_none()
            && names.elems.len() == values.elems.len()
        {
            self.0.push(local.let_token.span.start().line);
        }
        syn::visit::visit_local(self, local);
    }

    fn visit_macro(&mut self, macro_: &'ast Macro) {
        each_group(&macro_.tokens, &mut |tokens| {
            for start in 0..tokens.len() {
                if let [TokenTree::Ident(word), names, TokenTree::Punct(is), values, end, ..] =
                    &tokens[start..]
                    && word == "let"
                    && is.as_char() == '='
                    && matches!(end, TokenTree::Punct(end) if end.as_char() == ';')
                    && is_tuple(names)
                    && is_tuple(values)
                    && !(start > 0 && ident(tokens.get(start - 1)).is_some())
                {
                    self.0.push(word.span().start().line);
                }
            }
        });
    }
}

fn is_tuple(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let is_comma = |token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',');
    group.delimiter() == Delimiter::Parenthesis && group.stream().into_iter().any(is_comma)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Vec<usize> {
        let source = Source::parse("core/src/a.rs", &format!("fn f() {{\n{body}\n}}\n")).unwrap();
        lets(&source).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn tuple_lets_are_found_in_blocks_and_macros() {
        assert_eq!(found("let (a, b) = (x, y);"), [2]);
        assert_eq!(found("let (mut a, b): (u8, u8) = (1, 2);"), [2]);
        assert_eq!(found("if c {\nlet (a, _b) = (f(1, 2), y);\n}"), [3]);
        assert_eq!(found("proptest! { fn g() {\nlet (a, b) = (x, y); } }"), [3]);
    }

    #[test]
    fn destructured_and_matched_tuples_pass() {
        assert!(found("let (a, b) = f();").is_empty());
        assert!(found("let pair = (x, y);").is_empty());
        assert!(found("let (Some(a), Some(b)) = (x, y) else { return };").is_empty());
        assert!(found("if let (Some(a), Some(b)) = (x, y) {}").is_empty());
        assert!(found("let a = (x, y).0;").is_empty());
    }
}
