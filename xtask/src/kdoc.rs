//! The Kotlin sources as their pages are made from: what `UniFFI` writes for itself is left out of them. What is compiled
//! stays as it was written.

/// Written for the generator's own use, each with a part of its name that tells.
const PLUMBING_PREFIXES: &[&str] = &["Uniffi", "uniffi", "FfiConverter", "RustBuffer"];
const PLUMBING_SUFFIXES: &[&str] = &["Interface", "Impl"];
/// The same, and what `Wallet` stands before.
const PLUMBING: &[&str] = &[
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

/// What a page does not show, in the word of its comments.
const HIDDEN: &str = "/** @suppress */";

/// What all objects can do and `UniFFI` says nothing of.
const CLOSE: &str = "/** Lets go of it, at once rather than when the garbage is collected. What is called afterwards fails. */";

/// The source with all plumbing hidden.
pub(crate) fn documented(source: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in source.lines() {
        match declared(line) {
            // With nothing in it: room for functions of an app's own.
            _ if line.trim() == "companion object" => {}
            Some(name) if is_plumbing(name) => {
                forget_comment(&mut lines, HIDDEN);
                lines.push(line.to_owned());
            }
            Some("close") => {
                forget_comment(&mut lines, CLOSE);
                lines.push(line.to_owned());
            }
            // What it overrides is not shown either.
            _ => lines.push(without_plumbing_parents(line).replace("override fun `", "fun `")),
        }
    }
    lines.join("\n") + "\n"
}

/// The name that a line declares, if it declares one that can be seen from outside.
fn declared(line: &str) -> Option<&str> {
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
    // A type parameter may stand before the name, a receiver is part of it.
    let mut rest = line.split_once(&format!("{keyword} "))?.1.trim_start();
    if let Some(parameter) = rest.strip_prefix('<') {
        rest = parameter.split_once('>')?.1.trim_start();
    }
    let name = rest.split(|c: char| !c.is_alphanumeric() && !"_`.?".contains(c)).next()?;
    Some(name.rsplit('.').next()?.trim_matches('`')).filter(|name| !name.is_empty())
}

fn is_plumbing(name: &str) -> bool {
    PLUMBING.contains(&name)
        || PLUMBING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || PLUMBING_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// Puts `comment` in place of the one that stands before the next line, annotations in between or not.
fn forget_comment(lines: &mut Vec<String>, comment: &str) {
    let annotations = lines.iter().rev().take_while(|line| line.trim_start().starts_with('@'));
    let end = lines.len() - annotations.count();
    let mut begin = end;
    if lines[..end].last().is_some_and(|line| line.trim_end().ends_with("*/")) {
        let opened = lines[..end].iter().rposition(|line| line.trim_start().starts_with("/**"));
        begin = opened.unwrap_or(end);
    }
    lines.splice(begin..end, [comment.to_owned()]);
}

/// The head of a class without the parents that no app names.
fn without_plumbing_parents(line: &str) -> String {
    let Some((head, parents)) = line.split_once(": Disposable, ") else { return line.to_owned() };
    let kept: Vec<&str> =
        parents.split(", ").filter(|parent| !is_plumbing(parent.trim())).collect();
    format!("{head}: {}", kept.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apps_use_keeps_its_words_and_what_they_do_not_is_hidden() {
        let source = "/**\n * Codes.\n */\nopen class Payments: Disposable, AutoCloseable, PaymentsInterface\n{\n    \
            /**\n     * Tells.\n     */\n    val uniffiIsDestroyed: Boolean get() = true\n\n    /**\n     * All.\n     */\n    \
            @Throws(WalletException::class)override fun `list`(): List<Payment>\n";
        let expected = "/**\n * Codes.\n */\nopen class Payments: AutoCloseable\n{\n/** @suppress */\n    \
            val uniffiIsDestroyed: Boolean get() = true\n\n    /**\n     * All.\n     */\n    \
            @Throws(WalletException::class)fun `list`(): List<Payment>\n";
        assert_eq!(documented(source), expected);
    }

    #[test]
    fn an_empty_companion_is_left_out_and_one_with_something_in_it_stays() {
        assert_eq!(documented("class A\n    companion object\n"), "class A\n");
        assert_eq!(documented("    companion object {\n"), "    companion object {\n");
    }

    #[test]
    fn a_comment_is_replaced_over_annotations_and_set_where_there_is_none() {
        let source =
            "/** Old. */\n@Suppress(\"X\")\nobject NoHandle\npublic interface Disposable {\n";
        let expected = "/** @suppress */\n@Suppress(\"X\")\nobject NoHandle\n/** @suppress */\npublic interface Disposable {\n";
        assert_eq!(documented(source), expected);
    }

    #[test]
    fn declared_names_are_found() {
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
            ("    val `keystore`: app.tegata.DeviceKeystore", Some("keystore")),
            ("    private val x = 1", None),
            ("    return value", None),
            ("", None),
        ] {
            assert_eq!(declared(line), name, "{line}");
        }
    }
}
