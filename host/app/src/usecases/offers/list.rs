//! All offers of a tenant, part by part: workflows, newest first, then step types by name.

use super::{Offer, OfferPage, workflow_offer};
use crate::App;
use crate::agents::every_step;
use crate::error::{AppError, AppResult};
use crate::model::{Cursor, Paging, StepDescriptor};
use crate::ports::{DefinitionFilter, ToolEffect, ToolInfo};
use crate::usecases::Access;
use stepwright_engine::{Definition, DefinitionStatus, Dialect};

/// Where a part begins.
enum Place {
    Workflows(Option<Cursor>),
    /// Behind the step type of this name.
    Steps(String),
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("w", cursor) => Cursor::decode(cursor).map(Some).map(Self::Workflows),
            ("s", name) => Some(Self::Steps(name.to_owned())),
            _ => None,
        }
    }
}

/// A step type as a tool, with what calling it takes.
pub(super) struct StepOffer {
    pub offer: Offer,
    pub plugin: String,
    pub step: StepDescriptor,
}

impl App {
    /// Tools of the tenant; at most `limit` and a few. `after` is where an earlier part said that the next one begins.
    ///
    /// # Errors
    /// `Invalid` at `/cursor`, `Unavailable`.
    pub async fn offers(&self, access: &Access, after: Option<&str>, limit: u32) -> AppResult<OfferPage> {
        let unknown = || AppError::invalid("/cursor", "is no cursor of this list");
        let place = after.map_or(Some(Place::Workflows(None)), Place::read).ok_or_else(unknown)?;
        let mut offers = Vec::new();
        let behind = match place {
            Place::Steps(name) => name,
            Place::Workflows(cursor) => {
                let statuses = vec![DefinitionStatus::Active.as_str().to_owned()];
                let filter = DefinitionFilter { dialect: None, statuses };
                let page = Paging::After { limit, cursor };
                let listed = self.store().definitions(access.tenant_id(), &filter, page).await?;
                offers.extend(listed.items.iter().filter(|d| is_offered(d)).map(workflow_offer));
                if listed.has_more
                    && let Some(last) = listed.items.last()
                {
                    let cursor = Cursor { at: last.created_at, id: last.id.uuid() };
                    return Ok(OfferPage { offers, next: Some(format!("w:{}", cursor.encode())) });
                }
                String::new()
            }
        };
        let left = (limit as usize).saturating_sub(offers.len());
        if left == 0 {
            return Ok(OfferPage { offers, next: Some(format!("s:{behind}")) });
        }
        let steps = self.step_offers(access).await?;
        let mut rest = steps.into_iter().map(|step| step.offer).filter(|offer| offer.name > behind);
        offers.extend(rest.by_ref().take(left));
        let next = rest.next().and_then(|_| offers.last()).map(|last| format!("s:{}", last.name));
        Ok(OfferPage { offers, next })
    }

    /// Every step type of the tenant, by name.
    pub(super) async fn step_offers(&self, access: &Access) -> AppResult<Vec<StepOffer>> {
        let mut all = Vec::new();
        for enabled in &access.view.enablements {
            let digest = &enabled.enablement.digest;
            let Some(info) = self.info_of(access, digest).await? else { continue };
            let builtin = self.builtins().iter().any(|b| b.info.digest == *digest);
            for (tool, step) in every_step(&info, builtin) {
                let ToolInfo { name, description, input_schema, output_schema, effect, .. } = tool;
                let title = step.title.clone();
                let offer = Offer { name, title, description, input_schema, output_schema, effect };
                all.push(StepOffer { offer, plugin: info.name.clone(), step });
            }
        }
        all.sort_by(|a, b| a.offer.name.cmp(&b.offer.name));
        all.dedup_by(|later, first| later.offer.name == first.offer.name);
        Ok(all)
    }
}

/// Whether an outside call can start it.
pub(super) fn is_offered(definition: &Definition) -> bool {
    definition.status == DefinitionStatus::Active
        && (definition.dialect == Dialect::Epilot || !definition.graph.nodes.is_empty())
}

impl Offer {
    /// Whether calling it changes nothing.
    pub fn only_reads(&self) -> bool {
        self.effect == ToolEffect::Read
    }
}
