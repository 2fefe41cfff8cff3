//! Holds the two tables of texts to each other, and the page to them.

use std::collections::{BTreeMap, BTreeSet};

const ENGLISH: &str = include_str!("../../../till/translations.en.json");
const JAPANESE: &str = include_str!("../../../till/translations.ja.json");
const PAGE: &str = include_str!("../../../till/index.html");

fn table(text: &str) -> BTreeMap<String, String> {
    crate::http::body::parse(text.as_bytes()).unwrap()
}

fn values(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect()
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_values() {
    let english = table(ENGLISH);
    let japanese = table(JAPANESE);
    assert_eq!(english.keys().collect::<Vec<_>>(), japanese.keys().collect::<Vec<_>>());
    for (name, text) in &english {
        assert!(!text.trim().is_empty() && !japanese[name].trim().is_empty(), "{name}");
        assert_eq!(values(text), values(&japanese[name]), "{name}");
    }
}

#[test]
fn japanese_is_japanese() {
    for (name, text) in table(JAPANESE) {
        let is_japanese = text.chars().any(|c| ('\u{3040}'..='\u{9fff}').contains(&c));
        // What the other language is called stands in that language.
        assert_eq!(is_japanese, name != "page.language", "{name}");
    }
}

#[test]
fn each_text_that_the_page_names_is_there() {
    let english = table(ENGLISH);
    for attribute in ["data-text=\"", "data-text-label=\"", "data-text-alt=\""] {
        for part in PAGE.split(attribute).skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(english.contains_key(name), "{name}");
        }
    }
}
