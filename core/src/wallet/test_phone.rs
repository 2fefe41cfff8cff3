//! The phone that the tests of the wallet run on.

use std::path::Path;
use std::sync::Arc;

use super::Wallet;
use crate::protocol::{AnswerRecipient, Envelope, Response};
use crate::vault::{Argon2Params, Keystore, SoftwareKeystore};
use crate::{Clock, Device, SystemRandom};

/// A device in a temporary folder, with a keystore that is cheap to open.
pub(super) struct TestPhone {
    pub(super) folder: tempfile::TempDir,
    device: Device,
}

impl TestPhone {
    pub(super) fn new(clock: impl Clock + 'static) -> Self {
        Self::with(clock, |keystore| keystore)
    }

    /// A phone whose keystore is this one around another.
    pub(super) fn with<K: Keystore + 'static>(
        clock: impl Clock + 'static,
        around: impl FnOnce(Arc<SoftwareKeystore>) -> Arc<K>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keystore = around(keystore(&folder.path().join("key")));
        let random = Arc::new(SystemRandom::new());
        Self { folder, device: Device { keystore, anchor: None, clock: Arc::new(clock), random } }
    }

    /// Opens the wallet, and makes it the first time.
    pub(super) fn open(&self) -> Wallet {
        let path = self.folder.path().join("wallet");
        let open = if path.exists() { Wallet::open } else { Wallet::create };
        open(&path, &self.device).unwrap()
    }
}

/// Makes a keystore in a file at this path.
pub(super) fn keystore(path: &Path) -> Arc<SoftwareKeystore> {
    let random = Arc::new(SystemRandom::new());
    Arc::new(SoftwareKeystore::create(path, b"pass", cheap(), random).unwrap())
}

/// Parameters that make a guess cheap.
pub(super) fn cheap() -> Argon2Params {
    Argon2Params::new(8, 1, 1).unwrap()
}

/// The response with this JSON, sealed to the key in the request.
pub(super) fn sealed_response(request: &Envelope, json: &str) -> Response {
    let message: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    let key = serde_json::from_value(message["answer_key"].clone()).unwrap();
    let content: serde_json::Value = serde_json::from_str(json).unwrap();
    let recipient = AnswerRecipient::new(&key, request.body()).unwrap();
    let sealed = recipient.seal(&content, &SystemRandom::new()).unwrap();
    let body = serde_json::to_vec(&sealed).unwrap();
    Response { status: 200, body, retry_after: None, challenge: None }
}
