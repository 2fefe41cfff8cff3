//! How PostgreSQL ran the statements of an issuer, from its log: `auto_explain` writes the plan of each one there.

use std::collections::BTreeSet;

use serde_json::Value;
use tegata_testkit::TestPayments;
use tegata_testkit::postgres::cluster;

/// A statement with its plan.
pub(crate) struct Plan {
    pub(crate) text: String,
    plan: Value,
}

/// Has the plans of this issuer's statements written to the log from now on, and restarts it.
pub(crate) fn log_plans(payments: &TestPayments<'_>) {
    payments.sql(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = auto_explain', \
             current_database()); \
         EXECUTE format('ALTER DATABASE %I SET auto_explain.log_min_duration = 0', current_database()); \
         EXECUTE format('ALTER DATABASE %I SET auto_explain.log_analyze = on', current_database()); \
         EXECUTE format('ALTER DATABASE %I SET auto_explain.log_format = json', current_database()); \
         END $$",
    );
    payments.sql("ALTER SYSTEM SET log_line_prefix = '%d '");
    payments.sql("SELECT pg_reload_conf()");
    let set = "SELECT COUNT(*) FROM pg_settings WHERE name = 'log_line_prefix' AND setting = '%d '";
    while payments.number(set) == 0 {
        std::thread::yield_now();
    }
    payments.issuer.restart();
}

/// The beginning of this issuer's lines in the log: the name of its database.
fn line_prefix(payments: &TestPayments<'_>) -> String {
    let (_, name) = payments.issuer.settings.split_once("/issuer_").unwrap();
    let (number, _) = name.split_once('?').unwrap();
    format!("issuer_{number} ")
}

/// Reads the plans of this issuer's statements that are in the log.
pub(crate) fn logged_plans(payments: &TestPayments<'_>) -> Vec<Plan> {
    let prefix = line_prefix(payments);
    let log = format!("{}.log", cluster().host.replace("%2F", "/"));
    let log = std::fs::read(log).unwrap();
    let log = String::from_utf8_lossy(&log);
    let mut plans = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with(&prefix) || !line.ends_with("plan:") {
            continue;
        }
        let mut document = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with('\t')) {
            document.push_str(line);
        }
        // The last one may be half written.
        let Ok(document) = serde_json::from_str::<Value>(&document) else { continue };
        let text = document["Query Text"].as_str().unwrap().to_owned();
        plans.push(Plan { text, plan: document["Plan"].clone() });
    }
    plans
}

impl Plan {
    /// The tables that the plan names, as far as they are of this one or its partitions.
    pub(crate) fn relations(&self, table: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        collect(&self.plan, &mut |node| {
            let name = node["Relation Name"].as_str().unwrap_or_default();
            let rest = name.strip_prefix(table);
            let is_of = rest.is_some_and(|rest| rest.is_empty() || is_partition(rest));
            // A scan that was never executed has touched nothing, and what is changed was scanned before.
            let touches = match node["Node Type"].as_str() {
                None => false,
                Some("ModifyTable") => node["Operation"] == "Insert",
                Some(_) => node["Actual Loops"].as_u64() != Some(0),
            };
            if is_of && touches {
                found.insert(name.to_owned());
            }
        });
        // Rows that are inserted are led on to the one partition that each belongs to; others name theirs.
        if found.len() > 1 {
            found.remove(table);
        }
        found
    }

    /// Whether each look into this table is for single keys, and never for a range of them.
    pub(crate) fn finds_by_key(&self, table: &str) -> bool {
        let mut all = true;
        collect(&self.plan, &mut |node| {
            if node["Relation Name"] == table && node["Index Name"].is_string() {
                let condition = node["Index Cond"].as_str().unwrap_or_default();
                all &= condition.contains(" = ") && !condition.contains('<');
            }
        });
        all
    }
}

/// The end of a partition's name after its table's: `_2027_01`, `_default`, `_p3`.
fn is_partition(rest: &str) -> bool {
    rest.strip_prefix('_').is_some_and(|name| {
        name == "default" || name.bytes().all(|byte| byte.is_ascii_digit() || b"_p".contains(&byte))
    })
}

fn collect(node: &Value, visit: &mut impl FnMut(&Value)) {
    match node {
        Value::Object(fields) => {
            visit(node);
            fields.values().for_each(|value| collect(value, visit));
        }
        Value::Array(all) => all.iter().for_each(|value| collect(value, visit)),
        _ => (),
    }
}
