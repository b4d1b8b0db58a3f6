//! The clock of this machine beside that of the platform. A request is sent without any secret, and
//! its answer does not matter: every answer has a date.

use kommo_account::{AccountHost, ChatsHost, EndpointRole, Endpoints, HostSuffix, Target};
use kommo_http::{OutgoingRequest, Transport};
use kommo_sign::{RequestDate, RequestMethod, RequestPath};

use super::DoctorArgs;
use super::check::{Level, Report};
use crate::connection::transport;
use crate::failure::exit::{self, Failure};
use crate::keeper::grant_choice::AccountName;
use crate::run::context::Context;
use crate::time::clock;

const AREA: &str = "clock";

/// A difference that a clock has which is not synchronised.
const WARN_SECONDS: u64 = 60;

/// Signed requests are refused beyond this (rule D3).
const REFUSED_SECONDS: u64 = 900;

pub(super) async fn look(
    args: &DoctorArgs,
    endpoints: Endpoints,
    context: &Context,
    report: &mut Report,
) -> Result<(), Failure> {
    let ours = clock::unix_now()?;
    if args.offline {
        report.good(
            AREA,
            "clock-not-compared",
            "not compared with a server's (--offline)",
        );
        return Ok(());
    }
    let Some(target) = target(args, endpoints, context)? else {
        report.good(
            AREA,
            "clock-not-compared",
            "not compared: neither an account nor a platform is known",
        );
        return Ok(());
    };
    let transport = args.keeper.sandbox.transport(context)?.build();
    let transport = transport.map_err(|error| transport::failure(&error))?;
    match server_time(&transport, &target).await {
        Ok(Some(theirs)) => compare(ours, theirs, report),
        Ok(None) => report.add(
            AREA,
            Level::Warning,
            "server-date-missing",
            "the answer of the server has no readable date",
            "a proxy on the way may have taken it out",
        ),
        Err(error) => report.add(
            AREA,
            Level::Warning,
            "host-unreachable",
            &format!("{} cannot be reached: {error}", target.host()),
            "check the network, or give --offline",
        ),
    }
    Ok(())
}

/// Whom to ask: the sandbox, the account, or the platform's own site.
fn target(
    args: &DoctorArgs,
    endpoints: Endpoints,
    context: &Context,
) -> Result<Option<Target>, Failure> {
    if endpoints != Endpoints::real() {
        let host = ChatsHost::for_suffix(HostSuffix::KommoCom);
        return Ok(Some(endpoints.resolve(EndpointRole::Chats(host))));
    }
    let profile = context.profile()?;
    let account: Option<AccountHost> = match args.account {
        Some(AccountName::Host(host)) => Some(host),
        _ => profile.account,
    };
    let platform = args.platform.or(profile.platform);
    let role = account
        .map(EndpointRole::Account)
        .or_else(|| platform.map(|platform| EndpointRole::Consent(platform.suffix().platform())));
    Ok(role.map(|role| endpoints.resolve(role)))
}

async fn server_time(transport: &Transport, target: &Target) -> Result<Option<u64>, String> {
    let path = RequestPath::parse("/").map_err(|error| exit::chain(&error))?;
    let request = OutgoingRequest::new(RequestMethod::GET, path);
    let response = transport.send(target, &request).await;
    let response = response.map_err(|error| exit::chain(&error))?;
    let date = response.header("date").map(RequestDate::parse);
    let date = date.and_then(Result::ok);
    Ok(date.and_then(|date| u64::try_from(date.unix_seconds()).ok()))
}

fn compare(ours: u64, theirs: u64, report: &mut Report) {
    let seconds = ours.abs_diff(theirs);
    let direction = if ours > theirs { "ahead of" } else { "behind" };
    let message = format!("the clock of this machine is {seconds} s {direction} the server's");
    if seconds <= WARN_SECONDS {
        let message = format!("agrees with the server's ({seconds} s)");
        report.good(AREA, "clock-agrees", message);
    } else if seconds <= REFUSED_SECONDS {
        let remedy = "let the machine's clock be set by NTP";
        report.add(AREA, Level::Warning, "clock-differs", &message, remedy);
    } else {
        report.add(
            AREA,
            Level::Error,
            "clock-wrong",
            &format!("{message}: dates that are made by it are refused"),
            "let the machine's clock be set by NTP; a sandbox's clock follows with {\"follow\":true}",
        );
    }
}
