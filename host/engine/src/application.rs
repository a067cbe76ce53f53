//! Applications and the stages they go through (source: contracts/smartmca.md 1D.2, "Convenience endpoints").

use std::fmt;

/// A stage. The line runs from draft to funded; declined and withdrawn leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    Draft,
    Submission,
    Scrubbing,
    Underwriting,
    OfferOut,
    ContractsRequest,
    Approved,
    Funded,
    Declined,
    Withdrawn,
}

/// Why an application does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StageError {
    #[error("the application is {0}, where it ends")]
    Ended(Stage),
    #[error("the application is at {from} already")]
    Unchanged { from: Stage },
    #[error("the application cannot go back from {from} to {to}")]
    Backwards { from: Stage, to: Stage },
}

impl Stage {
    /// Every stage: the line, then the exits.
    pub const ALL: [Self; 10] = [
        Self::Draft,
        Self::Submission,
        Self::Scrubbing,
        Self::Underwriting,
        Self::OfferOut,
        Self::ContractsRequest,
        Self::Approved,
        Self::Funded,
        Self::Declined,
        Self::Withdrawn,
    ];

    /// The name on the wire and in the entity.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submission => "submission",
            Self::Scrubbing => "scrubbing",
            Self::Underwriting => "underwriting",
            Self::OfferOut => "offerOut",
            Self::ContractsRequest => "contractsRequest",
            Self::Approved => "approved",
            Self::Funded => "funded",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// The next one on the line; `None` at its end and beside it.
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Draft => Some(Self::Submission),
            Self::Submission => Some(Self::Scrubbing),
            Self::Scrubbing => Some(Self::Underwriting),
            Self::Underwriting => Some(Self::OfferOut),
            Self::OfferOut => Some(Self::ContractsRequest),
            Self::ContractsRequest => Some(Self::Approved),
            Self::Approved => Some(Self::Funded),
            Self::Funded | Self::Declined | Self::Withdrawn => None,
        }
    }

    /// Where an application that stands here goes: one step along the line, or to `to`, which may skip stages or leave
    /// the line.
    ///
    /// # Errors
    /// From an end, to where it stands, and backwards.
    pub fn advance(self, to: Option<Self>) -> Result<Self, StageError> {
        let next = self.next().ok_or(StageError::Ended(self))?;
        match to {
            None => Ok(next),
            Some(to) if to == self => Err(StageError::Unchanged { from: self }),
            Some(to) if to < self => Err(StageError::Backwards { from: self, to }),
            Some(to) => Ok(to),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_walked_one_stage_at_a_time() {
        let mut stage = Stage::Draft;
        let mut walked = vec![stage];
        while let Ok(next) = stage.advance(None) {
            stage = next;
            walked.push(stage);
        }
        assert_eq!(walked, Stage::ALL[..8]);
        assert_eq!(stage.advance(None), Err(StageError::Ended(Stage::Funded)));
    }

    #[test]
    fn stages_may_be_skipped_and_the_line_left_but_never_gone_back() {
        for from in Stage::ALL {
            for to in Stage::ALL {
                let ended = from.next().is_none();
                let allowed = !ended && (to > from);
                assert_eq!(from.advance(Some(to)).is_ok(), allowed, "{from} to {to}");
            }
        }
        assert_eq!(Stage::Scrubbing.advance(Some(Stage::Withdrawn)), Ok(Stage::Withdrawn));
        assert_eq!(
            Stage::Approved.advance(Some(Stage::Approved)),
            Err(StageError::Unchanged { from: Stage::Approved })
        );
    }

    #[test]
    fn every_stage_reads_back() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Some(stage));
        }
        assert_eq!(Stage::parse("offer_out"), None);
    }
}
