//! Loopback is reached without a proxy, whatever the environment names.

use std::net::TcpListener;
use std::process::Command;

/// The test that is run again, with a proxy in its environment.
const INSIDE: &str = "connections::a_channel_is_connected_twice_and_disconnected";

// Rule T1.
#[test]
fn no_proxy_stands_between_a_client_and_its_sandbox() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", INSIDE]);
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env(name, &url);
    }
    for name in ["NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    assert!(proxy.accept().is_err(), "the proxy was asked");
}
