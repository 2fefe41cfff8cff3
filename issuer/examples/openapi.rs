//! Prints the description of the interface, as the service gives it at `/openapi.json`.

use tegata_issuer::description;
use tegata_issuer::http::handlers::{accounts, tills};

fn main() -> Result<(), serde_json::Error> {
    println!("{}", description(accounts::route_descriptions().merge(tills::route_descriptions()))?);
    Ok(())
}
