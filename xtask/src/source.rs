//! Source files, parsed once for all checks that read them, and the findings that checks report.

use std::{fmt, path::PathBuf, thread};

use anyhow::Context as _;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token, punctuated::Punctuated};
use xshell::Shell;

use crate::workspace;

/// The text of a file; its path has forward slashes.
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files that git knows with one of these extensions.
pub(crate) fn files(shell: &Shell, extensions: &[&str]) -> anyhow::Result<Vec<Text>> {
    let files = workspace::tracked_files(shell)?;
    let has_one = |file: &&PathBuf| {
        let extension = file.extension().and_then(|it| it.to_str());
        extension.is_some_and(|it| extensions.contains(&it))
    };
    let read = |file: &PathBuf| {
        let path = file.display().to_string().replace('\\', "/");
        Ok(Text { path, text: shell.read_file(file)? })
    };
    files.iter().filter(has_one).map(read).collect()
}

/// A parsed Rust file.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) lines: usize,
    pub(crate) syntax: syn::File,
}

impl Source {
    pub(crate) fn parse(path: &str, text: &str) -> anyhow::Result<Self> {
        let syntax = syn::parse_file(text).with_context(|| format!("cannot parse {path}"))?;
        Ok(Self { path: path.to_owned(), lines: text.lines().count(), syntax })
    }

    /// Whether the file belongs to tests, benches or examples.
    pub(crate) fn is_test(&self) -> bool {
        let mut folders = self.path.split('/');
        folders.any(|it| matches!(it, "tests" | "tests.rs" | "benches" | "examples"))
    }
}

/// Parses every file and applies `read` to it; returns the results in order. A syntax tree cannot leave its thread, so each
/// thread parses and reads its own share.
pub(crate) fn map<T: Send>(
    files: &[Text],
    read: impl Fn(&Source) -> T + Sync,
) -> anyhow::Result<Vec<T>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(threads).max(1);
    let read_share = |share: &[Text]| -> anyhow::Result<Vec<T>> {
        share.iter().map(|file| Ok(read(&Source::parse(&file.path, &file.text)?))).collect()
    };
    let read_share = &read_share;
    let shares = thread::scope(|scope| {
        let threads: Vec<_> =
            files.chunks(share).map(|share| scope.spawn(move || read_share(share))).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut all = Vec::new();
    for share in shares {
        all.extend(share.map_err(|_| anyhow::anyhow!("a thread that reads sources panicked"))??);
    }
    Ok(all)
}

/// A problem at a line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Prints all findings on stderr; an error if there are any.
pub(crate) fn report(findings: &[Finding]) -> anyhow::Result<()> {
    for finding in findings {
        eprintln!("{finding}");
    }
    anyhow::ensure!(findings.is_empty(), "findings: {}", findings.len());
    Ok(())
}

/// Whether an item with these attributes is compiled for tests or fuzzing only.
pub(crate) fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.segments.last().is_some_and(|last| last.ident == "test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args().is_ok_and(|condition: Meta| !can_hold(&condition))
        }
        _ => false,
    })
}

/// Whether a `cfg` condition can be true in a build for neither tests nor fuzzing.
fn can_hold(condition: &Meta) -> bool {
    let parts = |list: &syn::MetaList| {
        let parsed = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        parsed.map(|parts| parts.into_iter().collect::<Vec<_>>()).unwrap_or_default()
    };
    match condition {
        Meta::Path(name) => !(name.is_ident("test") || name.is_ident("fuzzing")),
        Meta::List(list) if list.path.is_ident("all") => parts(list).iter().all(can_hold),
        Meta::List(list) if list.path.is_ident("any") => parts(list).iter().any(can_hold),
        _ => true,
    }
}

/// The doc comment of an item with its lines joined; `None` if there is none, or if a macro generates it.
pub(crate) fn doc_comment(attributes: &[Attribute]) -> Option<String> {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|it| it.path().is_ident("doc")) {
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
        lines.push(text.value());
    }
    (!lines.is_empty()).then(|| lines.join("\n").trim().to_owned())
}

/// Calls `visit` with a macro's tokens, then with those of each group in them.
pub(crate) fn each_group(tokens: &TokenStream, visit: &mut impl FnMut(&[TokenTree])) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    visit(&tokens);
    for token in &tokens {
        if let TokenTree::Group(group) = token {
            each_group(&group.stream(), visit);
        }
    }
}

/// The doc comment at the start of a macro's tokens, and the number of tokens of its attributes.
pub(crate) fn doc_tokens(tokens: &[TokenTree]) -> Option<(String, usize)> {
    let mut lines = Vec::new();
    let mut taken = 0;
    while let [TokenTree::Punct(hash), TokenTree::Group(group), ..] = &tokens[taken..] {
        if hash.as_char() != '#' || group.delimiter() != Delimiter::Bracket {
            break;
        }
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        if let [TokenTree::Ident(name), _, TokenTree::Literal(text)] = &inner[..]
            && name == "doc"
        {
            let text: syn::LitStr = syn::parse_str(&text.to_string()).ok()?;
            lines.push(text.value());
        }
        taken += 2;
    }
    (!lines.is_empty()).then(|| (lines.join("\n").trim().to_owned(), taken))
}

/// The name that a token is, if it is one.
pub(crate) fn ident(token: Option<&TokenTree>) -> Option<&proc_macro2::Ident> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_for_tests_only_are_recognised() {
        for (attributes, expected) in [
            ("#[cfg(test)]", true),
            ("#[cfg(any(test, fuzzing))]", true),
            ("#[cfg(all(test, unix))]", true),
            ("#[tokio::test]", true),
            ("#[cfg(any(test, feature = \"testing\"))]", false),
            ("#[cfg(not(test))]", false),
            ("#[cfg(unix)]", false),
        ] {
            let item: syn::ItemFn = syn::parse_str(&format!("{attributes} fn f() {{}}")).unwrap();
            assert_eq!(is_test_only(&item.attrs), expected, "{attributes}");
        }
    }

    #[test]
    fn findings_are_printed_with_file_and_line() {
        let finding = Finding { file: "core/src/lib.rs".into(), line: 3, what: "wrong".into() };
        assert_eq!(finding.to_string(), "core/src/lib.rs:3: wrong");
        assert!(report(&[]).is_ok());
        assert!(report(&[finding]).is_err());
    }
}
