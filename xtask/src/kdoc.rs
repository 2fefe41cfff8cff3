//! A copy of the generated Kotlin for its documentation, in which `UniFFI`'s internals are hidden. What is compiled stays as
//! it was generated.

/// Parts of names that mark the generator's internals.
const INTERNAL_PREFIXES: &[&str] = &["Uniffi", "uniffi", "FfiConverter", "RustBuffer"];
const INTERNAL_SUFFIXES: &[&str] = &["Interface", "Impl"];
/// Names of internals, and of what `Wallet` wraps.
const INTERNAL: &[&str] = &[
    "Device",
    "Disposable",
    "ErrorHandler",
    "InternalException",
    "NoHandle",
    "WalletHandle",
    "destroy",
    "destroyWallet",
    "message",
    "toString",
    "use",
];

/// The comment that hides a declaration from the documentation.
const HIDDEN: &str = "/** @suppress */";

/// The comment of `close`, which `UniFFI` leaves without one.
const CLOSE: &str = "/** Releases the object at once instead of at the next garbage collection. Later calls fail. */";

/// Hides all internals in the source.
pub(crate) fn hide_internals(source: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in source.lines() {
        match declared_name(line) {
            // Empty, for extension functions of an app.
            _ if line.trim() == "companion object" => {}
            Some(name) if is_internal(name) => {
                replace_comment(&mut lines, HIDDEN);
                lines.push(line.to_owned());
            }
            Some("close") => {
                replace_comment(&mut lines, CLOSE);
                lines.push(line.to_owned());
            }
            // The interface that it overrides is hidden.
            _ => lines.push(without_internal_parents(line).replace("override fun `", "fun `")),
        }
    }
    lines.join("\n") + "\n"
}

/// The name of the public declaration in a line, if there is one.
fn declared_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| {
        let word = word.rsplit(')').next().unwrap_or(word);
        [
            "public",
            "open",
            "abstract",
            "sealed",
            "data",
            "enum",
            "inline",
            "override",
            "companion",
            "",
        ]
        .contains(&word)
    });
    let keyword = words.next()?;
    if !["class", "interface", "object", "fun", "val", "var"].contains(&keyword) {
        return None;
    }
    // A type parameter may precede the name; a receiver is part of it.
    let mut rest = line.split_once(&format!("{keyword} "))?.1.trim_start();
    if let Some(parameter) = rest.strip_prefix('<') {
        rest = parameter.split_once('>')?.1.trim_start();
    }
    let name = rest.split(|c: char| !c.is_alphanumeric() && !"_`.?".contains(c)).next()?;
    Some(name.rsplit('.').next()?.trim_matches('`')).filter(|name| !name.is_empty())
}

fn is_internal(name: &str) -> bool {
    INTERNAL.contains(&name)
        || INTERNAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || INTERNAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// Replaces the comment above the next line, and above its annotations if it has any.
fn replace_comment(lines: &mut Vec<String>, comment: &str) {
    let annotations = lines.iter().rev().take_while(|line| line.trim_start().starts_with('@'));
    let end = lines.len() - annotations.count();
    let mut begin = end;
    if lines[..end].last().is_some_and(|line| line.trim_end().ends_with("*/")) {
        let opened = lines[..end].iter().rposition(|line| line.trim_start().starts_with("/**"));
        begin = opened.unwrap_or(end);
    }
    lines.splice(begin..end, [comment.to_owned()]);
}

/// The head of a class without internal parents.
fn without_internal_parents(line: &str) -> String {
    let Some((head, parents)) = line.split_once(": AutoCloseable, ") else {
        return line.to_owned();
    };
    let public = parents.split(", ").filter(|parent| !is_internal(parent.trim()));
    let public: Vec<&str> = std::iter::once("AutoCloseable").chain(public).collect();
    format!("{head}: {}", public.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internals_are_hidden_and_the_rest_is_kept() {
        let source = "/**\n * Codes.\n */\nopen class Payments: AutoCloseable, PaymentsInterface\n{\n    \
            /**\n     * Tells.\n     */\n    val uniffiIsDestroyed: Boolean get() = true\n\n    /**\n     * All.\n     */\n    \
            @Throws(WalletException::class)override fun `list`(): List<Payment>\n";
        let expected = "/**\n * Codes.\n */\nopen class Payments: AutoCloseable\n{\n/** @suppress */\n    \
            val uniffiIsDestroyed: Boolean get() = true\n\n    /**\n     * All.\n     */\n    \
            @Throws(WalletException::class)fun `list`(): List<Payment>\n";
        assert_eq!(hide_internals(source), expected);
    }

    #[test]
    fn only_an_empty_companion_is_left_out() {
        assert_eq!(hide_internals("class A\n    companion object\n"), "class A\n");
        assert_eq!(hide_internals("    companion object {\n"), "    companion object {\n");
    }

    #[test]
    fn comments_are_replaced_above_annotations() {
        let source =
            "/** Old. */\n@Suppress(\"X\")\nobject NoHandle\npublic interface Disposable {\n";
        let expected = "/** @suppress */\n@Suppress(\"X\")\nobject NoHandle\n/** @suppress */\npublic interface Disposable {\n";
        assert_eq!(hide_internals(source), expected);
    }

    #[test]
    fn names_of_declarations_are_found() {
        for (line, name) in [
            ("inline fun <T : Disposable?, R> T.use(block: (T) -> R) =", Some("use")),
            (
                "    @Throws(WalletException::class)override fun `wrap`(`plaintext`: X)",
                Some("wrap"),
            ),
            ("data class Device (", Some("Device")),
            (
                "    companion object ErrorHandler : UniffiRustCallStatusErrorHandler<X> {",
                Some("ErrorHandler"),
            ),
            ("    companion object {", None),
            ("    val `keystore`: app.tegata.Keystore", Some("keystore")),
            ("    private val x = 1", None),
            ("    return value", None),
            ("", None),
        ] {
            assert_eq!(declared_name(line), name, "{line}");
        }
    }
}
