//! The questions at a terminal. An empty answer leaves the setting out; after a wrong one the error
//! is shown and the question is asked again.

use core::fmt::Display;
use core::str::FromStr;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use super::secret_place::SecretPlace;
use crate::failure::exit::Failure;
use crate::profile::content::Profile;
use crate::profile::setting::EnvName;

const WELCOME: &str = "\
Writes a profile: settings that every command then uses. It holds no secret,
only the file or the variable of each one. Enter leaves a setting out; Ctrl-C
ends without writing.
";

/// The longest answer.
const ANSWER_BYTES: u64 = 64 << 10;

/// Asks for every setting that is not there yet.
pub(super) fn complete(
    profile: Profile,
    input: &mut dyn BufRead,
    screen: &mut dyn Write,
) -> Result<Profile, Failure> {
    let asked = Guide { input, screen }.complete(profile);
    asked.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            Failure::usage("the answers ended too early; nothing was written")
        }
        _ => Failure::io(format!("cannot ask at the terminal: {error}")),
    })
}

struct Guide<'a> {
    input: &'a mut dyn BufRead,
    screen: &'a mut dyn Write,
}

impl Guide<'_> {
    fn complete(mut self, mut profile: Profile) -> io::Result<Profile> {
        writeln!(self.screen, "{WELCOME}")?;
        self.setting("Platform (kommo, amocrm)", &mut profile.platform)?;
        self.setting(
            "Client id of the integration (UUID)",
            &mut profile.client_id,
        )?;
        self.setting("Redirect URI (https://…)", &mut profile.redirect_uri)?;
        self.place(
            "Client secret",
            &mut profile.client_secret_file,
            &mut profile.client_secret_env,
        )?;
        self.setting("Channel id (UUID)", &mut profile.channel_id)?;
        self.place(
            "Channel secret",
            &mut profile.channel_secret_file,
            &mut profile.channel_secret_env,
        )?;
        self.setting("Account (for example shop.kommo.com)", &mut profile.account)?;
        self.setting("Account's amojo id (UUID)", &mut profile.account_amojo_id)?;
        self.place(
            "Open API secret",
            &mut profile.app_secret_file,
            &mut profile.app_secret_env,
        )?;
        if profile.store_file.is_none() && profile.store_env.is_none() {
            self.setting(
                "Store (sqlite:PATH, postgres://… without password)",
                &mut profile.store,
            )?;
        }
        self.place(
            "Encryption key",
            &mut profile.encryption_key_file,
            &mut profile.encryption_key_env,
        )?;
        Ok(profile)
    }

    fn setting<T: FromStr<Err: Display>>(
        &mut self,
        question: &str,
        setting: &mut Option<T>,
    ) -> io::Result<()> {
        if setting.is_none() {
            *setting = self.ask(question, |text| {
                text.parse().map_err(|error: T::Err| error.to_string())
            })?;
        }
        Ok(())
    }

    fn place(
        &mut self,
        what: &str,
        file: &mut Option<PathBuf>,
        env: &mut Option<EnvName>,
    ) -> io::Result<()> {
        if file.is_some() || env.is_some() {
            return Ok(());
        }
        if let Some(place) = self.ask(
            &format!("{what}: its file, or env:NAME"),
            SecretPlace::parse,
        )? {
            (*file, *env) = place.into_parts();
        }
        Ok(())
    }

    fn ask<T>(
        &mut self,
        question: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> io::Result<Option<T>> {
        loop {
            write!(self.screen, "{question}: ")?;
            self.screen.flush()?;
            let mut line = String::new();
            let mut limited = io::Read::take(&mut *self.input, ANSWER_BYTES);
            if limited.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if limited.limit() == 0 {
                return Err(io::Error::other("an answer is too long"));
            }
            let answer = line.trim();
            if answer.is_empty() {
                return Ok(None);
            }
            match parse(answer) {
                Ok(value) => return Ok(Some(value)),
                Err(why) => writeln!(self.screen, "  {why}")?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Profile, complete};

    fn answered(
        profile: Profile,
        answers: &str,
    ) -> (Result<Profile, crate::failure::exit::Failure>, String) {
        let mut screen = Vec::new();
        let completed = complete(profile, &mut Cursor::new(answers), &mut screen);
        (completed, String::from_utf8(screen).unwrap())
    }

    #[test]
    fn a_wrong_answer_is_asked_again_and_an_empty_one_leaves_the_setting_out() {
        let answers =
            "telegram\nkommo\n\nhttp://x\nhttps://x.example/back\nenv:CLIENT\n\n\n\n\n\n\n\n";
        let (profile, screen) = answered(Profile::default(), answers);
        let profile = profile.unwrap();
        assert_eq!(profile.platform.unwrap().to_string(), "kommo");
        assert_eq!(
            profile.redirect_uri.unwrap().to_string(),
            "https://x.example/back"
        );
        assert_eq!(profile.client_secret_env.unwrap().to_string(), "CLIENT");
        assert_eq!(profile.client_id, None);
        assert_eq!(screen.matches("Platform").count(), 2);
        assert!(screen.contains("address has no tls"));
    }

    #[test]
    fn what_was_given_is_not_asked() {
        let given = Profile {
            platform: "kommo".parse().ok(),
            ..Profile::default()
        };
        let (profile, screen) = answered(given.clone(), &"\n".repeat(20));
        assert_eq!(profile.unwrap(), given);
        assert!(!screen.contains("Platform"));
    }

    // Invariant I8.
    #[test]
    fn a_pasted_secret_is_neither_taken_nor_repeated() {
        let marker = "5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189";
        let answers = format!("\n\n\n{marker}\n{}", "\n".repeat(20));
        let (profile, screen) = answered(Profile::default(), &answers);
        assert_eq!(profile.unwrap(), Profile::default());
        assert!(!screen.contains(marker) && screen.contains("looks like the secret itself"));
    }

    #[test]
    fn answers_that_end_too_early_write_nothing() {
        assert!(answered(Profile::default(), "kommo\n").0.is_err());
    }
}
