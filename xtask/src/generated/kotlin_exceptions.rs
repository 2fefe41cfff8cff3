//! `@Throws` for the keystore and the anchor that an app implements: `UniFFI` leaves it out of the interfaces that Rust
//! calls, and Java lets no method throw what is not declared.

use anyhow::Context as _;

/// Interfaces that an app implements, and what their functions may throw.
const IMPLEMENTED_BY_APPS: &[(&str, &str)] =
    &[("Keystore", "KeystoreException"), ("Anchor", "AnchorException")];

/// Adds the declarations to the generated Kotlin.
pub(crate) fn declare(source: &str) -> anyhow::Result<String> {
    IMPLEMENTED_BY_APPS.iter().try_fold(source.to_owned(), |source, (interface, failure)| {
        let head = format!("public interface {interface} {{");
        let parts = source.split_once(&head);
        let (before, rest) = parts.with_context(|| format!("no {head}"))?;
        let (body, after) = rest.split_once("\n}\n").context("an interface has no end")?;
        let function = format!("\n    @Throws({failure}::class)\n    fun `");
        let declared = body.replace("\n    fun `", &function);
        anyhow::ensure!(declared != body, "no function in {interface}");
        Ok(format!("{before}{head}{declared}\n}}\n{after}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_apps_implement_declare_exceptions() {
        let source = "public interface Anchor {\n    \n    fun `load`(): Int\n    fun `store`()\n}\n\n\
            public interface Keystore {\n    fun `wrap`()\n}\nopen class Other {\n    fun `free`()\n}\n";
        let all = declare(source).unwrap();
        assert_eq!(all.matches("@Throws(AnchorException::class)\n    fun `").count(), 2);
        assert_eq!(all.matches("@Throws(KeystoreException::class)\n    fun `wrap`").count(), 1);
        assert_eq!(all.matches("@Throws").count(), 3);
        assert!(declare("open class Other {\n}\n").is_err());
    }
}
