//! The tenant's catalogue of reasons for closing flows.

use super::Access;
use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::{ClosingReason, ReasonStatus};

/// Reasons of one tenant.
const MAX_REASONS: usize = 1_000;
/// Characters of a title.
const MAX_TITLE: usize = 255;
/// How often a change is made anew because somebody else was faster.
const MAX_TRIES: u32 = 5;

/// Changes to a reason; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasonPatch {
    pub title: Option<String>,
    pub status: Option<ReasonStatus>,
}

impl App {
    /// Adds a reason under a fresh id.
    ///
    /// # Errors
    /// `Invalid`, `Quota`.
    pub async fn create_closing_reason(
        &self,
        access: &Access,
        title: &str,
        status: ReasonStatus,
    ) -> AppResult<ClosingReason> {
        let title = checked_title(title)?;
        if self.store().closing_reasons(access.tenant_id()).await?.len() >= MAX_REASONS {
            return Err(AppError::Quota(format!("at most {MAX_REASONS} closing reasons")));
        }
        let now = self.now();
        let reason = ClosingReason {
            id: self.short_id(),
            tenant_id: access.tenant_id(),
            title,
            status,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        self.store().insert_closing_reason(&reason).await?;
        Ok(reason)
    }

    /// A reason.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn closing_reason(&self, access: &Access, id: &str) -> AppResult<ClosingReason> {
        self.store().closing_reason(access.tenant_id(), id).await?.ok_or(AppError::NotFound("closing reason"))
    }

    /// The catalogue, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn closing_reasons(&self, access: &Access) -> AppResult<Vec<ClosingReason>> {
        Ok(self.store().closing_reasons(access.tenant_id()).await?)
    }

    /// Changes a reason; templates show it at once, flows keep what it was when they started.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub async fn change_closing_reason(
        &self,
        access: &Access,
        id: &str,
        patch: ReasonPatch,
    ) -> AppResult<ClosingReason> {
        let title = patch.title.as_deref().map(checked_title).transpose()?;
        for _ in 0..MAX_TRIES {
            let current = self.closing_reason(access, id).await?;
            let next = ClosingReason {
                title: title.clone().unwrap_or_else(|| current.title.clone()),
                status: patch.status.unwrap_or(current.status),
                version: current.version + 1,
                updated_at: self.now(),
                ..current
            };
            if self.store().save_closing_reason(&next).await? {
                return Ok(next);
            }
        }
        Err(AppError::Unavailable("the closing reason keeps changing".into()))
    }

    /// Takes a reason out of the catalogue; templates that hold it keep it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_closing_reason(&self, access: &Access, id: &str) -> AppResult<()> {
        if self.store().delete_closing_reason(access.tenant_id(), id).await? {
            Ok(())
        } else {
            Err(AppError::NotFound("closing reason"))
        }
    }
}

fn checked_title(title: &str) -> AppResult<String> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > MAX_TITLE {
        return Err(AppError::invalid("/title", format!("must have 1 to {MAX_TITLE} characters")));
    }
    Ok(title.to_owned())
}
