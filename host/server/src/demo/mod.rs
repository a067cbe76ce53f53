//! `--demo`: a tenant to try things on, made once.
//!
//! Keys are shown once, so what was shown is kept in the data directory and shown again on later starts. The file
//! belongs to the database it was made for: in another one the demo is made anew.

mod client;
mod flows;
mod keys;
mod rows;
mod seed;
mod sheet;
mod workflows;

use crate::config::Config;
use crate::token;
use crate::wiring::Host;
use anyhow::Context as _;
use sheet::Sheet;
use std::net::SocketAddr;
use std::path::Path;
use stepwright_api::kit::ApiService;
use stepwright_app::usecases::Access;
use stepwright_app::{AppError, Principal};
use stepwright_engine::TenantId;

/// What was shown, inside the data directory.
const FILE: &str = "demo.txt";

/// Makes the demo tenant unless it is there; gives the text to show.
///
/// # Errors
/// When the tenant can't be made.
pub async fn prepare(host: &Host, config: &Config, api: &ApiService, address: SocketAddr) -> anyhow::Result<String> {
    let file = config.data_dir.join(FILE);
    let base = base_of(address);
    let sheet = match known(host, &file).await? {
        Some(sheet) => sheet,
        None => {
            let made = seed::make(host, api).await.context("could not make the demo tenant")?;
            Sheet::write(&base, &made)
        }
    };
    let sheet = sheet.at(&base);
    token::write_private(&file, sheet.text()).with_context(|| format!("could not write {}", file.display()))?;
    if let Some(smtp) = &config.demo_smtp {
        let access = access(host, sheet.tenant()?).await?;
        seed::send_mail_to(host, &access, smtp).await.context("STEPWRIGHT_DEMO_SMTP")?;
    }
    Ok(sheet.text().to_owned())
}

/// The sheet of an earlier start, if its tenant is in this database.
async fn known(host: &Host, file: &Path) -> anyhow::Result<Option<Sheet>> {
    let Ok(text) = std::fs::read_to_string(file) else { return Ok(None) };
    let sheet = Sheet::read(text);
    let Ok(tenant) = sheet.tenant() else { return Ok(None) };
    match host.app.tenant_access(Principal::Operator, tenant).await {
        Ok(_) => Ok(Some(sheet)),
        Err(AppError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn access(host: &Host, tenant: TenantId) -> anyhow::Result<Access> {
    Ok(host.app.tenant_access(Principal::Operator, tenant).await?)
}

/// Where curl on this machine reaches the host: an address that means "all of them" is none to connect to.
fn base_of(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let local = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
        address.set_ip(local.parse().unwrap_or(address.ip()));
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curl_lines_name_an_address_that_can_be_connected_to() {
        assert_eq!(base_of("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80");
        assert_eq!(base_of("[::]:80".parse().unwrap()), "http://[::1]:80");
        assert_eq!(base_of("10.1.2.3:80".parse().unwrap()), "http://10.1.2.3:80");
    }
}
