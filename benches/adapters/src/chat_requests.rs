//! Chat hooks as the platform sends them: signed, each with a message and a conversation of its
//! own.

use kommo_hooks::ChatHookVerifier;
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};

use crate::load::Requests;

/// The scope id of their address.
pub const SCOPE: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41_52e591f7-c98f-4255-8495-827210138c81";
const ACCOUNT: &str = "52e591f7-c98f-4255-8495-827210138c81";

/// Makes them, and numbers them.
#[derive(Debug)]
pub struct ChatRequests {
    key: ChatHookKey,
    next: u64,
}

impl Default for ChatRequests {
    fn default() -> Self {
        Self::new()
    }
}

impl ChatRequests {
    /// Begins with the first.
    #[must_use]
    pub fn new() -> Self {
        let secret = ChannelSecret::new("channel-secret").expect("a secret");
        Self {
            key: ChatHookKey::new(&secret),
            next: 0,
        }
    }

    /// A verifier with the key that signs them.
    #[must_use]
    pub fn verifier(&self) -> ChatHookVerifier {
        let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
        let id = KeyId::parse("2026-11").expect("an id");
        keys.insert(id, self.key.clone(), None).expect("room");
        ChatHookVerifier::new(keys)
    }

    /// Further bodies, of some 640 bytes.
    #[must_use]
    pub fn bodies(&mut self, count: usize) -> Vec<String> {
        let from = self.next;
        self.next += count as u64;
        (from..self.next).map(body).collect()
    }

    /// Further requests, as they are on the wire.
    #[must_use]
    pub fn take(&mut self, count: usize) -> Requests {
        let bodies = self.bodies(count);
        Requests::new(bodies.iter().map(|body| self.request(body)).collect())
    }

    fn request(&self, body: &str) -> Vec<u8> {
        let signature = self.key.sign(body.as_bytes());
        format!(
            "POST /chat-hooks/{SCOPE} HTTP/1.1\r\nhost: app.example\r\ncontent-type: application/json\r\n\
             x-signature: {}\r\ncontent-length: {}\r\n\r\n{body}\n",
            signature.as_str(),
            body.len() + 1
        )
        .into_bytes()
    }
}

fn body(number: u64) -> String {
    format!(
        r#"{{"account_id":"{ACCOUNT}","time":1796000000,"message":{{"receiver":{{"id":"2ed64e26-70a1-4857-8382-bb066a076219","phone":"79161234567","client_id":"my_int-1376265f-86df-4c49-a0c3-a4816df41af8"}},"sender":{{"id":"76fc2bea-902f-425c-9a3d-dcdac4766090"}},"conversation":{{"id":"8e4d4baa-9e6c-4a88-838a-{number:012}","client_id":"my_int-d5a421f7f218"}},"timestamp":1796000000,"msec_timestamp":1796000000980,"message":{{"id":"0371a0ff-b78a-4c7b-8538-{number:012}","type":"text","text":"Hello","markup":null,"tag":"","media":"","thumbnail":"","file_name":"","file_size":0}}}}}}"#
    )
}
