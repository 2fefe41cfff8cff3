//! Logging in with password and second factor.

use tegata::protocol::{DeviceId, LogIn, LogInResult};
use tegata_policy::{Event, Reply};

use super::new_password::parse_password;
use super::request_secrets::RequestSecrets;
use super::{AccountError, Accounts, unexpected_reply};
use crate::store::KillSwitch;

impl Accounts {
    /// Makes a session for a device whose owner gives the password and, on a new device, the second factor.
    pub(crate) async fn log_in(
        &self,
        device: DeviceId,
        message: LogIn,
    ) -> Result<LogInResult, AccountError> {
        let LogIn { handle, password, second_factor, device_name, .. } = message;
        let password = Some(parse_password(&password)?);
        let mut request = RequestSecrets { password, ..RequestSecrets::default() };
        let mut factor = None;
        if let Some(second_factor) = second_factor {
            let (with_factor, kind) = request.with_factor(second_factor);
            request = with_factor;
            factor = Some(kind);
        }
        let id = self.account_or_decoy(&handle).await?;
        request.queue = self.count_log_in(device, &handle, id).await?;
        let event = Event::LogIn { device, name: device_name.into(), factor };
        let applied = self.apply(id, Some(KillSwitch::LogIn), event, &request).await?;
        let Reply::LoggedIn { must_enrol, .. } = applied.reply else {
            return Err(unexpected_reply());
        };
        Ok(LogInResult { session: applied.generated.session_token()?, must_enrol })
    }
}
