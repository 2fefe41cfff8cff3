//! Kotlin: what `UniFFI` writes for itself is out of an app's sight, and a failure's message is its sentence.

use super::replace::replace;

/// How the names begin that `UniFFI` writes for itself, and of what `Wallet` wraps.
const INTERNAL: &[&str] = &[
    "AnchorImpl",
    "Device",
    "Disposable",
    "ErrorHandler",
    "FfiConverter",
    "InternalException",
    "KeystoreImpl",
    "NoHandle",
    "RustBuffer",
    "Uniffi",
    "WalletHandle",
    "uniffi",
];
/// Public declarations that begin with one of these names.
const PUBLIC: &[&str] = &["DeviceStatus"];
/// What may stand before the keyword of a declaration.
const MODIFIERS: &[&str] = &["public", "open", "abstract", "data", "companion"];
const KEYWORDS: &[&str] = &["class", "interface", "object", "fun", "val"];
/// How far a member of a class is indented.
const MEMBER: usize = 4;
/// What follows it is the text of the message.
const MESSAGE: &str = "        override val message\n            get() = ";

/// Changes the generated source.
pub(super) fn adapt(source: &str) -> anyhow::Result<String> {
    // Whoever closes an object closes an `AutoCloseable`.
    let source = replace(source, ": Disposable, AutoCloseable, ", ": AutoCloseable, ")?;
    let source = replace(&source, "): Disposable{", ") {")?;
    let source = replace(&source, "override fun destroy()", "internal fun destroy()")?;
    let source = replace(
        &source,
        "inline fun <T : Disposable?, ",
        "internal inline fun <T : Disposable?, ",
    )?;
    let source =
        replace(&source, "    constructor(withHandle: ", "    internal constructor(withHandle: ")?;
    let source =
        replace(&source, "    constructor(noHandle: ", "    internal constructor(noHandle: ")?;
    let source = replace(&source, "    protected val ", "    internal val ")?;
    let source = replace(&source, " fun `destroyWallet`", " internal fun `destroyWallet`")?;
    // Tests alone have it.
    let source = source.replace(" fun `panicInside`", " internal fun `panicInside`");
    // A case without fields prints its name.
    let source = replace(&source, "\n    object ", "\n    data object ")?;
    let source = replace_messages(&source)?;
    let lines: Vec<String> = source.lines().map(hide).collect();
    Ok(lines.join("\n") + "\n")
}

/// Makes a declaration internal that an app has no use for.
fn hide(line: &str) -> String {
    let declaration = line.trim_start();
    let (indent, _) = line.split_at(line.len() - declaration.len());
    // Deeper stand the variables of functions.
    if indent.len() > MEMBER || !declared_name(line).is_some_and(is_internal) {
        return line.to_owned();
    }
    format!("{indent}internal {}", declaration.trim_start_matches("public "))
}

/// The name of what a line declares, unless it says already who sees it.
fn declared_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| MODIFIERS.contains(word));
    words.next().filter(|word| KEYWORDS.contains(word))?;
    words.next()
}

fn is_internal(name: &str) -> bool {
    let begins = |names: &[&str]| names.iter().any(|begin| name.starts_with(begin));
    begins(INTERNAL) && !begins(PUBLIC)
}

/// Has the message of a failure be what it prints.
fn replace_messages(source: &str) -> anyhow::Result<String> {
    let mut parts = source.split(MESSAGE);
    let mut changed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('\n').unwrap_or_default();
        changed.extend([MESSAGE, "toString()\n", rest]);
    }
    anyhow::ensure!(changed != source, "no failure has a message");
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_app_does_not_use_becomes_internal() {
        for (line, hidden) in [
            ("public object FfiConverterString: X {", "internal object FfiConverterString: X {"),
            (
                "open class RustBuffer : Structure() {",
                "internal open class RustBuffer : Structure() {",
            ),
            ("    fun uniffiCloneHandle(): Long {", "    internal fun uniffiCloneHandle(): Long {"),
            (
                "    companion object ErrorHandler : X {",
                "    internal companion object ErrorHandler : X {",
            ),
            ("data class Device (", "internal data class Device ("),
        ] {
            assert_eq!(hide(line), hidden);
        }
        for line in [
            "data class DeviceStatus (",
            "open class Payments: AutoCloseable, PaymentsInterface",
            "internal object UniffiLib {",
            "    private class UniffiCleanAction(private val handle: Long) : Runnable {",
            "    companion object",
            "            val uniffiObj = x",
        ] {
            assert_eq!(hide(line), line);
        }
    }

    #[test]
    fn a_message_is_the_sentence() {
        let source = format!("class A {{\n{MESSAGE}\"reason=${{ reason }}\"\n    }}\n");
        assert_eq!(
            replace_messages(&source).unwrap(),
            format!("class A {{\n{MESSAGE}toString()\n    }}\n")
        );
        assert!(replace_messages("class A").is_err());
    }
}
