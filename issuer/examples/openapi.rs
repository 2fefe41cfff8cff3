//! Prints the description of the interface, as the service gives it at `/openapi.json`.

use tegata_issuer::{Routes, description};

fn main() -> Result<(), serde_json::Error> {
    println!("{}", description(Routes::new())?);
    Ok(())
}
