//! Hosts: every host that a secret or a token could go to passed the allow-list; here it is
//! reported where two of them disagree.

use kommo_account::{EndpointRole, Endpoints, Platform, Realm};
use kommo_oauth::grant::{Grant, GrantState};
use kommo_oauth::token::UnverifiedClaims;

use super::DoctorArgs;
use super::check::{Level, Report};
use crate::failure::exit::Failure;
use crate::keeper::grant_choice::AccountName;
use crate::run::context::Context;

const AREA: &str = "hosts";

pub(super) fn look(
    args: &DoctorArgs,
    endpoints: Endpoints,
    grants: &[Grant],
    context: &Context,
    report: &mut Report,
) -> Result<(), Failure> {
    let before = report.len();
    if let Realm::Sandbox(address) = endpoints.realm() {
        report.good(
            AREA,
            "sandbox",
            match endpoints
                .resolve(EndpointRole::Consent(Platform::Global))
                .scheme()
            {
                "https" => format!("a sandbox at {address}, on this machine, with TLS"),
                _ => format!("a sandbox at {address}, on this machine"),
            },
        );
    }
    let account = match args.account {
        Some(AccountName::Host(host)) => Some(host),
        _ => context.profile()?.account,
    };
    let platform = args.platform.or(context.profile()?.platform);
    if let (Some(account), Some(platform)) = (account, platform)
        && !platform.agrees_with(account.suffix())
    {
        report.add(
            AREA,
            Level::Error,
            "platform-disagrees",
            &format!("account {account} does not belong to the platform {platform}"),
            "an integration of one platform is unknown to the other",
        );
    }
    for grant in grants {
        look_at(grant, report);
    }
    if report.len() == before {
        let message = match account {
            Some(account) => format!("{account} is an account host"),
            None => "no host is named".to_owned(),
        };
        report.good(AREA, "hosts-agree", message);
    }
    Ok(())
}

/// The claims of the access token, compared with the stored grant. They cannot be verified, and it
/// is not followed blindly.
fn look_at(grant: &Grant, report: &mut Report) {
    let token = match &grant.state {
        GrantState::LongLived(token) => Some(&token.access_token),
        state => state.pairs().map(|pairs| &pairs.newest().pair.access_token),
    };
    let Some(claims) = token.and_then(|token| UnverifiedClaims::decode(token).ok()) else {
        return;
    };
    let whose = format!("the token of account {}", grant.key.account_id);
    if let Err(error) = &claims.api_domain {
        report.add(
            AREA,
            Level::Error,
            "api-domain-hostile",
            &format!("{whose}: {error}"),
            "nothing is sent there; find out where this token comes from",
        );
    }
    if claims
        .base_domain
        .is_some_and(|suffix| suffix != grant.host.suffix())
    {
        report.add(
            AREA,
            Level::Warning,
            "base-domain-differs",
            &format!("{whose} names another domain than its host {}", grant.host),
            "the account may have moved; its next refresh looks for it",
        );
    }
    if claims
        .account_id
        .is_some_and(|id| id != grant.key.account_id)
    {
        report.add(
            AREA,
            Level::Error,
            "account-differs",
            &format!("{whose} says that it is of another account"),
            "log it out and ask for a new consent",
        );
    }
}
