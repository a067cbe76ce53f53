//! Templates of flows (source: contracts/epilot.md 1B.4).
//!
//! A template is a definition of the epilot dialect without a graph of its own: its presentation is the template's
//! document, which the flow engine starts. Clients know it by a short random id, from which the definition's id is
//! derived. What the API calls a V1 definition is the same thing in another shape.

mod document;
mod filter;

pub use document::{StoredTemplate, TemplateDocument, TemplateDraft, TemplateVersion, template_definition_id};
pub use filter::{SortBy, TemplateFilter, TemplateSearch, TriggerFilter};

use super::Access;
use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{ClosingReason, Cursor, Paging};
use crate::ports::DefinitionFilter;
use std::time::Duration;
use stepwright_engine::flow::ClosingReason as Reason;
use stepwright_engine::{Definition, Dialect, TenantId, Timestamp};

/// Templates of one tenant.
pub const MAX_TEMPLATES: usize = 1_000;
/// Templates per look at the database.
const PAGE: u32 = 100;
/// How often a change is made anew because somebody else was faster.
const MAX_TRIES: u32 = 5;
/// Characters of a name.
const MAX_NAME: usize = 255;
/// What clients see of an instant.
const WIRE_RESOLUTION: Duration = Duration::from_millis(1);

impl App {
    /// Checks and saves a template under a fresh id.
    ///
    /// # Errors
    /// `Invalid` with every structural error, `Quota`.
    pub async fn create_template(&self, access: &Access, draft: TemplateDraft) -> AppResult<StoredTemplate> {
        draft.check()?;
        let (current, max) = self.template_limits(access).await?;
        if current >= max {
            return Err(AppError::Quota(format!("at most {max} flow templates")));
        }
        let draft = self.with_titles(access, draft, &[]).await?;
        let now = self.now();
        let stored = StoredTemplate::new(access.tenant_id(), self.short_id(), 1, draft, (now, now))?;
        self.store().insert_definition(&stored.definition, None).await?;
        Ok(stored)
    }

    /// The template clients know by this id, with the closing reasons' present titles.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn template(&self, access: &Access, id: &str) -> AppResult<StoredTemplate> {
        let tenant = access.tenant_id();
        let definition = self.store().definition(tenant, template_definition_id(tenant, id)).await?;
        let found = definition.filter(|d| d.dialect == Dialect::Epilot).ok_or(AppError::NotFound("template"))?;
        let mut found = [StoredTemplate::read(found)?];
        self.refresh_titles(tenant, &mut found).await?;
        let [found] = found;
        Ok(found)
    }

    /// Every template the filter lets through, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn templates(&self, access: &Access, filter: &TemplateFilter) -> AppResult<Vec<StoredTemplate>> {
        let mut found = Vec::new();
        self.each_template(access, |definition| {
            let template = StoredTemplate::read(definition)?;
            if filter.admits(&template) {
                found.push(template);
            }
            Ok(())
        })
        .await?;
        self.refresh_titles(access.tenant_id(), &mut found).await?;
        Ok(found)
    }

    /// A page of the templates the filter lets through, and how many there are.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn search_templates(
        &self,
        access: &Access,
        filter: &TemplateFilter,
        search: TemplateSearch,
    ) -> AppResult<(usize, Vec<StoredTemplate>)> {
        let mut found = self.templates(access, filter).await?;
        search.sort(&mut found);
        let hits = found.len();
        Ok((hits, found.into_iter().skip(search.from).take(search.size).collect()))
    }

    /// Saves the next version, made by `change` out of the present one; it may be called more than once. With `seen`,
    /// only if the template was last changed at that instant.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Conflict` when somebody else has changed it since `seen`.
    pub async fn change_template(
        &self,
        access: &Access,
        id: &str,
        seen: Option<Timestamp>,
        change: impl Fn(&TemplateDocument) -> TemplateDraft + Send + Sync,
    ) -> AppResult<StoredTemplate> {
        for _ in 0..MAX_TRIES {
            let current = self.template(access, id).await?;
            let at = current.definition.updated_at;
            if seen.is_some_and(|seen| seen.to_rfc3339_millis() != at.to_rfc3339_millis()) {
                let text = "Flow template was modified by another user since it was last loaded";
                return Err(AppError::Conflict(text.into()));
            }
            let draft = change(&current.document);
            draft.check()?;
            let draft = self.with_titles(access, draft, &current.document.template.closing_reasons).await?;
            // Clients tell versions apart by this instant, so no two versions have the same.
            let times = (current.definition.created_at, self.now().max(at + WIRE_RESOLUTION));
            let next = StoredTemplate::new(
                access.tenant_id(),
                current.document.id,
                current.definition.version + 1,
                draft,
                times,
            )?;
            let saved = self.store().update_definition(&next.definition, None).await;
            // Also when it is not known whether it was saved.
            self.caches().invalidate();
            if saved? {
                return Ok(next);
            }
        }
        Err(AppError::Unavailable("the template keeps changing".into()))
    }

    /// Deletes a template; flows that were started from it hold all they need and go on.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_template(&self, access: &Access, id: &str) -> AppResult<()> {
        let found = self.template(access, id).await?;
        let deleted = self.store().delete_definition(access.tenant_id(), found.definition.id, self.now()).await;
        self.caches().invalidate();
        if deleted? { Ok(()) } else { Err(AppError::NotFound("template")) }
    }

    /// Saves a copy under a fresh id and a name that says so.
    ///
    /// # Errors
    /// `NotFound`, `Quota`.
    pub async fn duplicate_template(&self, access: &Access, id: &str) -> AppResult<StoredTemplate> {
        const SUFFIX: &str = " (Copy)";
        let TemplateDocument { version, carried, mut template, .. } = self.template(access, id).await?.document;
        template.name = template.name.chars().take(MAX_NAME - SUFFIX.len()).chain(SUFFIX.chars()).collect();
        // A reason that has left the catalogue since then must not stand against the copy.
        let known = self.store().closing_reasons(access.tenant_id()).await?;
        template.closing_reasons.retain(|reason| known.iter().any(|k| k.id == reason.id));
        self.create_template(access, TemplateDraft { version, template, carried, enforce_limits: false }).await
    }

    /// How many templates the tenant has, and how many it may have.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn template_limits(&self, access: &Access) -> AppResult<(usize, usize)> {
        let mut count = 0;
        self.each_template(access, |_| {
            count += 1;
            Ok(())
        })
        .await?;
        Ok((count, MAX_TEMPLATES))
    }

    /// An id clients may be given for something: 10 characters that need no encoding in a URL.
    pub fn short_id(&self) -> String {
        self.random_text(10)
    }

    async fn each_template(
        &self,
        access: &Access,
        mut look: impl FnMut(Definition) -> AppResult<()> + Send,
    ) -> AppResult<()> {
        let filter = DefinitionFilter { dialect: Some(Dialect::Epilot), statuses: Vec::new() };
        let mut cursor = None;
        loop {
            let page = Paging::After { limit: PAGE, cursor };
            let listed = self.store().definitions(access.tenant_id(), &filter, page).await?;
            cursor = listed.items.last().map(|d| Cursor { at: d.created_at, id: d.id.uuid() });
            for definition in listed.items {
                look(definition)?;
            }
            if !listed.has_more {
                return Ok(());
            }
        }
    }

    /// The draft with the reasons' titles from the catalogue. A reason that the template has held before may have left
    /// the catalogue.
    async fn with_titles(&self, access: &Access, draft: TemplateDraft, held: &[Reason]) -> AppResult<TemplateDraft> {
        let mut draft = draft;
        if draft.template.closing_reasons.is_empty() {
            return Ok(draft);
        }
        let catalogue = self.store().closing_reasons(access.tenant_id()).await?;
        let mut faults = Vec::new();
        for (i, reason) in draft.template.closing_reasons.iter_mut().enumerate() {
            let kept = held.iter().find(|h| h.id == reason.id).map(|h| &h.title);
            match title(&catalogue, &reason.id).or(kept) {
                Some(title) => reason.title.clone_from(title),
                None => faults.push(FieldFault::new(
                    format!("/closing_reasons/{i}/id"),
                    format!("no closing reason has the id '{}'", reason.id),
                )),
            }
        }
        if faults.is_empty() { Ok(draft) } else { Err(AppError::Invalid(faults)) }
    }

    async fn refresh_titles(&self, tenant: TenantId, templates: &mut [StoredTemplate]) -> AppResult<()> {
        if templates.iter().all(|t| t.document.template.closing_reasons.is_empty()) {
            return Ok(());
        }
        let catalogue = self.store().closing_reasons(tenant).await?;
        for reason in templates.iter_mut().flat_map(|t| &mut t.document.template.closing_reasons) {
            if let Some(title) = title(&catalogue, &reason.id) {
                reason.title.clone_from(title);
            }
        }
        Ok(())
    }
}

fn title<'a>(catalogue: &'a [ClosingReason], id: &str) -> Option<&'a String> {
    catalogue.iter().find(|reason| reason.id == id).map(|reason| &reason.title)
}
