//! The stores of `kommo-store` as the ports of these routes.

use kommo_account::ClientId;
use kommo_oauth::integration::ClientSecret;
use kommo_store::Store;

use crate::application::proof_log::{ProofLog, SecretProof};
use crate::application::secret_sink::{IntegrationSecrets, NotKept, SecretSink};

/// What goes wrong is in the log, by `tracing`.
impl SecretSink for Store {
    fn encrypts(&self) -> bool {
        Self::encrypts(self)
    }

    async fn keep(&self, secrets: IntegrationSecrets) -> Result<(), NotKept> {
        let IntegrationSecrets {
            attempt,
            client_id,
            client_secret,
            received_at,
        } = secrets;
        let put = self.put_integration_secret(&attempt, &client_id, &client_secret, received_at);
        match put.await {
            Ok(true) => Ok(()),
            Ok(false) => {
                tracing::warn!(%client_id, "the attempt brought another secret before");
                Err(NotKept::new())
            }
            Err(error) => {
                tracing::error!(%error, %client_id, "the secret of an integration was not kept");
                Err(NotKept::new())
            }
        }
    }

    async fn client_of(&self, attempt: &str) -> Option<ClientId> {
        let found = self.integration_of_state(attempt).await;
        found.unwrap_or_else(|error| {
            tracing::error!(%error, "the integration of an attempt was not looked up");
            None
        })
    }

    async fn secret_of(&self, client_id: &ClientId) -> Option<ClientSecret> {
        let found = self.integration_secret(client_id).await;
        found.unwrap_or_else(|error| {
            tracing::error!(%error, %client_id, "the secret of an integration was not looked up");
            None
        })
    }
}

/// Into the table that `kommo secret` reads.
impl ProofLog for Store {
    async fn note(&self, proof: SecretProof) {
        let SecretProof {
            purpose,
            key_id,
            at,
        } = proof;
        if let Err(error) = self.note_key_use(purpose, &key_id, at).await {
            tracing::warn!(%error, "not noted which secret proved something");
        }
    }
}
