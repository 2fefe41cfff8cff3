//! What a host's own keystore and anchor may throw, declared in the Kotlin that `UniFFI` writes: it leaves that out where a
//! host is called, and Java lets nobody throw what is not declared.

use anyhow::Context as _;

/// What is called, and what it may throw.
const CALLED: &[(&str, &str)] =
    &[("DeviceKeystore", "KeystoreFailure"), ("Anchor", "AnchorFailure")];

/// The source with those failures declared.
pub(crate) fn declared(source: &str) -> anyhow::Result<String> {
    CALLED.iter().try_fold(source.to_owned(), |source, (interface, failure)| {
        let begins = format!("public interface {interface} {{");
        let parts = source.split_once(&begins);
        let (before, rest) = parts.with_context(|| format!("no {begins}"))?;
        let (body, after) = rest.split_once("\n}\n").context("an interface without an end")?;
        let function = format!("\n    @Throws({failure}::class)\n    fun `");
        let declared = body.replace("\n    fun `", &function);
        anyhow::ensure!(declared != body, "no function in {interface}");
        Ok(format!("{before}{begins}{declared}\n}}\n{after}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_that_a_host_writes_says_what_it_may_throw() {
        let source = "public interface Anchor {\n    \n    fun `load`(): Int\n    fun `store`()\n}\n\n\
            public interface DeviceKeystore {\n    fun `wrap`()\n}\nopen class Other {\n    fun `free`()\n}\n";
        let all = declared(source).unwrap();
        assert_eq!(all.matches("@Throws(AnchorFailure::class)\n    fun `").count(), 2);
        assert_eq!(all.matches("@Throws(KeystoreFailure::class)\n    fun `wrap`").count(), 1);
        assert_eq!(all.matches("@Throws").count(), 3);
        assert!(declared("open class Other {\n}\n").is_err());
    }
}
