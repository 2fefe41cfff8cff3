//! Swift: cases of failures begin with a small letter, and what fails says by its type with what.

/// The failures, and how the generated code names what reads them.
const FAILURES: &[&str] = &["WalletError", "KeystoreError", "AnchorError"];

/// Has a failure of the library be thrown as its type. Whatever else generated code throws is a broken library.
const TYPED: &str = "
private func throwingTyped<T>(_ work: () throws -> T) throws(WalletError) -> T {
    do {
        return try work()
    } catch let error as WalletError {
        throw error
    } catch {
        throw WalletError.internal
    }
}
";

const CALL: &str = "try rustCallWithError(FfiConverterTypeWalletError_lift) {";

/// Changes the generated source.
pub(super) fn adapt(source: &str) -> anyhow::Result<String> {
    let mut source = source.to_owned();
    for failure in FAILURES {
        source = lower_cases(&source, failure)?;
    }
    source = type_throws(&source)?;
    Ok(source + TYPED)
}

/// Writes the cases of one failure with a small first letter.
fn lower_cases(source: &str, failure: &str) -> anyhow::Result<String> {
    let (before, rest) = split(source, &format!("enum {failure}: "))?;
    let (cases, rest) = split(rest, "\n}\n")?;
    let converter = format!("public struct FfiConverterType{failure}: ");
    let (between, rest) = split(rest, &converter)?;
    let (read_and_written, after) = split(rest, "\n}\n")?;
    // A word of the language is quoted where it is declared.
    let cases = lower_after(cases, "    case ").replace(" case internal\n", " case `internal`\n");
    let read_and_written = lower_after(&lower_after(read_and_written, "return ."), "case .");
    let read_and_written = lower_after(&read_and_written, "case let .");
    Ok(format!(
        "{before}enum {failure}: {cases}\n}}\n{between}{converter}{read_and_written}\n}}\n{after}"
    ))
}

/// The text before and after the first occurrence.
fn split<'a>(source: &'a str, at: &str) -> anyhow::Result<(&'a str, &'a str)> {
    source.split_once(at).ok_or_else(|| anyhow::anyhow!("nothing generated reads: {at}"))
}

/// Writes the letter after each occurrence small.
fn lower_after(source: &str, before: &str) -> String {
    let mut parts = source.split(before);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let mut letters = part.chars();
        let letter = letters.next().map(|letter| letter.to_ascii_lowercase());
        text + before + &letter.map(String::from).unwrap_or_default() + letters.as_str()
    })
}

/// Gives each function that throws a `WalletError` that type. A keystore and an anchor throw what an app has.
fn type_throws(source: &str) -> anyhow::Result<String> {
    let mut typed = String::new();
    let mut lines = source.lines().peekable();
    // The open braces of a function that is being wrapped.
    let mut open = 0;
    let mut is_protocol = false;
    let mut count = 0;
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        if let Some(name) = line.strip_prefix("public protocol ") {
            is_protocol = name.contains("Protocol");
        } else if line == "}" && open == 0 {
            is_protocol = false;
        }
        let throws = line.contains("throws ");
        if open == 0 && throws && (line.contains(CALL) || next.contains(CALL)) {
            let (head, body) = split(line, "{")?;
            typed.extend([&typed_head(head), " { try throwingTyped {", body, "\n"]);
            open = 1 + braces(body);
            count += 1;
        } else if open == 0 && throws && is_protocol {
            typed.extend([&typed_head(line), "\n"]);
        } else if open > 0 {
            open += braces(line);
            typed += line;
            typed += if open == 0 { " }\n" } else { "\n" };
        } else {
            typed.extend([line, "\n"]);
        }
    }
    anyhow::ensure!(count > 0 && open == 0, "no function throws, or one has no end");
    Ok(typed)
}

/// The head of a function with the type of what it throws.
fn typed_head(head: &str) -> String {
    // A function that gives nothing has nothing behind it.
    format!("{} ", head.trim_end())
        .replacen("throws ", "throws(WalletError) ", 1)
        .trim_end()
        .to_owned()
}

/// How many more braces a line opens than it closes.
fn braces(line: &str) -> i32 {
    line.chars().map(|c| i32::from(c == '{') - i32::from(c == '}')).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_begin_with_a_small_letter() {
        let source = "enum WalletError: Swift.Error {\n    case NoWallet\n    case Failed(reason: String)\n}\n\
            public struct FfiConverterTypeWalletError: X {\n    case 1: return .NoWallet\n    case .NoWallet:\n    \
            case let .Failed(reason):\n}\nenum Other {\n    case A\n}\n";
        let expected = "enum WalletError: Swift.Error {\n    case noWallet\n    case failed(reason: String)\n}\n\
            public struct FfiConverterTypeWalletError: X {\n    case 1: return .noWallet\n    case .noWallet:\n    \
            case let .failed(reason):\n}\nenum Other {\n    case A\n}\n";
        assert_eq!(lower_cases(source, "WalletError").unwrap(), expected);
        assert!(lower_cases("enum Other {\n}\n", "WalletError").is_err());
    }

    #[test]
    fn functions_throw_by_type() {
        let source = "open func remove(id: String)throws   {try rustCallWithError(FfiConverterTypeWalletError_lift) {\n\
            \x20       status in\n    remove(id,status\n    )\n}\n}\n\
            open func list()throws  -> [Pass]  {\n\
            \x20   return try  lift(try rustCallWithError(FfiConverterTypeWalletError_lift) {\n    list(status\n    )\n})\n}\n\
            open func wrap()throws  -> Data  {\n    return try  lift(try rustCallWithError(FfiConverterTypeKeystoreError_lift) {\n})\n}\n";
        let expected = "open func remove(id: String)throws(WalletError) { try throwingTyped {\
            try rustCallWithError(FfiConverterTypeWalletError_lift) {\n\
            \x20       status in\n    remove(id,status\n    )\n}\n} }\n\
            open func list()throws(WalletError)  -> [Pass] { try throwingTyped {\n\
            \x20   return try  lift(try rustCallWithError(FfiConverterTypeWalletError_lift) {\n    list(status\n    )\n})\n} }\n\
            open func wrap()throws  -> Data  {\n    return try  lift(try rustCallWithError(FfiConverterTypeKeystoreError_lift) {\n})\n}\n";
        assert_eq!(type_throws(source).unwrap(), expected);
        assert!(type_throws("open func list() {\n}\n").is_err());
    }
}
