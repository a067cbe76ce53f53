//! Results of agents' tool calls, together with what the tools have staged.

use super::pass::Pass;
use crate::agents::append;
use crate::conn::Conn;
use crate::error::{DbError, DbResult};
use stepwright_app::ports::{CommitError, JournalError};

/// Refuses commits whose run somebody else has moved on.
pub(super) async fn write(pass: &mut Pass<'_>, conn: &mut Conn<'_>) -> DbResult<()> {
    for member in pass.members.iter_mut().filter(|m| m.refused.is_none()) {
        let Some(write) = &member.prepared.commit.effects.journal else { continue };
        match append(conn, write).await {
            Ok(()) => {}
            Err(JournalError::Store(error)) => return Err(DbError::Store(error)),
            Err(error @ (JournalError::Stale | JournalError::Exhausted { .. } | JournalError::Memory(_))) => {
                member.refused = Some(CommitError::EffectConflict(format!("journal of run {}: {error}", write.run)));
                // What the tool has staged may stand in the transaction already.
                pass.spoilt = true;
            }
        }
    }
    Ok(())
}
