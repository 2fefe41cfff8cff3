//! The table of rows that differ in the number of records only: a line for each side of each work, a column for each number.

use std::collections::BTreeMap;

use super::{
    outcome::{OURS, Outcome, time},
    rows::Unit,
};

/// The table, ours first in each work, with blanks for what was not measured; empty without rows.
pub(super) fn table(outcomes: &[&Outcome]) -> String {
    let mut sizes = Vec::new();
    let mut works: Vec<(&Outcome, &str, Lines)> = Vec::new();
    for outcome in outcomes {
        let Some((name, records)) = parts(outcome) else { continue };
        if !sizes.contains(&records) {
            sizes.push(records);
        }
        if works.last().is_none_or(|(_, last, _)| *last != name) {
            works.push((outcome, name, Lines::new()));
        }
        let Some((_, _, lines)) = works.last_mut() else { continue };
        for subject in &outcome.subjects {
            let figure = match outcome.unit {
                Unit::Nanoseconds => time(subject.median),
                Unit::Bytes => format!("{:.1} B each", subject.median / f64::from(records)),
            };
            let cell = format!("{figure:>14} {:>7.2} ×", subject.ratio);
            // `false` sorts before `true`, which puts ours first.
            let side = (subject.name != OURS, subject.name.as_str());
            lines.entry(side).or_default().insert(records, cell);
        }
    }
    let mut text = Vec::new();
    for (outcome, name, lines) in works {
        let across = sizes.iter().map(u32::to_string).collect();
        text.push(format!("\n{name}: {}\n{}", outcome.work, line("records", across)));
        for ((_, side), mut cells) in lines {
            let across =
                sizes.iter().map(|records| cells.remove(records).unwrap_or_default()).collect();
            text.push(line(side, across));
        }
    }
    text.concat()
}

fn line(head: &str, cells: Vec<String>) -> String {
    let cells = cells.into_iter().map(|cell| format!("{cell:>24}"));
    format!("  {head:<12}{}\n", cells.collect::<Vec<_>>().concat())
}

/// The cells of each side, by the number of records.
type Lines<'a> = BTreeMap<(bool, &'a str), BTreeMap<u32, String>>;

/// The two parts of a row's name: the work, and the number of records.
fn parts(outcome: &Outcome) -> Option<(&'static str, u32)> {
    let (work, records) = outcome.row.rsplit_once('-')?;
    Some((work, records.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::rows::{GROWTH, Row, Target};
    use super::*;

    fn outcome(row: &Row, ours: f64) -> Outcome {
        Outcome::compare(row, vec![("sqlite".into(), 100.0), (OURS.into(), ours)]).unwrap()
    }

    #[test]
    fn names_of_growing_rows_have_two_parts() {
        for row in GROWTH {
            assert!(matches!(row.target, Target::None(_)));
            assert!(parts(&outcome(row, 1.0)).is_some(), "{}", row.name);
        }
    }

    #[test]
    fn works_are_lines_and_record_counts_are_columns() {
        let rows: Vec<Outcome> = GROWTH[..2].iter().map(|row| outcome(row, 200.0)).collect();
        let text = table(&rows.iter().collect::<Vec<_>>());
        let lines: Vec<Vec<&str>> =
            text.lines().skip(2).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["records", "1", "100"]);
        assert_eq!(lines[1], ["tegata", "200.0", "ns", "1.00", "×", "200.0", "ns", "1.00", "×"]);
        assert_eq!(lines[2], ["sqlite", "100.0", "ns", "0.50", "×", "100.0", "ns", "0.50", "×"]);
    }

    #[test]
    fn bytes_are_shown_per_record() {
        let row = GROWTH.iter().find(|row| row.name == "file-100").unwrap();
        assert!(table(&[&outcome(row, 25_000.0)]).contains("250.0 B each"));
    }

    #[test]
    fn without_rows_the_table_is_empty() {
        assert_eq!(table(&[]), "");
    }
}
