//! Tenants and instances.

use super::Access;
use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::{Environment, Instance, Listed, Paging, Settings, Tenant};
use crate::ports::StoreError;
use stepwright_engine::{InstanceId, TenantId};

const MAX_NAME: usize = 120;

impl App {
    /// Makes a tenant and its sandbox. Without a slug one is made from the name and the id.
    ///
    /// # Errors
    /// `Invalid`, `Conflict` when the slug is taken.
    pub async fn create_tenant(&self, name: &str, slug: Option<&str>) -> AppResult<Tenant> {
        let name = checked_name(name)?;
        let id = TenantId::fresh(&**self.ids());
        let test_id = TenantId::fresh(&**self.ids());
        let slug = match slug {
            Some(slug) if is_slug(slug) => slug.to_owned(),
            Some(_) => {
                return Err(AppError::invalid(
                    "/slug",
                    "must have 1 to 63 characters of a-z, 0-9 and -, and start with a letter or digit",
                ));
            }
            None => slug_from(name, id),
        };
        let now = self.now();
        let live = Tenant {
            id,
            name: name.into(),
            slug,
            environment: Environment::Live,
            paired: test_id,
            settings: Settings::default(),
            created_at: now,
        };
        let test = Tenant {
            id: test_id,
            name: format!("{name} (test)"),
            slug: format!("{}--test", live.slug),
            environment: Environment::Test,
            paired: id,
            ..live.clone()
        };
        match self.store().insert_tenants(&live, &test).await {
            Ok(()) => Ok(live),
            Err(StoreError::Duplicate(_)) => Err(AppError::Conflict(format!("slug '{}' is taken", live.slug))),
            Err(error) => Err(error.into()),
        }
    }

    /// Live tenants, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tenants(&self, page: Paging) -> AppResult<Listed<Tenant>> {
        Ok(self.store().tenants(page).await?)
    }

    /// Deletes the tenant, its sandbox and all they own. Without `force` it must have no open executions.
    ///
    /// # Errors
    /// `Conflict` while executions run.
    pub async fn delete_tenant(&self, access: &Access, force: bool) -> AppResult<()> {
        let tenant = access.tenant();
        if tenant.environment == Environment::Test {
            return Err(AppError::Conflict("a sandbox goes with its live tenant".into()));
        }
        if !force {
            let mut open = self.store().open_executions(tenant.id).await?;
            open += self.store().open_executions(tenant.paired).await?;
            if open > 0 {
                return Err(AppError::Conflict(format!(
                    "{open} executions have not ended; use force=true to delete them too"
                )));
            }
        }
        self.store().delete_tenant(tenant.id).await?;
        self.caches().invalidate();
        Ok(())
    }

    /// Makes an agent instance.
    ///
    /// # Errors
    /// `Invalid`.
    pub async fn create_instance(&self, access: &Access, name: &str) -> AppResult<Instance> {
        let name = checked_name(name)?.to_owned();
        let instance = Instance {
            id: InstanceId::fresh(&**self.ids()),
            tenant_id: access.tenant_id(),
            name,
            created_at: self.now(),
        };
        self.store().insert_instance(&instance).await?;
        Ok(instance)
    }

    /// Instances, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn instances(&self, access: &Access, page: Paging) -> AppResult<Listed<Instance>> {
        Ok(self.store().instances(access.tenant_id(), page).await?)
    }
}

fn checked_name(name: &str) -> AppResult<&str> {
    let name = name.trim();
    match name.chars().count() {
        1..=MAX_NAME => Ok(name),
        _ => Err(AppError::invalid("/name", format!("must have 1 to {MAX_NAME} characters"))),
    }
}

fn is_slug(slug: &str) -> bool {
    (1..=63).contains(&slug.len())
        && slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !slug.starts_with('-')
        && !slug.ends_with("--test")
}

fn slug_from(name: &str, id: TenantId) -> String {
    let words: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(40).collect();
    let words = words.trim_matches('-');
    let tail = &id.uuid().simple().to_string()[20..];
    if words.is_empty() { format!("tenant-{tail}") } else { format!("{words}-{tail}") }
}
