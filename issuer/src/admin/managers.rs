//! Managers of tills, and the voids that were asked for at tills.

use serde_json::json;
use tegata::UnixTime;
use tegata::code::TillId;

use super::{Operator, OperatorError, Reason};
use crate::domain::{ManagerCode, ManagerName};
use crate::store::{StoreError, TimeSpan, VoidCount};

/// Tills and managers whose voids are listed, at most.
const MOST: u32 = 100;

impl Operator {
    /// Adds a manager of a till, or gives the one of this name another code; from now on voids at this till ask for a
    /// code. Gives the code, which is not shown again.
    ///
    /// # Errors
    /// [`OperatorError`]; it takes the server key.
    pub fn add_manager(
        &self,
        till: TillId,
        name: ManagerName,
        reason: &Reason,
    ) -> Result<ManagerCode, OperatorError> {
        let code = ManagerCode::make(&*self.environment.random)?;
        let hash = self.keys()?.manager_code(&till, &code);
        let detail =
            json!({ "why": reason.why(), "till": till.as_str(), "manager": name.as_str() });
        let event = self.event("manager_added", &detail, reason)?;
        let now = self.environment.clock.now();
        self.threads.block_on(self.store.add_manager(till, name, hash, now, event))?;
        Ok(code)
    }

    /// Removes a manager of a till, whose code is worth nothing from now on. Without managers voids ask for no code.
    ///
    /// # Errors
    /// [`OperatorError`]; `NoSuchManager` if the till has none of this name.
    pub fn remove_manager(
        &self,
        till: TillId,
        name: ManagerName,
        reason: &Reason,
    ) -> Result<(), OperatorError> {
        let detail =
            json!({ "why": reason.why(), "till": till.as_str(), "manager": name.as_str() });
        let event = self.event("manager_removed", &detail, reason)?;
        let is_removed = self.threads.block_on(self.store.remove_manager(till, name, event))?;
        if is_removed { Ok(()) } else { Err(OperatorError::NoSuchManager) }
    }

    /// Names the managers of a till.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn managers(&self, till: &TillId) -> Result<Vec<ManagerName>, OperatorError> {
        Ok(self.threads.block_on(self.store.managers(till))?)
    }

    /// Counts the voids that tills and their managers asked for in the last `seconds`.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn voids_at_tills(&self, seconds: u64) -> Result<Vec<VoidCount>, OperatorError> {
        let now = self.environment.clock.now();
        let since = UnixTime::new(now.seconds().saturating_sub(seconds))
            .map_err(|_| StoreError::Unreadable("events"))?;
        let span = TimeSpan { since, until: now.shifted(1) };
        Ok(self.threads.block_on(self.store.voids_at_tills(span, MOST))?)
    }
}
