//! One folder of `vectors/` while it is read: each field and each file is taken once, and nothing
//! may be left at the end.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::judgement::{Certainty, Judgement, Verdict};

/// The fields of a `context.json` and the stages beside it, not yet taken.
pub(crate) struct Folder {
    path: PathBuf,
    name: String,
    context: Map<String, Value>,
    stages: HashMap<String, Vec<u8>>,
}

/// Reads all cases of a family, in the order of their names.
#[track_caller]
pub(crate) fn read_family<T>(family: &str, read_case: fn(&mut Folder) -> T) -> Vec<T> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors")).join(family);
    list(&root)
        .into_iter()
        .map(|path| {
            let mut folder = Folder::open(path);
            let case = read_case(&mut folder);
            folder.finish();
            case
        })
        .collect()
}

/// The one case with that name.
#[track_caller]
pub(crate) fn find<T>(cases: Vec<T>, family: &str, name: &str, name_of: fn(&T) -> &str) -> T {
    cases
        .into_iter()
        .find(|case| name_of(case) == name)
        .unwrap_or_else(|| panic!("no case vectors/{family}/{name}"))
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| {
            entry
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
                .path()
        })
        .collect();
    paths.sort();
    paths
}

impl Folder {
    fn open(path: PathBuf) -> Self {
        let file_name = |path: &Path| {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        let mut stages: HashMap<String, Vec<u8>> = list(&path)
            .into_iter()
            .filter_map(|file| Some((file_name(&file)?, read(&file))))
            .collect();
        let context = stages
            .remove("context.json")
            .unwrap_or_else(|| panic!("{}: no context.json", path.display()));
        let context = serde_json::from_slice(&context)
            .unwrap_or_else(|error| panic!("{}/context.json: {error}", path.display()));
        let name = file_name(&path).unwrap_or_default();
        Self {
            path,
            name,
            context,
            stages,
        }
    }

    /// The fields that every family has.
    pub(crate) fn judgement(&mut self) -> Judgement {
        Judgement {
            name: self.name.clone(),
            source: self.text("source"),
            certainty: match self.text("certainty").as_str() {
                "published" => Certainty::Published,
                "computed" => Certainty::Computed,
                other => self.refuse(&format!("certainty `{other}`")),
            },
            rules: self.texts("rules"),
            verdict: match self.text("verdict").as_str() {
                "valid" => Verdict::Valid,
                "invalid" => Verdict::Invalid,
                other => self.refuse(&format!("verdict `{other}`")),
            },
            reason: self.optional_text("reason"),
            finding: self.optional_text("finding"),
        }
    }

    /// A field that must be a string.
    pub(crate) fn text(&mut self, field: &str) -> String {
        self.nullable_text(field)
            .unwrap_or_else(|| self.refuse(&format!("field `{field}` is null")))
    }

    /// A field that must be there, as a string or as null.
    pub(crate) fn nullable_text(&mut self, field: &str) -> Option<String> {
        match self.context.remove(field) {
            Some(Value::String(text)) => Some(text),
            Some(Value::Null) => None,
            Some(_) => self.refuse(&format!("field `{field}` is no string")),
            None => self.refuse(&format!("no field `{field}`")),
        }
    }

    /// A field that may be left out.
    pub(crate) fn optional_text(&mut self, field: &str) -> Option<String> {
        self.context.contains_key(field).then(|| self.text(field))
    }

    /// A field that must be a list of strings.
    pub(crate) fn texts(&mut self, field: &str) -> Vec<String> {
        let Some(Value::Array(values)) = self.context.remove(field) else {
            self.refuse(&format!("field `{field}` is no list"));
        };
        values
            .into_iter()
            .map(|value| match value {
                Value::String(text) => text,
                _ => self.refuse(&format!("field `{field}` has an element that is no string")),
            })
            .collect()
    }

    /// A list of strings that may be left out.
    pub(crate) fn optional_texts(&mut self, field: &str) -> Option<Vec<String>> {
        self.context.contains_key(field).then(|| self.texts(field))
    }

    /// A field that must be a whole number.
    pub(crate) fn integer(&mut self, field: &str) -> i64 {
        let value = self.context.remove(field);
        value
            .and_then(|value| value.as_i64())
            .unwrap_or_else(|| self.refuse(&format!("field `{field}` is no whole number")))
    }

    /// A field that must be there, as a number without sign or as null.
    pub(crate) fn nullable_number(&mut self, field: &str) -> Option<u64> {
        match self.context.remove(field) {
            Some(Value::Null) => None,
            Some(Value::Number(number)) if number.is_u64() => number.as_u64(),
            _ => self.refuse(&format!("field `{field}` is no number without sign")),
        }
    }

    /// A stage that must be there, byte for byte.
    pub(crate) fn bytes(&mut self, file: &str) -> Vec<u8> {
        self.optional_bytes(file)
            .unwrap_or_else(|| self.refuse(&format!("no file `{file}`")))
    }

    /// A stage that some cases lack.
    pub(crate) fn optional_bytes(&mut self, file: &str) -> Option<Vec<u8>> {
        self.stages.remove(file)
    }

    /// A stage that must be there, as UTF-8.
    pub(crate) fn stage(&mut self, file: &str) -> String {
        self.optional_stage(file)
            .unwrap_or_else(|| self.refuse(&format!("no file `{file}`")))
    }

    /// A stage that some cases lack, as UTF-8.
    pub(crate) fn optional_stage(&mut self, file: &str) -> Option<String> {
        let bytes = self.optional_bytes(file)?;
        Some(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| self.refuse(&format!("file `{file}`: {error}"))),
        )
    }

    /// Nothing unknown may be left.
    fn finish(&self) {
        if let Some(field) = self.context.keys().min() {
            self.refuse(&format!("unknown field `{field}`"));
        }
        if let Some(file) = self.stages.keys().min() {
            self.refuse(&format!("stray file `{file}`"));
        }
    }

    /// Ends the reading: this crate is for tests, where a damaged vector must stop everything.
    pub(crate) fn refuse(&self, what: &str) -> ! {
        panic!("{}: {what}", self.path.display())
    }
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str =
        r#"{"source":"here","certainty":"computed","rules":["S1"],"verdict":"valid"}"#;

    #[track_caller]
    fn read_one(context: &str, stray: Option<&str>) -> Judgement {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("some-case");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("context.json"), context).unwrap();
        if let Some(file) = stray {
            fs::write(path.join(file), b"").unwrap();
        }
        let mut folder = Folder::open(path);
        let judgement = folder.judgement();
        folder.finish();
        judgement
    }

    #[test]
    fn a_full_case_is_read() {
        let judgement = read_one(FULL, None);
        assert_eq!(judgement.name, "some-case");
        assert_eq!(judgement.rules, ["S1"]);
        assert_eq!(judgement.verdict, Verdict::Valid);
        assert_eq!(judgement.certainty, Certainty::Computed);
        assert_eq!((judgement.reason, judgement.finding), (None, None));
    }

    #[test]
    #[should_panic(expected = "some-case: unknown field `verdit`")]
    fn an_unknown_field_stops_the_reading() {
        let _ = read_one(&FULL.replace('}', r#","verdit":"valid"}"#), None);
    }

    #[test]
    #[should_panic(expected = "some-case: stray file `body.tmp`")]
    fn a_stray_file_stops_the_reading() {
        let _ = read_one(FULL, Some("body.tmp"));
    }

    #[test]
    #[should_panic(expected = "some-case: no field `source`")]
    fn a_missing_field_stops_the_reading() {
        let _ = read_one(&FULL.replace(r#""source":"here","#, ""), None);
    }

    #[test]
    #[should_panic(expected = "some-case: verdict `perhaps`")]
    fn an_unknown_verdict_stops_the_reading() {
        let _ = read_one(&FULL.replace(r#""valid""#, r#""perhaps""#), None);
    }

    #[test]
    #[should_panic(expected = "some-case/context.json:")]
    fn broken_json_stops_the_reading() {
        let _ = read_one("{", None);
    }
}
