//! Hears everything that any crate of this process says, at every level.

use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::sync::{LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::span;

static SAID: LazyLock<Mutex<String>> = LazyLock::new(Mutex::default);

/// Everything so far.
pub fn said() -> String {
    SAID.lock().unwrap().clone()
}

/// Adds a line.
pub fn say(text: &str) {
    let mut said = SAID.lock().unwrap();
    said.push_str(text);
    said.push('\n');
}

/// Shows a value in every way a program could.
pub fn show(value: &(impl Debug + ?Sized)) {
    say(&format!("{value:?} {value:#?}"));
}

/// Shows an error and its causes in every way a program could.
pub fn show_error(error: &(dyn Error + 'static)) {
    show(error);
    for error in std::iter::successors(Some(error), |error| (*error).source()) {
        say(&format!("{error}"));
        show(error);
    }
}

/// Begins to listen; once in a process.
pub fn listen() {
    static COLLECTOR: Collector = Collector;
    log::set_logger(&COLLECTOR).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    tracing::subscriber::set_global_default(Collector).unwrap();
}

struct Collector;

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl tracing::Subscriber for Collector {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut words = Words(attributes.metadata().name().to_owned());
        attributes.record(&mut words);
        say(&words.0);
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut words = Words(String::new());
        values.record(&mut words);
        say(&words.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut words = Words(event.metadata().target().to_owned());
        event.record(&mut words);
        say(&words.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl log::Log for Collector {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        say(&format!("{}: {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}
