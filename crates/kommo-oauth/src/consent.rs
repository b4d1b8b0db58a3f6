//! How a user consents, and how the code comes back: the page, the button, the redirect, the
//! install hook, a pasted code.

mod state;
mod query;
mod url;
mod button_brand;
mod button;
mod redirect;
mod install_hook;
mod callback;
mod pasted_code;

pub use self::button::{CALLBACK_NAME_MAX_BYTES, ConsentButton, NotAFunctionName};
pub use self::button_brand::{ButtonBrand, ButtonColor, ButtonLocale, ButtonTheme};
pub use self::callback::CallbackQuery;
pub use self::install_hook::{InstallHook, InstallHookError, InstallHookQuery};
pub use self::pasted_code::{
    PASTED_MAX_BYTES, PastedCode, PastedCodeError, PastedFor, PastedRedirect,
};
pub use self::query::{QUERY_MAX_BYTES, QUERY_MAX_PARAMETERS, QueryError};
pub use self::redirect::{
    CallbackFieldError, ConsentRedirect, RedirectError, RedirectOutcome, RedirectQuery,
};
pub use self::state::{ConsentState, NotAState, STATE_CHARACTERS, STATE_RANDOM_BYTES};
pub use self::url::{ConsentFor, ConsentMode, ConsentUrl};
