//! Python: defaults that type checkers read, keystores and anchors that have to be whole, and methods of our own.

use anyhow::Context as _;

use super::replace::replace;

/// What an app implements.
const IMPLEMENTED_BY_APPS: &[&str] = &["Keystore", "Anchor"];

/// Changes the generated source; `methods` has classes of the same names with the methods to add.
pub(super) fn adapt(source: &str, methods: &str) -> anyhow::Result<String> {
    let source = replace(source, "\nimport enum\n", "\nimport abc\nimport enum\nimport time\n")?;
    // Of the type that anything has: a checker would take any argument.
    let source =
        replace(&source, "typing.Union[object, typing.Optional[", "typing.Union[typing.Optional[")?;
    let source = replace(&source, "] = _DEFAULT", "] = None")?;
    let source =
        IMPLEMENTED_BY_APPS.iter().try_fold(source, |source, name| require_all(&source, name))?;
    add_methods(&source, methods)
}

/// Has a class that lacks one of the methods be no keystore and no anchor.
fn require_all(source: &str, name: &str) -> anyhow::Result<String> {
    let head = format!("\nclass {name}():\n");
    let (before, rest) = source.split_once(&head).with_context(|| format!("no class {name}"))?;
    let (body, after) = rest.split_once("\nclass ").context("a class has no end")?;
    let required = replace(body, "\n    def ", "\n    @abc.abstractmethod\n    def ")?;
    Ok(format!("{before}\nclass {name}(abc.ABC):\n{required}\nclass {after}"))
}

/// Adds each class's methods at the head of the generated class of the same name.
fn add_methods(source: &str, methods: &str) -> anyhow::Result<String> {
    let mut source = source.to_owned();
    for class in methods.split("\nclass ").skip(1) {
        let (name, body) = class.split_once(":\n").context("a class has no body")?;
        let heads = [format!("\nclass {name}:\n"), format!("\nclass {name}({name}Protocol):\n")];
        let head = heads.iter().find(|head| source.contains(*head));
        let head = head.with_context(|| format!("no class {name} is generated"))?;
        let (before, rest) = source.split_once(head).context("a class has no head")?;
        let quotes = "\"\"\"\n";
        let (opened, rest) = rest.split_once(quotes).context("a class has no comment")?;
        let (comment, rest) = rest.split_once(quotes).context("a comment has no end")?;
        let body = body.trim_end();
        source = format!("{before}{head}{opened}{quotes}{comment}{quotes}{body}\n\n{rest}");
    }
    Ok(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_of_an_app_has_to_be_whole() {
        let source = "\nclass Anchor():\n    \"\"\"\n    Epochs.\n\"\"\"\n    def load(self):\n        pass\n    def store(self):\n        pass\nclass Next:\n";
        let required = require_all(source, "Anchor").unwrap();
        assert!(required.contains("\nclass Anchor(abc.ABC):\n"));
        assert_eq!(required.matches("@abc.abstractmethod\n    def ").count(), 2);
        assert!(require_all(source, "Keystore").is_err());
    }

    #[test]
    fn methods_are_added_below_the_comment() {
        let source = "\nclass Symbol:\n    \"\"\"\n    Modules.\n\"\"\"\n    def width(self):\n        pass\n";
        let methods =
            "\"\"\"Methods.\"\"\"\n\n\nclass Symbol:\n    def is_dark(self):\n        pass\n";
        let expected = "\nclass Symbol:\n    \"\"\"\n    Modules.\n\"\"\"\n    def is_dark(self):\n        pass\n\n    def width(self):\n        pass\n";
        assert_eq!(add_methods(source, methods).unwrap(), expected);
        assert!(add_methods(source, "\nclass Other:\n    pass\n").is_err());
    }
}
