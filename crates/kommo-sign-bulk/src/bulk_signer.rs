//! One secret, many requests.

use core::fmt;

use kommo_sign::{ChannelSecret, ChatsSigner};

use crate::error::{RequestError, ResultsTooShort, SignManyError, results_of};
use crate::level::{Level, with_lanes};
use crate::mac_key::MacKey;
use crate::request::{BulkRequest, BulkSigned, RequestText};
use crate::sign_window::sign_window;
use crate::window::WINDOW;

/// Texts that are parsed and signed together.
const TEXT_WINDOW: usize = 128;

/// A channel secret with its key schedule done, which signs many requests in one call: make it
/// once, share it.
///
/// The results are those of [`ChatsSigner::sign`], to the bit. Never panics, never allocates. The
/// time depends on the number of the requests, on the lengths of their parts and on which of them
/// share all but the body; not on the secret, and not on what the bodies say.
///
/// It needs about 60 KiB of stack.
///
/// # Examples
///
/// ```
/// use kommo_sign::{ChannelSecret, ContentType, RequestDate, RequestMethod, RequestPath};
/// use kommo_sign_bulk::{BulkRequest, BulkSigned, BulkSigner};
///
/// let signer = BulkSigner::new(&ChannelSecret::new("5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189")?);
/// let bodies = [r#"{"text":"one"}"#, r#"{"text":"two"}"#];
/// let path = RequestPath::parse("/v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41")?;
/// let date = RequestDate::parse("Thu, 29 Oct 2020 11:59:55 +0000")?;
/// let requests = bodies.map(|body| BulkRequest {
///     method: RequestMethod::POST,
///     path,
///     content_type: ContentType::JSON,
///     date,
///     body: body.as_bytes(),
/// });
/// let mut signed = [BulkSigned::UNWRITTEN; 2];
/// signer.sign_many(&requests, &mut signed)?;
/// assert_eq!(signed[0].content_md5(), "b341109ecd4d8da5cbaabfda0fecf480");
/// # let one = kommo_sign::ChatsSigner::new(&ChannelSecret::new("5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189")?);
/// # for (signed, body) in signed.iter().zip(bodies) {
/// #     let one = one.sign(RequestMethod::POST, path, ContentType::JSON, date, body.as_bytes());
/// #     assert_eq!(signed.signature(), one.signature().as_str());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct BulkSigner {
    one: ChatsSigner,
    key: MacKey,
    level: Level,
}

impl BulkSigner {
    /// Does the key schedule of a secret, for the widest lanes of this processor.
    #[must_use]
    pub fn new(secret: &ChannelSecret) -> Self {
        Self::with_level(secret, Level::best())
    }

    /// The same for lanes of the caller's choice.
    #[must_use]
    pub fn with_level(secret: &ChannelSecret, level: Level) -> Self {
        Self {
            one: ChatsSigner::new(secret),
            key: MacKey::new(secret),
            level,
        }
    }

    /// The lanes in use.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Signs every request; `results[i]` belongs to `requests[i]`. Results behind the last request
    /// stay as they are.
    ///
    /// # Errors
    ///
    /// [`ResultsTooShort`] if there are fewer results than requests; then nothing is written.
    pub fn sign_many(
        &self,
        requests: &[BulkRequest<'_>],
        results: &mut [BulkSigned],
    ) -> Result<(), ResultsTooShort> {
        let results = results_of(results, requests.len())?;
        let windows = requests.chunks(WINDOW).zip(results.chunks_mut(WINDOW));
        for (requests, results) in windows {
            self.sign_one_window(requests, results);
        }
        Ok(())
    }

    /// The same for requests as texts that nothing has checked yet.
    ///
    /// # Errors
    ///
    /// [`SignManyError`], and nothing is written:
    ///
    /// - fewer results than requests: [`SignManyError::ResultsTooShort`].
    /// - the method of request 3 is `post`: [`SignManyError::Request`] with index 3 and the reason
    ///   of `kommo-sign`. Of several such requests the first is named.
    pub fn sign_many_texts(
        &self,
        requests: &[RequestText<'_>],
        results: &mut [BulkSigned],
    ) -> Result<(), SignManyError> {
        let results = results_of(results, requests.len())?;
        let mut tail = None;
        for (index, request) in requests.iter().enumerate() {
            parse(request, &mut tail).map_err(|cause| SignManyError::Request { index, cause })?;
        }
        let windows = requests.chunks(TEXT_WINDOW);
        for (texts, results) in windows.zip(results.chunks_mut(TEXT_WINDOW)) {
            let parsed = texts.first().map(RequestText::parse);
            let Some(Ok(first)) = parsed else {
                continue;
            };
            let mut window = [first; TEXT_WINDOW];
            for (place, text) in window.iter_mut().zip(texts) {
                // Cannot fail: all were parsed before.
                if let Ok(request) = parse(text, &mut tail) {
                    *place = request;
                }
            }
            self.sign_one_window(window.get(..texts.len()).unwrap_or_default(), results);
        }
        Ok(())
    }

    fn sign_one_window(&self, requests: &[BulkRequest<'_>], results: &mut [BulkSigned]) {
        with_lanes!(
            self.level,
            simd => sign_window(simd, &self.key, &self.one, requests, results),
            self.one_at_a_time(requests, results)
        );
    }

    fn one_at_a_time(&self, requests: &[BulkRequest<'_>], results: &mut [BulkSigned]) {
        for (request, result) in requests.iter().zip(results) {
            let signed = self.one.sign(
                request.method,
                request.path,
                request.content_type,
                request.date,
                request.body,
            );
            write(signed.content_md5().as_str(), &mut result.content_md5);
            write(signed.signature().as_str(), &mut result.signature);
        }
    }
}

fn write<const BYTES: usize>(text: &str, place: &mut [u8; BYTES]) {
    if let Some(text) = text.as_bytes().first_chunk() {
        *place = *text;
    }
}

/// Parses a request; what all but its body says is parsed once for neighbours that say the same.
fn parse<'a>(
    text: &RequestText<'a>,
    tail: &mut Option<(RequestText<'a>, BulkRequest<'a>)>,
) -> Result<BulkRequest<'a>, RequestError> {
    if let Some((known, request)) = tail
        && known.same_but_body(text)
    {
        return Ok(BulkRequest {
            body: text.body,
            ..*request
        });
    }
    let request = text.parse()?;
    *tail = Some((*text, request));
    Ok(request)
}

impl fmt::Debug for BulkSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkSigner")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
