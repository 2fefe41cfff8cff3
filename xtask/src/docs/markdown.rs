//! The parts of a Markdown page that the checks need.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The parsed page.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Markdown {
    /// Destinations of links and images, as written.
    pub(super) links: Vec<String>,
    /// The URL fragments of headings.
    pub(super) anchors: Vec<String>,
    /// Inline code; code blocks are left out.
    pub(super) code: Vec<String>,
    pub(super) tables: Vec<Table>,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) head: Vec<Cell>,
    pub(super) rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) code: Vec<String>,
}

impl Markdown {
    pub(super) fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading = None;
        let mut row = Vec::new();
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.anchors.extend(heading.take().map(|title| page.new_anchor(&title)));
                }
                Event::Start(Tag::Table(_)) => page.tables.push(Table::default()),
                Event::Start(Tag::TableCell) => row.push(Cell::default()),
                Event::End(TagEnd::TableHead) => {
                    let Some(table) = page.tables.last_mut() else { continue };
                    table.head = std::mem::take(&mut row);
                }
                Event::End(TagEnd::TableRow) => {
                    let Some(table) = page.tables.last_mut() else { continue };
                    table.rows.push(std::mem::take(&mut row));
                }
                Event::Text(text) => {
                    if let Some(title) = &mut heading {
                        title.push_str(&text);
                    }
                    if let Some(cell) = row.last_mut() {
                        cell.text.push_str(&text);
                    }
                }
                Event::Code(code) => {
                    if let Some(title) = &mut heading {
                        title.push_str(&code);
                    }
                    page.code.push(code.to_string());
                    if let Some(cell) = row.last_mut() {
                        cell.text.push_str(&code);
                        cell.code.push(code.into_string());
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// The fragment of a heading as forges form it: letters and digits in lower case, spaces as hyphens, a number if it is taken.
    fn new_anchor(&self, title: &str) -> String {
        let plain: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let is_free = |name: &String| !self.anchors.contains(name);
        let numbered = (1..).map(|n| format!("{plain}-{n}"));
        std::iter::once(plain.clone()).chain(numbered).find(is_free).unwrap_or(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_code_in_code_blocks_are_ignored() {
        let page = Markdown::read(
            "[a](docs/a.md) ![p](p.png) [r]\n\n[r]: docs/r.md\n\n```\n[no](no.md) `no`\n```\n`yes`\n",
        );
        assert_eq!(page.links, ["docs/a.md", "p.png", "docs/r.md"]);
        assert_eq!(page.code, ["yes"]);
    }

    #[test]
    fn headings_become_fragments() {
        let page =
            Markdown::read("# What it stops, and what not\n## `cargo xtask`\n## Keys\n## Keys\n");
        let expected = ["what-it-stops-and-what-not", "cargo-xtask", "keys", "keys-1"];
        assert_eq!(page.anchors, expected);
    }

    #[test]
    fn cells_of_tables_are_read() {
        let page = Markdown::read("| claim | gate |\n|---|---|\n| fast | `qr` and `code` |\n");
        let table = &page.tables[0];
        assert_eq!(table.head[1].text, "gate");
        assert_eq!(table.rows[0][0], Cell { text: "fast".into(), code: vec![] });
        assert_eq!(table.rows[0][1].code, ["qr", "code"]);
    }
}
