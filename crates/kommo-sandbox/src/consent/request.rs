//! What the address of the consent page asks for.

use axum::http::Uri;

use crate::wire::web_address::WebAddress;

/// The query of a consent page. A parameter that stands twice counts as the server's language has
/// it: the last wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsentRequest {
    pub(crate) integration: WantedIntegration,
    pub(crate) state: Option<String>,
    pub(crate) mode: Mode,
    /// The origin of the page that opened the window, if it said so.
    pub(crate) opener_origin: Option<String>,
}

/// Which integration asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WantedIntegration {
    /// One that exists.
    Known { client_id: String },
    /// One that is made in the customer's account on the fly.
    External(Box<External>),
}

/// The settings of an integration that is made on the fly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct External {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) redirect_uri: WebAddress,
    pub(crate) secrets_uri: WebAddress,
    pub(crate) logo: Option<String>,
    pub(crate) scopes: Vec<String>,
}

/// What becomes of the window at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It posts the address to its opener, and closes.
    Popup,
    /// It goes to the redirect URI itself.
    PostMessage,
}

/// Why the address cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConsentRequestError {
    /// Neither a client id nor anything of an integration on the fly.
    NoClientId,
    /// An integration on the fly, without this parameter.
    Missing(&'static str),
    /// A parameter that is no `http` or `https` address.
    NotWebAddress(&'static str),
}

impl ConsentRequest {
    /// Reads the query of `uri`.
    pub(crate) fn read(uri: &Uri) -> Result<Self, ConsentRequestError> {
        let parameters = Parameters::of(uri.query().unwrap_or_default());
        let integration = match parameters.get("client_id") {
            Some(client_id) => WantedIntegration::Known {
                client_id: client_id.to_owned(),
            },
            None => WantedIntegration::External(Box::new(External::read(&parameters)?)),
        };
        let mode = match parameters.get("mode") {
            Some("popup") => Mode::Popup,
            _ => Mode::PostMessage,
        };
        let origin = parameters.get("origin").and_then(WebAddress::parse);
        Ok(Self {
            integration,
            state: parameters.get("state").map(str::to_owned),
            mode,
            opener_origin: origin.map(|origin| origin.origin().to_owned()),
        })
    }
}

impl External {
    fn read(parameters: &Parameters) -> Result<Self, ConsentRequestError> {
        let names = ["name", "description", "redirect_uri", "secrets_uri"];
        let scopes = parameters.scopes();
        if names.iter().all(|name| parameters.get(name).is_none()) && scopes.is_empty() {
            return Err(ConsentRequestError::NoClientId);
        }
        let text = |name| {
            parameters
                .get(name)
                .ok_or(ConsentRequestError::Missing(name))
        };
        let address =
            |name| WebAddress::parse(text(name)?).ok_or(ConsentRequestError::NotWebAddress(name));
        let external = Self {
            name: text("name")?.to_owned(),
            description: text("description")?.to_owned(),
            redirect_uri: address("redirect_uri")?,
            secrets_uri: address("secrets_uri")?,
            logo: parameters.get("logo").map(str::to_owned),
            scopes,
        };
        if external.scopes.is_empty() {
            return Err(ConsentRequestError::Missing("scopes"));
        }
        Ok(external)
    }
}

impl ConsentRequestError {
    /// The rule that the address breaks: of an integration that there is, or of one on the fly.
    pub(crate) const fn rule(&self) -> &'static str {
        match self {
            Self::NoClientId => "G1",
            Self::Missing(_) | Self::NotWebAddress(_) => "G4",
        }
    }

    /// One sentence for people.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::NoClientId => "client_id is missing".into(),
            Self::Missing(name) => {
                format!("{name} is missing, which an integration without client_id needs")
            }
            Self::NotWebAddress(name) => format!("{name} is no http or https address"),
        }
    }
}

/// Decoded pairs in their order; a parameter without a value is one that is not there.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(query: &str) -> Self {
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().rev().filter(|(given, _)| given == name);
        let (_, value) = found.next()?;
        (!value.is_empty()).then_some(value)
    }

    /// `scopes[]=crm&scopes[]=notifications`, also with numbers in the brackets, or one list with
    /// commas.
    fn scopes(&self) -> Vec<String> {
        self.0
            .iter()
            .filter(|(name, _)| name == "scopes" || name.starts_with("scopes["))
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect()
    }
}
