//! Holds every problem that a test is answered with to the description of the interface.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;
use tegata::protocol::Response;
use tegata_issuer::http::handlers;

/// Panics if the response is a problem that the description does not name for this path and status. Paths that are not
/// described, and what is no problem, pass.
pub(crate) fn assert_described(path: &str, response: &Response) {
    let Some(problem) = problem_name(response) else { return };
    let Some(statuses) = described().get(path) else { return };
    let names = statuses.get(&response.status).map_or("", String::as_str);
    assert!(
        names.contains(&format!("`{problem}`")),
        "{path} answers {} `{problem}`, which issuer/src/http/call_problems.rs does not list",
        response.status
    );
}

fn problem_name(response: &Response) -> Option<String> {
    let document: Value = serde_json::from_slice(&response.body).ok()?;
    let name = document["type"].as_str()?.strip_prefix("urn:tegata:problem:")?;
    Some(name.to_owned())
}

type Statuses = BTreeMap<u16, String>;

/// The descriptions of the responses to each path that is posted to, by status.
fn described() -> &'static BTreeMap<String, Statuses> {
    static DESCRIBED: OnceLock<BTreeMap<String, Statuses>> = OnceLock::new();
    DESCRIBED.get_or_init(|| {
        let routes = handlers::accounts::route_descriptions();
        let text = tegata_issuer::description(routes).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let paths = document["paths"].as_object().unwrap();
        paths.iter().map(|(path, item)| (path.clone(), statuses(&item["post"]))).collect()
    })
}

fn statuses(operation: &Value) -> Statuses {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let described = responses.filter_map(|(status, response)| {
        Some((status.parse().ok()?, response["description"].as_str()?.to_owned()))
    });
    described.collect()
}
