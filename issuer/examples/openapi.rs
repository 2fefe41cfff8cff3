//! Prints the description of the interface, as the service gives it at `/openapi.json`.

use tegata_issuer::{accounts, description, payments};

fn main() -> Result<(), serde_json::Error> {
    println!("{}", description(accounts::described().merge(payments::described()))?);
    Ok(())
}
