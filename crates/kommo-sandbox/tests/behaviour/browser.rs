//! As much of a browser as the consent page needs: it keeps cookies, and fills in the form that it
//! was shown.

use kommo_sandbox::Platform;

use crate::naive_client::{Answer, Draft};

pub(crate) struct Browser<'a> {
    platform: &'a Platform,
    pub(crate) host: String,
    pub(crate) cookies: Vec<(String, String)>,
    form_token: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn at(platform: &'a Platform, host: &str) -> Self {
        Self {
            platform,
            host: host.into(),
            cookies: Vec::new(),
            form_token: String::new(),
        }
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        let draft = Draft::new("GET", target);
        self.send(draft).await
    }

    /// Posts a form with the token of the page that was shown last.
    pub(crate) async fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("form_token", &self.form_token)
            .extend_pairs(fields)
            .finish();
        let draft = Draft::new("POST", target)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.send(draft).await
    }

    /// Opens the page, logs in, and follows to the page behind it.
    pub(crate) async fn log_in(&mut self, target: &str, login: &str) -> Answer {
        let shown = self.get(target).await;
        assert_eq!(shown.status, 200, "{}", text(&shown));
        let answer = self
            .post(target, &[("step", "log-in"), ("login", login)])
            .await;
        assert_eq!(answer.status, 303, "{}", text(&answer));
        assert_eq!(answer.header("location"), target);
        self.get(target).await
    }

    pub(crate) fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    async fn send(&mut self, draft: Draft) -> Answer {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let draft = draft
            .header("host", &self.host)
            .header("cookie", cookies.join("; "));
        let answer = draft.send(self.platform).await;
        if let Some((pair, _)) = answer.header("set-cookie").split_once(';') {
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(kept, _)| kept != name);
            self.cookies.push((name.into(), value.into()));
        }
        let page = text(&answer);
        if let Some((_, behind)) = page.split_once("name=\"form_token\" value=\"") {
            self.form_token = behind.split('"').next().unwrap().into();
        }
        answer
    }
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// The accounts that the page offers.
pub(crate) fn offered(page: &str) -> Vec<String> {
    let options = page.split("<option value=\"").skip(1);
    options
        .map(|option| option.split(['>', '<']).nth(1).unwrap().to_owned())
        .collect()
}

/// The parameters of an address, decoded, in their order.
pub(crate) fn parameters(address: &str) -> Vec<(String, String)> {
    let query = address.split_once('?').unwrap().1;
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}
