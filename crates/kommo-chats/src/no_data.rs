//! Answers that carry no data.

use core::fmt;

use crate::body_form::BodyForm;

/// An answer that is not one of the three forms of success without data.
///
/// With a 2xx status the platform has most probably done what was asked: see
/// [`is_success`](Self::is_success).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnexpectedBody {
    status: u16,
    form: BodyForm,
    length_bytes: usize,
}

impl UnexpectedBody {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What kind of thing the body is.
    #[must_use]
    pub fn form(&self) -> BodyForm {
        self.form
    }

    /// Length of the body in bytes.
    #[must_use]
    pub fn length_bytes(&self) -> usize {
        self.length_bytes
    }

    /// Whether to take the answer for a success and only to report the oddity: a 2xx whose body is
    /// empty or JSON, such as `{"status":"ok"}`, which a later version of the platform may send.
    ///
    /// A page, a text or other bytes under a 2xx do not come from the Chats API. Who gets one does
    /// not know whether the request was carried out.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status) && matches!(self.form, BodyForm::Empty | BodyForm::Json)
    }
}

impl fmt::Display for UnexpectedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            length_bytes,
            ..
        } = self;
        let form = match self.form {
            BodyForm::Empty => "no",
            BodyForm::Json => "a json",
            BodyForm::Text => "a text",
            BodyForm::Html => "an html",
            BodyForm::OtherBytes => "an unreadable",
        };
        write!(
            f,
            "http {status} with {form} body of {length_bytes} bytes where no data is expected"
        )
    }
}

impl core::error::Error for UnexpectedBody {}

/// Checks an answer where no data is expected: 200 with nothing, 200 with `{}`, and 204. White
/// space around and inside the braces does no harm, and what a library hands over as the body of a
/// 204 is not looked at. Never panics.
///
/// Source: rule C4 of `docs/protocol.md`.
///
/// # Errors
///
/// Anything else is an [`UnexpectedBody`]; the caller decides, and [`UnexpectedBody::is_success`]
/// says what we advise:
///
/// - 200 with `{"status":"ok"}`, or 202 with nothing: odd, but a success.
/// - 200 with `<html>…` or `OK`: not from the Chats API.
/// - 403 with anything: not a success; read it with [`ErrorBody`](crate::ErrorBody).
///
/// # Examples
///
/// ```
/// # use kommo_chats::expect_no_data;
/// assert!(expect_no_data(200, b"").is_ok());
/// assert!(expect_no_data(200, b" {}\n").is_ok());
/// assert!(expect_no_data(204, b"").is_ok());
/// assert!(!expect_no_data(200, b"<html>").unwrap_err().is_success());
/// ```
pub fn expect_no_data(status: u16, body: &[u8]) -> Result<(), UnexpectedBody> {
    let is_fine = match status {
        200 => body.trim_ascii().is_empty() || is_empty_object(body),
        204 => true,
        _ => false,
    };
    if is_fine {
        return Ok(());
    }
    Err(UnexpectedBody {
        status,
        form: BodyForm::of(None, body),
        length_bytes: body.len(),
    })
}

fn is_empty_object(body: &[u8]) -> bool {
    let inside = body
        .trim_ascii()
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}
