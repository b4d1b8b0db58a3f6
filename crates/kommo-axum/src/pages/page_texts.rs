//! The texts of our pages, in each language. They contain no input from outside.
//!
//! `{kommo}` stands for the platform's name. Words follow the platform's own interface in that
//! language.

use kommo_account::Platform;

use crate::pages::page_language::Language;

/// One text in the order of [`Language::ALL`].
type Texts = [&'static str; 4];

const fn pick(texts: &Texts, language: Language) -> &'static str {
    let [english, russian, portuguese, spanish] = texts;
    match language {
        Language::English => english,
        Language::Russian => russian,
        Language::Portuguese => portuguese,
        Language::Spanish => spanish,
    }
}

/// The heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Title {
    Connected,
    AlmostConnected,
    NotConnected,
    AlreadyFinished,
    NothingToShow,
}

impl Title {
    pub(crate) const fn text(self, language: Language) -> &'static str {
        let texts = match self {
            Self::Connected => &["Connected", "Подключено", "Conectado", "Conectado"],
            Self::AlmostConnected => &[
                "Almost connected",
                "Почти подключено",
                "Quase conectado",
                "Casi conectado",
            ],
            Self::NotConnected => &[
                "Not connected",
                "Не подключено",
                "Não conectado",
                "No conectado",
            ],
            Self::AlreadyFinished => &[
                "Already finished",
                "Подключение уже завершено",
                "Conexão já concluída",
                "La conexión ya terminó",
            ],
            Self::NothingToShow => &[
                "Nothing to show",
                "Показывать нечего",
                "Nada para mostrar",
                "No hay nada que mostrar",
            ],
        };
        pick(texts, language)
    }
}

/// The text of the link to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkText {
    Continue,
    TryAgain,
    ConnectAnother,
    Back,
}

impl LinkText {
    pub(crate) const fn text(self, language: Language) -> &'static str {
        let texts = match self {
            Self::Continue => &["Continue", "Продолжить", "Continuar", "Continuar"],
            Self::TryAgain => &[
                "Try again",
                "Попробовать ещё раз",
                "Tentar de novo",
                "Volver a intentarlo",
            ],
            Self::ConnectAnother => &[
                "Connect another account",
                "Подключить другой аккаунт",
                "Conectar outra conta",
                "Conectar otra cuenta",
            ],
            Self::Back => &["Back", "Назад", "Voltar", "Volver"],
        };
        pick(texts, language)
    }
}

/// Before the stable code at the foot of the page.
pub(crate) const fn code_label(language: Language) -> &'static str {
    pick(&["Code", "Код", "Código", "Código"], language)
}

/// The sentence under the heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Sentence {
    Connected,
    ConnectedBefore,
    Waiting,
    Unknown,
    AccessDenied,
    NotBegunHere,
    NotUnderstood,
    TooLate,
    FinishedBefore,
    OtherPlatform,
    CodeRefused,
    ClientRefused,
    OtherAccount,
    SessionChanged,
    OtherSite,
    TryLater,
}

impl Sentence {
    pub(crate) const ALL: [Self; 16] = [
        Self::Connected,
        Self::ConnectedBefore,
        Self::Waiting,
        Self::Unknown,
        Self::AccessDenied,
        Self::NotBegunHere,
        Self::NotUnderstood,
        Self::TooLate,
        Self::FinishedBefore,
        Self::OtherPlatform,
        Self::CodeRefused,
        Self::ClientRefused,
        Self::OtherAccount,
        Self::SessionChanged,
        Self::OtherSite,
        Self::TryLater,
    ];

    /// Its number in a sealed result.
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.number() == number)
    }

    pub(crate) fn text(self, language: Language, platform: Platform) -> String {
        let name = match platform {
            Platform::Russia => "amoCRM",
            _ => "Kommo",
        };
        pick(self.texts(), language).replace("{kommo}", name)
    }

    const fn texts(self) -> &'static Texts {
        match self {
            Self::Connected => &[
                "The account is connected. You can close this window.",
                "Аккаунт подключён. Это окно можно закрыть.",
                "A conta está conectada. Você pode fechar esta janela.",
                "La cuenta está conectada. Puede cerrar esta ventana.",
            ],
            Self::ConnectedBefore => &[
                "This connection was made a moment ago, so nothing more was done. If you want to connect another account, start again.",
                "Это подключение уже выполнено, поэтому больше ничего не изменилось. Чтобы подключить другой аккаунт, начните заново.",
                "Esta conexão já tinha sido feita, por isso nada mais mudou. Para conectar outra conta, comece de novo.",
                "Esta conexión ya estaba hecha, así que no se cambió nada más. Para conectar otra cuenta, empiece de nuevo.",
            ],
            Self::Waiting => &[
                "{kommo} is slow to answer. The connection will be completed as soon as it does. You can close this window.",
                "{kommo} отвечает медленно. Подключение завершится, как только придёт ответ. Это окно можно закрыть.",
                "O {kommo} está demorando para responder. A conexão será concluída assim que ele responder. Você pode fechar esta janela.",
                "{kommo} tarda en responder. La conexión se completará en cuanto responda. Puede cerrar esta ventana.",
            ],
            Self::Unknown => &[
                "The result of a connection is shown for 20 minutes, and only in the browser that made it. If you have just come from {kommo}, this browser may be blocking cookies.",
                "Результат подключения показывается 20 минут и только в том браузере, в котором оно выполнялось. Если вы только что пришли из {kommo}, возможно, браузер блокирует файлы cookie.",
                "O resultado de uma conexão é mostrado por 20 minutos e somente no navegador que a fez. Se você acabou de vir do {kommo}, este navegador pode estar bloqueando cookies.",
                "El resultado de una conexión se muestra durante 20 minutos y solo en el navegador que la hizo. Si acaba de venir de {kommo}, es posible que este navegador bloquee las cookies.",
            ],
            Self::AccessDenied => &[
                "You did not allow the connection. Nothing was changed.",
                "Вы не разрешили подключение. Ничего не изменилось.",
                "Você não autorizou a conexão. Nada foi alterado.",
                "Usted no autorizó la conexión. No se cambió nada.",
            ],
            Self::NotBegunHere => &[
                "This connection was not started in this browser. Nothing was changed.",
                "Это подключение было начато не в этом браузере. Ничего не изменилось.",
                "Esta conexão não foi iniciada neste navegador. Nada foi alterado.",
                "Esta conexión no se inició en este navegador. No se cambió nada.",
            ],
            Self::NotUnderstood => &[
                "The request could not be understood. Nothing was changed.",
                "Запрос не удалось разобрать. Ничего не изменилось.",
                "Não foi possível entender a solicitação. Nada foi alterado.",
                "No se pudo entender la solicitud. No se cambió nada.",
            ],
            Self::TooLate => &[
                "This connection was started more than 20 minutes ago, so it is no longer valid. If the account is not connected yet, start again.",
                "Это подключение было начато более 20 минут назад и больше не действует. Если аккаунт ещё не подключён, начните заново.",
                "Esta conexão foi iniciada há mais de 20 minutos e não é mais válida. Se a conta ainda não estiver conectada, comece de novo.",
                "Esta conexión se inició hace más de 20 minutos y ya no es válida. Si la cuenta aún no está conectada, empiece de nuevo.",
            ],
            Self::FinishedBefore => &[
                "This connection was finished before, perhaps in another tab. If the account is not connected yet, start again.",
                "Это подключение уже было завершено, возможно, в другой вкладке. Если аккаунт ещё не подключён, начните заново.",
                "Esta conexão já foi concluída antes, talvez em outra aba. Se a conta ainda não estiver conectada, comece de novo.",
                "Esta conexión ya se terminó antes, quizá en otra pestaña. Si la cuenta aún no está conectada, empiece de nuevo.",
            ],
            Self::OtherPlatform => &[
                "This account does not belong to {kommo}. Nothing was changed.",
                "Этот аккаунт не относится к {kommo}. Ничего не изменилось.",
                "Esta conta não pertence ao {kommo}. Nada foi alterado.",
                "Esta cuenta no pertenece a {kommo}. No se cambió nada.",
            ],
            Self::CodeRefused => &[
                "{kommo} did not accept the connection. Please try again.",
                "Платформа {kommo} не приняла подключение. Попробуйте ещё раз.",
                "O {kommo} não aceitou a conexão. Tente de novo.",
                "{kommo} no aceptó la conexión. Vuelva a intentarlo.",
            ],
            Self::ClientRefused => &[
                "{kommo} did not accept this application. Please tell the people who run it that the settings of its integration need to be checked.",
                "Платформа {kommo} не приняла это приложение. Сообщите тем, кто им управляет, что нужно проверить настройки интеграции.",
                "O {kommo} não aceitou este aplicativo. Avise os responsáveis por ele que as configurações da integração precisam ser verificadas.",
                "{kommo} no aceptó esta aplicación. Avise a sus responsables de que hay que revisar la configuración de la integración.",
            ],
            Self::OtherAccount => &[
                "You chose a different account from the one that needs to be reconnected, so it was not connected here. Try again and choose the right one.",
                "Вы выбрали не тот аккаунт, который нужно подключить заново, поэтому здесь он не подключён. Попробуйте ещё раз и выберите исходный аккаунт.",
                "Você escolheu uma conta diferente da que precisa ser reconectada, por isso ela não foi conectada aqui. Tente de novo e escolha a conta original.",
                "Eligió una cuenta distinta de la que hay que volver a conectar, así que no se conectó aquí. Vuelva a intentarlo y elija la cuenta original.",
            ],
            Self::SessionChanged => &[
                "You have signed out, or signed in as someone else, since you started. Nothing was changed. Sign in and try again.",
                "После начала подключения вы вышли или вошли под другим именем. Ничего не изменилось. Войдите и попробуйте ещё раз.",
                "Você saiu, ou entrou como outra pessoa, depois de começar. Nada foi alterado. Entre na sua conta e tente de novo.",
                "Cerró la sesión, o la inició como otra persona, después de empezar. No se cambió nada. Inicie sesión y vuelva a intentarlo.",
            ],
            Self::OtherSite => &[
                "Another site sent you here, so nothing was started. If you want to connect an account, choose “Try again”.",
                "Вас направил сюда другой сайт, поэтому подключение не начато. Если вы хотите подключить аккаунт, нажмите «Попробовать ещё раз».",
                "Outro site enviou você para cá, por isso nada foi iniciado. Se quiser conectar uma conta, escolha “Tentar de novo”.",
                "Otro sitio lo envió aquí, así que no se inició nada. Si quiere conectar una cuenta, elija «Volver a intentarlo».",
            ],
            Self::TryLater => &[
                "The connection could not be made just now. Please try again in a minute.",
                "Сейчас подключиться не удалось. Попробуйте ещё раз через минуту.",
                "Não foi possível fazer a conexão agora. Tente de novo em um minuto.",
                "No se pudo hacer la conexión ahora. Vuelva a intentarlo en un minuto.",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use kommo_account::Platform;

    use super::{Language, LinkText, Sentence};

    #[test]
    fn every_sentence_is_there_in_each_language_and_names_the_platform() {
        for sentence in Sentence::ALL {
            let texts = Language::ALL.map(|language| sentence.text(language, Platform::Russia));
            for (place, text) in texts.iter().enumerate() {
                assert!(text.ends_with('.') || text.ends_with(['”', '»']), "{text}");
                assert!(!text.contains(['{', '}']), "{text}");
                assert!(!text.contains("Kommo"), "{text}");
                assert!(!texts[..place].contains(text), "twice: {text}");
            }
            assert_eq!(Sentence::from_number(sentence.number()), Some(sentence));
        }
        assert_eq!(Sentence::from_number(200), None);
    }

    #[test]
    fn a_sentence_that_quotes_a_link_quotes_it_as_it_is() {
        for language in Language::ALL {
            let sentence = Sentence::OtherSite.text(language, Platform::Global);
            assert!(sentence.contains(LinkText::TryAgain.text(language)));
        }
    }
}
