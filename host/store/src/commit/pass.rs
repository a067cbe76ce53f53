//! One pass over a group of commits inside a transaction.

use super::prepared::Prepared;
use super::{audits, contexts, effects, erasures, guards, journals, listings, messages, records, seen, states};
use crate::conn::Conn;
use crate::error::DbResult;
use stepwright_app::ports::CommitError;

/// A commit in a pass, and what has become of it.
pub(super) struct Member<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) refused: Option<CommitError>,
}

impl<'a> Member<'a> {
    pub(super) fn new(prepared: &'a Prepared) -> Self {
        Self { prepared, refused: None }
    }
}

/// A group being written.
pub(super) struct Pass<'a> {
    pub(super) members: Vec<Member<'a>>,
    /// Something of a refused commit stands in the transaction, which therefore must not be committed.
    pub(super) spoilt: bool,
}

impl<'a> Pass<'a> {
    pub(super) fn new(group: impl Iterator<Item = &'a Prepared>) -> Self {
        Self { members: group.map(Member::new).collect(), spoilt: false }
    }

    /// The commits that still go through.
    pub(super) fn going(&self) -> impl Iterator<Item = &'a Prepared> {
        self.members.iter().filter(|m| m.refused.is_none()).map(|m| m.prepared)
    }

    /// The places of the commits that do not go through.
    pub(super) fn refused(self) -> Vec<(usize, CommitError)> {
        self.members.into_iter().enumerate().filter_map(|(place, member)| Some((place, member.refused?))).collect()
    }

    /// Refuses every commit `judge` finds something against; `spoils` says whether it has left something behind.
    pub(super) fn refuse(
        &mut self,
        judge: impl Fn(&Prepared) -> Option<CommitError>,
        spoils: impl Fn(&Prepared) -> bool,
    ) {
        for member in self.members.iter_mut().filter(|m| m.refused.is_none()) {
            member.refused = judge(member.prepared);
            self.spoilt |= member.refused.is_some() && spoils(member.prepared);
        }
    }

    /// Writes the group. Every transaction takes its locks in this order, and in the order of ids within each step, so
    /// that transactions side by side do not lock each other out.
    pub(super) async fn write(&mut self, conn: &mut Conn<'_>, shard: u64) -> DbResult<()> {
        guards::check(self, conn).await?;
        states::write(self, conn, shard).await?;
        effects::write_guarded(self, conn).await?;
        seen::see_entities(self, conn).await?;
        seen::look_for_flows(self, conn).await?;
        journals::write(self, conn).await?;
        if self.spoilt || self.going().next().is_none() {
            return Ok(());
        }
        let going: Vec<&Prepared> = self.going().collect();
        states::write_rest(&going, conn, shard).await?;
        effects::write(&going, conn).await?;
        contexts::write(&going, conn).await?;
        listings::write(&going, conn).await?;
        audits::write(&going, conn).await?;
        records::write(&going, conn, shard).await?;
        messages::write(&going, conn).await?;
        erasures::write(&going, conn).await
    }
}
