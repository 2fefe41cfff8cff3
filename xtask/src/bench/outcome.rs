//! The figures of a row, read from criterion's folder and compared with the row's target.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use xshell::Shell;

use super::rows::{Row, Target, Unit};

/// The name of our own side in every row.
pub(super) const OURS: &str = "tegata";

/// The figures of one row.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) row: &'static str,
    pub(super) work: &'static str,
    pub(super) unit: Unit,
    pub(super) target: String,
    pub(super) met: bool,
    pub(super) subjects: Vec<Subject>,
}

/// One side of a row: ours or a peer.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) median: f64,
    /// The median divided by ours.
    pub(super) ratio: f64,
}

impl Outcome {
    pub(super) fn read(shell: &Shell, figures: &Path, row: &Row) -> anyhow::Result<Self> {
        let mut medians = Vec::new();
        for folder in shell.read_dir(figures.join(row.name))? {
            let file = folder.join("new").join("estimates.json");
            // One of the folders holds reports.
            if shell.path_exists(&file) {
                let name = folder.file_name().context("a folder has no name")?;
                medians
                    .push((name.to_string_lossy().into_owned(), median(&shell.read_file(&file)?)?));
            }
        }
        Self::compare(row, medians).with_context(|| format!("row {}", row.name))
    }

    pub(super) fn compare(row: &Row, mut medians: Vec<(String, f64)>) -> anyhow::Result<Self> {
        medians.sort_by(|a, b| a.1.total_cmp(&b.1));
        let of =
            |name: &str| medians.iter().find(|(its, _)| its == name).map(|(_, median)| *median);
        let ours = of(OURS).context("ours was not measured")?;
        let mut unit = Unit::Nanoseconds;
        let (limit, target) = match row.target {
            Target::Nanoseconds(limit) => (limit, format!("≤ {}", time(limit))),
            Target::PerSecond(rate) => (1e9 / rate, format!("≥ {:.1} M/s", rate / 1e6)),
            Target::Times(times, peer) => {
                let peers = of(peer).with_context(|| format!("{peer} was not measured"))?;
                (times * peers, format!("≤ {times} × {peer}"))
            }
            Target::Printed => anyhow::bail!("the issuer's bench prints it"),
            Target::None(its) => {
                unit = its;
                (f64::INFINITY, "none".into())
            }
        };
        let subject = |(name, median)| Subject { name, median, ratio: median / ours };
        let subjects = medians.into_iter().map(subject).collect();
        Ok(Self { row: row.name, work: row.work, unit, target, met: ours <= limit, subjects })
    }
}

/// The median of criterion's estimates, in nanoseconds.
fn median(estimates: &str) -> anyhow::Result<f64> {
    #[derive(Deserialize)]
    struct Estimates {
        median: Estimate,
    }
    #[derive(Deserialize)]
    struct Estimate {
        point_estimate: f64,
    }
    let estimates: Estimates =
        serde_json::from_str(estimates).context("not criterion's estimates")?;
    Ok(estimates.median.point_estimate)
}

/// The outcomes as text, each side on a line.
pub(super) fn table(outcomes: &[&Outcome]) -> String {
    let mut lines = Vec::new();
    for Outcome { row, work, unit: _, target, met, subjects } in outcomes {
        let verdict = if *met { "met" } else { "MISSED" };
        lines.push(format!("\n{row}: {work}\n  target {target}: {verdict}\n"));
        for Subject { name, median, ratio } in subjects {
            lines.push(format!("  {name:<20} {:>10}   {ratio:>8.2} ×\n", time(*median)));
        }
    }
    lines.concat()
}

/// A duration in the unit that fits.
pub(super) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.1} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: Target) -> Row {
        Row { name: "a", work: "a", target, sqlcipher: false }
    }

    fn met(target: Target, ours: f64) -> bool {
        let medians = vec![("sqlite".into(), 100.0), (OURS.into(), ours)];
        Outcome::compare(&row(target), medians).unwrap().met
    }

    #[test]
    fn a_target_is_met_up_to_its_limit() {
        for (target, limit) in [
            (Target::Nanoseconds(200.0), 200.0),
            (Target::PerSecond(10_000_000.0), 100.0),
            (Target::Times(1.5, "sqlite"), 150.0),
        ] {
            assert!(met(target, limit));
            assert!(!met(target, limit + 0.1));
        }
    }

    #[test]
    fn ratios_are_to_ours_and_the_fastest_is_first() {
        let medians = vec![("peer".into(), 300.0), (OURS.into(), 100.0)];
        let subjects = Outcome::compare(&row(Target::Nanoseconds(1.0)), medians).unwrap().subjects;
        assert_eq!(subjects[0].name, OURS);
        assert!((subjects[1].ratio - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_row_without_ours_or_its_peer_is_an_error() {
        let target = Target::Times(1.1, "sqlite");
        assert!(Outcome::compare(&row(target), vec![("sqlite".into(), 1.0)]).is_err());
        assert!(Outcome::compare(&row(target), vec![(OURS.into(), 1.0)]).is_err());
    }

    #[test]
    fn a_row_without_a_target_is_always_met() {
        assert!(met(Target::None(Unit::Bytes), 1e12));
    }

    #[test]
    fn the_median_is_read_from_criterions_estimates() {
        let text = r#"{"mean":{"point_estimate":9.0},"median":{"confidence_interval":{},"point_estimate":7.5}}"#;
        assert!((median(text).unwrap() - 7.5).abs() < 1e-9);
        assert!(median("{}").is_err());
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        assert_eq!([time(47.51), time(3_600.0), time(118e6)], ["47.5 ns", "3.60 µs", "118.00 ms"]);
    }
}
