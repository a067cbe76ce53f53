//! Making the demo: tenant, data, keys, workflows.

use super::client::Client;
use super::keys::{self, Keys};
use super::{access, rows, workflows};
use crate::wiring::Host;
use anyhow::{Context as _, bail};
use stepwright_api::kit::ApiService;
use stepwright_app::usecases::Access;
use stepwright_app::{Paging, Settings, Smtp, SmtpMode, Tenant};
use stepwright_engine::{DefinitionId, TenantId};

const NAME: &str = "Demo Ltd";
const SLUG: &str = "demo";

/// What was made, for the sheet.
pub struct Made {
    pub live: TenantId,
    pub sandbox: TenantId,
    pub keys: Keys,
    /// The sandbox's native definition.
    pub definition: DefinitionId,
}

/// Makes what is missing. An attempt that was cut off is taken up where it ended, but keys are always new.
///
/// # Errors
/// Those of the application and of the dialects.
pub async fn make(host: &Host, api: &ApiService) -> anyhow::Result<Made> {
    let tenant = match find(host).await? {
        Some(tenant) => tenant,
        None => host.app.create_tenant(NAME, Some(SLUG)).await?,
    };
    let live = access(host, tenant.id).await?;
    let sandbox = access(host, tenant.paired).await?;
    let keys = keys::make(host, &live).await?;
    let mut definition = None;
    for (tenant, key) in [(&live, &keys.softsolz_live), (&sandbox, &keys.softsolz_test)] {
        for (dataset, rows) in rows::around(host.app.now().datetime().date_naive()) {
            host.app.import_rows(tenant, dataset, rows).await.with_context(|| dataset.as_str())?;
        }
        workflows::make_softsolz(&Client { api, key }).await?;
        definition = Some(workflows::make_native(host, tenant).await?);
        workflows::make_smartmca(host, tenant).await?;
    }
    let Some(definition) = definition else { bail!("nothing was made") };
    Ok(Made { live: tenant.id, sandbox: tenant.paired, keys, definition })
}

/// Sends the tenant's mail to this loopback server from now on.
///
/// # Errors
/// When it is no `host:port`, or not on this machine.
pub async fn send_mail_to(host: &Host, live: &Access, server: &str) -> anyhow::Result<()> {
    let parsed = server.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse().ok()?)));
    let Some((name, port)) = parsed else { bail!("'{server}' is not host:port") };
    let smtp = Smtp {
        host: name.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port,
        mode: SmtpMode::None,
        username: None,
        password: None,
        from: format!("{NAME} <billing@demo.example>"),
        reply_to: None,
    };
    let settings = &live.tenant().settings;
    if settings.smtp.as_ref() != Some(&smtp) {
        host.app.save_settings(live, Settings { smtp: Some(smtp), ..settings.clone() }).await?;
    }
    Ok(())
}

async fn find(host: &Host) -> anyhow::Result<Option<Tenant>> {
    let mut offset = 0;
    loop {
        let page = host.app.tenants(Paging::Offset { limit: 200, offset }).await?;
        offset += page.items.len() as u64;
        if let Some(found) = page.items.into_iter().find(|tenant| tenant.slug == SLUG) {
            return Ok(Some(found));
        }
        if !page.has_more {
            return Ok(None);
        }
    }
}
