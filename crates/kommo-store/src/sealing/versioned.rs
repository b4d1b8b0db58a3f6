//! Sealed JSON with a version: the version is judged before anything else, so that a newer record
//! is not taken for a damaged one.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::StoreFault;

/// What every version has.
#[derive(Deserialize)]
struct Versioned {
    v: u64,
}

/// Reads a record of this version.
///
/// # Errors
///
/// A later version: [`StoreFault::NewerRecord`], whatever its fields are. Anything else that cannot
/// be read: [`StoreFault::Damaged`].
pub(crate) fn read_record<T: DeserializeOwned>(
    name: &str,
    json: &[u8],
    known: u64,
) -> Result<T, StoreFault> {
    let damaged = |what| StoreFault::damaged(name, what);
    let found: Versioned = serde_json::from_slice(json).map_err(|_| damaged("no JSON with `v`"))?;
    if found.v > known {
        return Err(StoreFault::NewerRecord {
            record: name.to_owned(),
            version: found.v,
        });
    }
    if found.v != known {
        return Err(damaged("v"));
    }
    serde_json::from_slice(json).map_err(|_| damaged("fields"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Record {
        #[serde(rename = "v")]
        _version: u64,
        name: String,
    }

    #[test]
    fn a_newer_record_is_newer_whatever_stands_in_it() {
        let read = |json: &str| read_record::<Record>("a", json.as_bytes(), 1);
        assert_eq!(read(r#"{"v":1,"name":"b"}"#).unwrap().name, "b");
        for newer in [
            r#"{"v":2,"name":"b","more":1}"#,
            r#"{"v":3,"name":7}"#,
            r#"{"v":2}"#,
        ] {
            assert!(matches!(
                read(newer),
                Err(StoreFault::NewerRecord { version: 2 | 3, .. })
            ));
        }
        for damaged in [
            "",
            "{}",
            r#"{"v":0,"name":"b"}"#,
            r#"{"v":1}"#,
            r#"{"v":1,"name":"b","more":1}"#,
            r#"{"v":"2"}"#,
        ] {
            assert!(matches!(read(damaged), Err(StoreFault::Damaged { .. })));
        }
    }
}
