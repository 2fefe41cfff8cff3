//! The adapter's part for registering cards: Stripe's setup intents.

use async_trait::async_trait;
use serde::Deserialize;
use tegata::protocol::CardSetupSecret;

use super::request::{ProcessorError, RequestKey};
use super::setup::{CardSetups, NewSetupIntent, SetupIntent, SetupRequest, SetupStatus};
use super::stripe::{Stripe, StripePaymentMethod, UNREADABLE};
use crate::domain::{CustomerId, SetupId};

#[derive(Deserialize)]
struct StripeSetupIntent {
    id: String,
    client_secret: Option<String>,
    livemode: bool,
    customer: Option<String>,
    usage: String,
    status: String,
    #[serde(default)]
    metadata: Metadata,
    payment_method: Option<MethodOrId>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    card: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MethodOrId {
    Method(StripePaymentMethod),
    Id(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Attempts {
    data: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Attempt {
    status: String,
}

impl StripeSetupIntent {
    fn read(self) -> Result<SetupIntent, ProcessorError> {
        let status = match (self.status.as_str(), self.payment_method) {
            ("succeeded", Some(MethodOrId::Method(method))) => {
                let fingerprint = method.fingerprint()?;
                SetupStatus::Succeeded(method.read()?, fingerprint)
            }
            // The card was asked for in full.
            ("succeeded", Some(MethodOrId::Id(_)) | None) => return Err(UNREADABLE),
            ("canceled", _) => SetupStatus::Cancelled,
            _ => SetupStatus::Waiting,
        };
        let customer = self.customer.map(|id| CustomerId::new(&id)).transpose();
        Ok(SetupIntent {
            customer: customer.map_err(|_| UNREADABLE)?,
            is_off_session: self.usage == "off_session",
            card: self.metadata.card,
            status,
        })
    }
}

#[async_trait]
impl CardSetups for Stripe {
    async fn begin_setup(
        &self,
        request: &SetupRequest<'_>,
        key: RequestKey<'_>,
    ) -> Result<NewSetupIntent, ProcessorError> {
        let fields = [
            ("customer", request.customer.as_str()),
            ("usage", "off_session"),
            ("payment_method_types[]", "card"),
            ("payment_method_options[card][request_three_d_secure]", "any"),
            ("metadata[card]", request.card),
        ];
        let made: StripeSetupIntent = self.post("/v1/setup_intents", &fields, Some(key)).await?;
        let secret = made.client_secret.ok_or(UNREADABLE)?;
        Ok(NewSetupIntent {
            id: SetupId::new(&made.id).map_err(|_| UNREADABLE)?,
            client_secret: CardSetupSecret::new(&secret).map_err(|_| UNREADABLE)?,
        })
    }

    async fn setup(&self, id: &SetupId) -> Result<SetupIntent, ProcessorError> {
        let path = format!("/v1/setup_intents/{id}?expand[]=payment_method");
        let found: StripeSetupIntent = self.get(&path).await?;
        if found.livemode != self.is_live() {
            return Err(ProcessorError::NotFound);
        }
        found.read()
    }

    async fn failed_attempts(&self, id: &SetupId) -> Result<u32, ProcessorError> {
        let path = format!("/v1/setup_attempts?limit=100&setup_intent={id}");
        let attempts: Attempts = self.get(&path).await?;
        let failed = attempts.data.iter().filter(|attempt| attempt.status == "failed").count();
        Ok(u32::try_from(failed).unwrap_or(u32::MAX))
    }

    async fn cancel_setup(&self, id: &SetupId) -> Result<(), ProcessorError> {
        let path = format!("/v1/setup_intents/{id}/cancel");
        match self.post::<StripeSetupIntent>(&path, &[], None).await {
            // In another state it is over.
            Ok(_) | Err(ProcessorError::NotFound | ProcessorError::WrongState) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}
