//! `kommo sign visitor`: `sbs_mm` of an Open API visitor.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use kommo_sign::{AppSecret, visitor_signature};

use super::signature_line::print_signature;
use crate::failure::exit::{Failure, Outcome};
use crate::input::secret_source::SecretArgs;
use crate::profile::content::SecretKind;
use crate::run::context::Context;

/// `kommo sign visitor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  kommo sign visitor --secret-file app.secret --sbs 1001 \\
    --ranstr 4ad0faec14a58112"
)]
pub(crate) struct VisitorArgs {
    #[command(flatten)]
    secret: SecretArgs,

    /// Your own identifier of the visitor
    #[arg(long, value_name = "S", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    sbs: String,

    /// A random string of 16 characters or more
    #[arg(long, value_name = "R", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    ranstr: String,
}

pub(super) fn run(args: &VisitorArgs, context: &Context) -> Result<Outcome, Failure> {
    let source = args.secret.or(|| context.profile_secret(SecretKind::App))?;
    let secret = source.read_to_sign(&context.output, AppSecret::new)?;
    print_signature(
        visitor_signature(&secret, &args.sbs, &args.ranstr).as_str(),
        context,
    )
}
