//! Intents as they are read and listed: with when they were created, their metadata and, where it is asked for, their
//! charge in full.

use std::collections::BTreeMap;
use std::time::SystemTime;

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use crate::intent::{Intent, find_intent};
use crate::response::{FormFields, ProcessorResponse};

/// Intents on a page, unless another number is asked for, and at most.
const PAGE: (u32, u32) = (10, 100);

/// Stores when an intent was created, and the fields `metadata[NAME]` of its request.
pub(crate) fn store_metadata(
    intent: &str,
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<(), rusqlite::Error> {
    let metadata: BTreeMap<_, _> = fields
        .iter()
        .filter_map(|(name, value)| {
            Some((name.strip_prefix("metadata[")?.strip_suffix(']')?, value))
        })
        .collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    ledger.execute(
        "INSERT INTO intents_made (intent, created, metadata) VALUES (?1, ?2, ?3)",
        params![
            intent,
            i64::try_from(now.as_secs()).unwrap_or_default(),
            json!(metadata).to_string()
        ],
    )?;
    Ok(())
}

pub(crate) fn retrieve(
    id: &str,
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let Some(intent) = find_intent(id, ledger)? else { return Ok(ProcessorResponse::missing()) };
    let is_full = expands(fields, "latest_charge");
    full_view(&intent, is_full, ledger).map(ProcessorResponse::ok)
}

/// Lists the intents created since `created[gte]`, newest first, after the intent `starting_after`.
pub(crate) fn list(
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let (usual, most) = PAGE;
    let number = |name: &str| fields.get(name).and_then(|text| text.parse::<u32>().ok());
    let limit = number("limit").unwrap_or(usual).clamp(1, most);
    let since = number("created[gte]").unwrap_or_default();
    let before = match fields.get("starting_after") {
        None => i64::MAX,
        Some(after) => {
            let find = "SELECT number FROM intents_made WHERE intent = ?1";
            let found = ledger.query_row(find, [after], |row| row.get(0)).optional()?;
            let Some(number) = found else { return Ok(ProcessorResponse::missing()) };
            number
        }
    };
    let mut find = ledger.prepare(
        "SELECT intent FROM intents_made WHERE created >= ?1 AND number < ?2 \
         ORDER BY number DESC LIMIT ?3",
    )?;
    let rows = find.query_map(params![since, before, limit + 1], |row| row.get::<_, String>(0))?;
    let mut ids = rows.collect::<Result<Vec<_>, _>>()?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = ids.len() > limit;
    ids.truncate(limit);
    let is_full = expands(fields, "data.latest_charge");
    let mut data = Vec::new();
    for id in ids {
        if let Some(intent) = find_intent(&id, ledger)? {
            data.push(full_view(&intent, is_full, ledger)?);
        }
    }
    Ok(ProcessorResponse::ok(json!({ "object": "list", "data": data, "has_more": has_more })))
}

fn expands(fields: &FormFields, what: &str) -> bool {
    fields.get("expand[]").is_some_and(|expand| expand == what)
}

/// Shows an intent with when it was created, its metadata, and its charge: the id, or all of it.
fn full_view(
    intent: &Intent,
    is_full: bool,
    ledger: &Transaction<'_>,
) -> Result<Value, rusqlite::Error> {
    let find = "SELECT created, metadata FROM intents_made WHERE intent = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let made: Option<(i64, String)> = ledger.query_row(find, [&intent.id], read).optional()?;
    let (created, metadata) = made.unwrap_or_default();
    let mut view = intent.view();
    view["created"] = created.into();
    view["metadata"] = serde_json::from_str(&metadata).unwrap_or_else(|_| json!({}));
    view["latest_charge"] = match (intent.charged, is_full) {
        (0, _) => Value::Null,
        (_, false) => charge_id(intent).into(),
        (charged, true) => {
            let find = "SELECT COALESCE(SUM(amount), 0) FROM refunds WHERE intent = ?1";
            let refunded: u32 = ledger.query_row(find, [&intent.id], |row| row.get(0))?;
            json!({
                "id": charge_id(intent), "object": "charge", "amount": charged,
                "amount_refunded": refunded, "refunded": refunded == charged,
            })
        }
    };
    Ok(view)
}

fn charge_id(intent: &Intent) -> String {
    intent.id.replacen("pi_", "ch_", 1)
}
