//! The two brands of the button, and what only one of them has.

use kommo_account::Platform;

/// The looks of Kommo's button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ButtonTheme {
    /// `light`.
    #[default]
    Light,
    /// `dark`.
    Dark,
}

/// The languages of Kommo's button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ButtonLocale {
    /// `en`.
    #[default]
    English,
    /// `es`.
    Spanish,
    /// `pt`.
    Portuguese,
    /// `id`.
    Indonesian,
}

/// The colours of amoCRM's button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ButtonColor {
    /// `default`, #339DC7.
    #[default]
    Default,
    /// `blue`, #1976D2.
    Blue,
    /// `violet`, #6A1B9A.
    Violet,
    /// `green`, #388E3C.
    Green,
    /// `orange`, #F57F17.
    Orange,
    /// `red`, #D84315.
    Red,
}

/// Which of the two buttons, and what only that one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ButtonBrand {
    /// Kommo's, for the global platform.
    Kommo {
        /// `data-theme`.
        theme: ButtonTheme,
        /// `data-locale`.
        locale: ButtonLocale,
    },
    /// amoCRM's, for the Russian platform.
    Amocrm {
        /// `data-color`.
        color: ButtonColor,
    },
}

impl ButtonBrand {
    /// The brand of a platform, with its usual looks.
    #[must_use]
    pub const fn of(platform: Platform) -> Self {
        match platform {
            Platform::Russia => Self::Amocrm {
                color: ButtonColor::Default,
            },
            // Only the global platform is left. `Platform` may grow; a new one would be global too.
            _ => Self::Kommo {
                theme: ButtonTheme::Light,
                locale: ButtonLocale::English,
            },
        }
    }

    /// The platform whose consent page the button opens.
    #[must_use]
    pub const fn platform(self) -> Platform {
        match self {
            Self::Kommo { .. } => Platform::Global,
            Self::Amocrm { .. } => Platform::Russia,
        }
    }

    pub(crate) const fn script_class(self) -> &'static str {
        match self {
            Self::Kommo { .. } => "kommo_oauth",
            Self::Amocrm { .. } => "amocrm_oauth",
        }
    }

    pub(crate) const fn script_path(self) -> &'static str {
        match self {
            Self::Kommo { .. } => "/auth/button.js",
            Self::Amocrm { .. } => "/auth/button.min.js",
        }
    }
}

impl ButtonTheme {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl ButtonLocale {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Indonesian => "id",
        }
    }
}

impl ButtonColor {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Blue => "blue",
            Self::Violet => "violet",
            Self::Green => "green",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }
}
