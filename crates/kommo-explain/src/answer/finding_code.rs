//! The stable names of what can be wrong, each with its remedy.

use core::fmt;

macro_rules! finding_codes {
    ($($(#[$docs:meta])+ $name:ident, $text:literal, $remedy:literal;)+) => {
        /// What is wrong, by a name that scripts may rely on.
        ///
        /// A later version may bring more of them; none changes its meaning. The table in the
        /// crate's README says for which entry points each of them exists and which rule of
        /// `docs/protocol.md` it is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum FindingCode {
            $($(#[$docs])+ $name,)+
        }

        impl FindingCode {
            /// All of them, in the order of the README's table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable name, for example `body-trailing-newline`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// What to do about it, in one sentence.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$name => $remedy,)+
                }
            }
        }
    };
}

finding_codes! {
    /// The signed body and the body that came differ by line ends at the end.
    BodyTrailingNewline, "body-trailing-newline",
        "Sign and send the same bytes: add or drop the last line end before signing, not after.";
    /// The signed body and the body that came differ by spaces at the end.
    BodyTrailingSpace, "body-trailing-space",
        "Sign and send the same bytes: add or drop the last space before signing, not after.";
    /// The signed body and the body that came differ by other white space at the end.
    BodyTrailingWhitespace, "body-trailing-whitespace",
        "Sign and send the same bytes: trim the body before signing, not after.";
    /// The signed body says the same in other bytes: other escapes, spaces, key order, line ends, a
    /// byte-order mark.
    BodyReEncoded, "body-re-encoded",
        "Serialise once, sign these bytes and send these bytes; a receiver takes the raw body before any parsing.";
    /// The signed body had other letters than the one that came: another character set, or some of
    /// them lost.
    BodyCharset, "body-charset",
        "Encode the text as UTF-8 once, and sign and send these bytes.";
    /// An empty text was signed in place of the body, or one that names no value.
    NothingSigned, "nothing-signed",
        "Find out why the signer's variable was empty, and pass the text of the body, not an object.";
    /// The body itself stood among the signed lines.
    BodyAmongLines, "body-among-lines",
        "Put the digest of the body into the string to sign, not the body.";
    /// The body that came is not the one that `Content-MD5` names.
    BodyDiffers, "body-differs",
        "Hash the very bytes that are sent, and look for what changes the body between signing and sending.";
    /// The string to sign holds another date text than the header, as if the clock had been read
    /// twice.
    DateTakenTwice, "date-taken-twice",
        "Make the date text once per attempt and use it both in the string to sign and in the header.";
    /// The string to sign has no date, or one in a form that no header has.
    DateDiffers, "date-differs",
        "Sign the text of the Date header as it is sent.";
    /// The date is more than 15 minutes old.
    DateStale, "date-stale",
        "Set the clock right, and take a new date and signature for each attempt, the repeated ones too.";
    /// The date is more than 15 minutes ahead.
    DateFuture, "date-future",
        "Set the clock right; the date is an instant with its zone, not local time called UTC.";
    /// The date has a form that is not admitted.
    DateUnreadable, "date-unreadable",
        "Write the date in the form `Wed, 23 Nov 2022 19:25:21 +0000`.";
    /// The date is off by the offset of a time zone.
    DateZone, "date-zone",
        "Write the date in UTC with +0000, or name the zone that its time is of.";
    /// The query was signed.
    QuerySigned, "query-signed",
        "Sign the path alone; the query is sent, but not signed.";
    /// The host was signed, with or without its scheme.
    HostSigned, "host-signed",
        "Sign the path alone, from its first slash, without scheme and host.";
    /// Another header, or its name, stood among the signed lines.
    HeaderSigned, "header-signed",
        "Sign the values of the three headers alone, between the method and the path.";
    /// White space stood around a value that was signed.
    HeaderWhitespace, "header-whitespace",
        "Cut white space off the values before signing: HTTP drops it on the way.";
    /// A slightly different path was signed.
    PathDiffers, "path-differs",
        "Sign the path exactly as it is in the request line.";
    /// The path has something that HTTP libraries rewrite on its way.
    PathUnsafe, "path-unsafe",
        "Use a path of plain segments, without dot segments, backslashes, spaces and needless escapes.";
    /// Another content type was signed than came.
    ContentTypeDiffers, "content-type-differs",
        "Send and sign exactly `application/json`, and keep the HTTP library from adding a charset.";
    /// The content type is not supported.
    ContentTypeUnsupported, "content-type-unsupported",
        "Send and sign exactly `application/json`, without parameters.";
    /// Another digest was signed than came, though the body is the right one.
    ContentMd5Differs, "content-md5-differs",
        "Compute Content-MD5 once and use the same text in the string to sign and in the header.";
    /// `Content-MD5` is not a digest in any known form.
    ContentMd5Malformed, "content-md5-malformed",
        "Send Content-MD5 as 32 lower-case hex digits.";
    /// `Content-MD5` was sent or signed as base64.
    Md5Base64, "md5-base64",
        "Send and sign Content-MD5 as 32 lower-case hex digits, although RFC 1864 says base64.";
    /// `Content-MD5` was sent or signed in upper case.
    Md5UpperCase, "md5-upper-case",
        "Send and sign Content-MD5 as 32 lower-case hex digits.";
    /// `Content-MD5` was signed as raw bytes or as another text of them.
    Md5Raw, "md5-raw",
        "Send and sign Content-MD5 as 32 lower-case hex digits, not as the bytes of the digest.";
    /// The key was the secret decoded from hex.
    KeyHexDecoded, "key-hex-decoded",
        "Use the secret's text as the key, byte for byte, and do not decode it from hex.";
    /// The key was the secret decoded from base64.
    KeyBase64Decoded, "key-base64-decoded",
        "Use the secret's text as the key, byte for byte, and do not decode it from base64.";
    /// White space or a byte-order mark stood around the secret, on one side or the other.
    SecretWhitespace, "secret-whitespace",
        "Cut white space, line ends and a byte-order mark off the secret when it is read.";
    /// Quotes, or what else is written around a value, stood around the secret.
    SecretQuoted, "secret-quoted",
        "Take the quotes, or what else stands around the value, off: some readers of environment files keep them.";
    /// The key was empty.
    SecretEmpty, "secret-empty",
        "Find out why the signer had no secret, for example a variable that is not set.";
    /// The key was a text that names no secret.
    SecretPlaceholder, "secret-placeholder",
        "Find out why the signer had no secret, for example a variable that is not set.";
    /// The key was the secret in another letter case.
    SecretCase, "secret-case",
        "Use the secret's text as it was handed out, in its letter case.";
    /// The key was the secret without a character at one end.
    SecretTruncated, "secret-truncated",
        "Look for a copy, a column or a reader that cuts the secret.";
    /// The key was made of the secret by hashing or encoding it.
    KeyEncoded, "key-encoded",
        "Use the secret's text as the key, byte for byte, and do not hash or encode it.";
    /// The lines were signed in another order, or one was left out.
    WrongOrder, "wrong-order",
        "Keep the documented order, and keep every part.";
    /// Something else stood between the parts, or something followed the last.
    WrongSeparator, "wrong-separator",
        "Join the parts as documented, with nothing before the first and nothing after the last.";
    /// The method was sent or signed in lower case.
    MethodCase, "method-case",
        "Send and sign the method in upper case.";
    /// Another method was signed than came.
    MethodDiffers, "method-differs",
        "Sign the method that is sent.";
    /// The method does not have 1 to 16 letters, or one that names no path.
    MethodMalformed, "method-malformed",
        "Send a method of upper-case letters, such as POST, GET or DELETE.";
    /// The signature came as base64.
    SignatureBase64, "signature-base64",
        "Send the signature as lower-case hex digits; some hash functions return base64 by default.";
    /// The signature came in upper case.
    SignatureUpperCase, "signature-upper-case",
        "Send the signature in lower-case hex digits.";
    /// Something precedes the signature.
    SignaturePrefixed, "signature-prefixed",
        "Send the bare hex digits, without the name of an algorithm.";
    /// White space surrounds the signature.
    SignatureWhitespace, "signature-whitespace",
        "Send the bare hex digits, without white space around them.";
    /// Quotes surround the signature.
    SignatureQuoted, "signature-quoted",
        "Send the bare hex digits, without quotes around them.";
    /// Something separates the digits of the signature.
    SignatureSeparated, "signature-separated",
        "Send the hex digits in one piece, without hyphens or colons between the bytes.";
    /// Leading zeros of the signature or of its bytes are missing.
    SignatureZerosLost, "signature-zeros-lost",
        "Write each byte as two hex digits: 0a and not a.";
    /// The last digits of the right signature are missing.
    SignatureTruncated, "signature-truncated",
        "Look for a column, a buffer or a copy that cuts the signature.";
    /// The signature is not the hex text that it should be.
    SignatureMalformed, "signature-malformed",
        "Send the MAC as lower-case hex digits: 40 for SHA-1, 64 for SHA-256.";
    /// Another hash function, or no HMAC at all.
    OtherHash, "other-hash",
        "Use HMAC with the documented hash function: SHA-1 for the Chats API, SHA-256 for disconnect hooks and the Open API.";
    /// Key and message changed places.
    ArgumentsSwapped, "arguments-swapped",
        "Give the HMAC function the secret as the key and the string as the message.";
    /// The body alone was signed, as before autumn 2019.
    BodyOnlyScheme, "body-only-scheme",
        "Sign method, Content-MD5, Content-Type, Date and path, and send all four headers.";
    /// A header did not come.
    HeaderMissing, "header-missing",
        "Send all four headers: Date, Content-Type, Content-MD5 and X-Signature.";
    /// A header came more than once.
    HeaderRepeated, "header-repeated",
        "Send each of the four headers once.";
    /// The client id that came, or that was signed, is not ours.
    ClientDiffers, "client-differs",
        "Check which integration the hook belongs to, and use its client id and its secret.";
    /// The client id was signed in another letter case.
    ClientCase, "client-case",
        "Keep the client id in the letter case in which it was handed out.";
    /// `client_uuid` and `client_id` do not agree.
    ClientIdsDisagree, "client-ids-disagree",
        "Refuse the hook: an honest one names one client.";
    /// `account_id` is not a positive decimal number of at most 20 digits.
    AccountIdMalformed, "account-id-malformed",
        "Refuse the hook: an honest one has a positive decimal number.";
    /// `account_id` was signed with leading zeros.
    AccountIdLeadingZero, "account-id-leading-zero",
        "Read the account id as a number, and sign it in decimal without leading zeros.";
    /// A parameter of the query did not come.
    ParameterMissing, "parameter-missing",
        "Take the whole query as it came; account_id, client_uuid and signature are needed.";
    /// A parameter of the query came more than once.
    ParameterRepeated, "parameter-repeated",
        "Refuse the hook: an honest one names each parameter once.";
    /// A parameter of the query has escapes.
    ParameterEscaped, "parameter-escaped",
        "Take the query as it came: none of the three values needs an escape.";
    /// No known recipe yields this signature.
    Unknown, "unknown",
        "Compare the secret with the one that was handed out, and the bytes that were signed with those that came.";
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
