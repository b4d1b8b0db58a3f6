//! TLS under the platform's real host names, judged by a client that trusts the sandbox's authority
//! and no other.

use alloc::sync::Arc;
use std::io;

use kommo_sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::naive_client::{Draft, NOW, config};
use crate::raw_socket::wire;

async fn sandbox() -> Sandbox {
    let config = SandboxConfig {
        tls: true,
        ..config()
    };
    Sandbox::builder().config(config).start().await.unwrap()
}

/// Connects to `sandbox`'s socket under the name `host`, trusting `ca_pem` alone.
async fn connect(
    sandbox: &Sandbox,
    ca_pem: &str,
    host: &str,
    protocols: &[&[u8]],
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(sandbox.address()).await?;
    let name = host.to_owned().try_into().unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

async fn exchange(sandbox: &Sandbox, host: &str, draft: &Draft) -> io::Result<String> {
    let mut stream = connect(sandbox, sandbox.ca_pem().unwrap(), host, &[]).await?;
    stream.write_all(&wire(draft)).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

#[tokio::test]
async fn a_client_with_fixed_hosts_that_trusts_the_authority_is_served() {
    let sandbox = sandbox().await;
    for host in ["amojo.kommo.com", "amojo.amocrm.ru", "amojo.amocrm.com"] {
        let draft = Draft::connect().header("host", host).sign_at(NOW);
        let answer = exchange(&sandbox, host, &draft).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}

/// The resolver is what differs from the real thing: `exchange` goes to the sandbox's socket under
/// the name that it is given.
#[tokio::test]
async fn an_account_host_and_the_consent_page_are_served_under_their_real_names() {
    let sandbox = sandbox().await;
    let state = sandbox.state();
    let [first, second] = state.accounts.as_slice() else {
        panic!("two accounts by default");
    };
    for (account, home) in [(first, "www.kommo.com"), (second, "www.amocrm.ru")] {
        let host = account.host.as_str();
        let target = format!("/oauth?client_id={}&state=s1&mode=popup", state.client_id);
        let draft = Draft::new("GET", &target).header("host", home);
        let page = exchange(&sandbox, home, &draft).await.unwrap();
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        assert!(page.contains("name=\"login\""), "{page}");

        let request = json!({
            "client_id": state.client_id, "client_secret": state.client_secret,
            "grant_type": "authorization_code", "redirect_uri": state.redirect_uri,
            "code": sandbox.issue_code(account.id, None).unwrap().code,
        });
        let draft = Draft::new("POST", "/oauth2/access_token")
            .header("host", host)
            .header("content-type", "application/json")
            .body(request.to_string());
        let answer = exchange(&sandbox, host, &draft).await.unwrap();
        let pair = body_of_200(&answer);
        assert_eq!(pair["expires_in"], 86_400);

        let bearer = format!("Bearer {}", pair["access_token"].as_str().unwrap());
        let draft = Draft::new("GET", "/api/v4/account")
            .header("host", host)
            .header("authorization", bearer);
        let answer = exchange(&sandbox, host, &draft).await.unwrap();
        assert_eq!(body_of_200(&answer)["id"], account.id);
    }
}

#[track_caller]
fn body_of_200(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn the_control_api_answers_on_the_same_port_under_loopback() {
    let sandbox = sandbox().await;
    assert!(sandbox.base_url().starts_with("https://127.0.0.1:"));
    let port = sandbox.address().port();
    for host in ["127.0.0.1", "localhost"] {
        let target = format!("{}/state", sandbox.control_path());
        let authority = format!("{host}:{port}");
        let draft = Draft::new("GET", &target)
            .header("host", &authority)
            .header("origin", format!("https://{authority}"));
        let answer = exchange(&sandbox, host, &draft).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_host_outside_the_platform_gets_no_certificate() {
    let sandbox = sandbox().await;
    let ca_pem = sandbox.ca_pem().unwrap();
    for host in ["integration.example", "evilkommo.com", "kommo.com"] {
        let error = connect(&sandbox, ca_pem, host, &[]).await.unwrap_err();
        assert!(error.to_string().contains("alert"), "{host}: {error}");
    }
    assert!(sandbox.journal().is_empty());
}

#[tokio::test]
async fn each_start_has_an_authority_of_its_own() {
    let (sandbox, other) = (sandbox().await, sandbox().await);
    let foreign = other.ca_pem().unwrap();
    assert_ne!(sandbox.ca_pem(), Some(foreign));
    let error = connect(&sandbox, foreign, "www.kommo.com", &[])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn http_1_1_is_the_only_protocol() {
    let sandbox = sandbox().await;
    let ca_pem = sandbox.ca_pem().unwrap();
    let both: [&[u8]; 2] = [b"h2", b"http/1.1"];
    let stream = connect(&sandbox, ca_pem, "www.kommo.com", &both)
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(
        connect(&sandbox, ca_pem, "www.kommo.com", &[b"h2"])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn plain_http_on_a_port_with_tls_gets_no_answer() {
    let sandbox = sandbox().await;
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let draft = Draft::connect().header("host", "amojo.kommo.com");
    stream.write_all(&wire(&draft)).await.unwrap();
    let mut bytes = Vec::new();
    // The server may reset the connection, since it has not read everything.
    let _ = stream.read_to_end(&mut bytes).await;
    assert!(!bytes.starts_with(b"HTTP/"), "an answer in the clear");
    assert!(sandbox.journal().is_empty());
}

#[tokio::test]
async fn without_tls_there_is_no_authority() {
    let sandbox = Sandbox::builder().config(config()).start().await.unwrap();
    assert_eq!(sandbox.ca_pem(), None);
}

#[tokio::test]
async fn the_printed_address_passes_the_certificate_check_whichever_loopback_address_it_is() {
    for address in ["127.0.0.2:0", "[::1]:0"] {
        let config = SandboxConfig {
            tls: true,
            ..config()
        };
        let builder = Sandbox::builder().config(config);
        let sandbox = builder.listen(address.parse().unwrap()).start();
        let sandbox = sandbox.await.unwrap();
        let named = sandbox.address().ip().to_string();
        assert!(sandbox.base_url().starts_with("https://"));
        connect(&sandbox, sandbox.ca_pem().unwrap(), &named, &[])
            .await
            .unwrap();
    }
}
