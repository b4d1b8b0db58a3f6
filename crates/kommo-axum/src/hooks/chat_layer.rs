//! The same for routers other than axum's: a layer of tower.

use alloc::boxed::Box;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use axum::response::IntoResponse as _;
use tower_layer::Layer;
use tower_service::Service;

use crate::hooks::chat_hooks::ChatHooks;
use crate::hooks::proven_chat_hook::ProvenChatHook;

/// Lets only proven chat hooks through: a layer of tower, made by [`ChatHooks::layer`].
#[derive(Clone, Debug)]
pub struct ChatHookLayer {
    hooks: ChatHooks,
}

impl ChatHooks {
    /// A layer of tower for any service of HTTP requests: of hyper, of tonic, or of axum. A request
    /// that is not a proven chat hook is answered as [`HookRefused`](crate::HookRefused) says, and
    /// never reaches the service. One that is has a [`ProvenChatHook`] in its extensions, and the
    /// proven bytes as its body, at most [`body_max_bytes`](Self::body_max_bytes). The scope id is
    /// the last segment of the path, or the parameter `{scope_id}` of a route of axum.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::body::Body;
    /// use axum::http::{Request, Response};
    /// use kommo_axum::{ChatHooks, ProvenChatHook};
    /// use tower::{ServiceBuilder, service_fn};
    ///
    /// # use kommo_hooks::ChatHookVerifier;
    /// # use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
    /// # use tower::ServiceExt as _;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = ChatHookKey::new(&ChannelSecret::new("channel-secret")?);
    /// # let (body, scope) = ("{\"time\":1}", "f90ba33d-c9d9-44da-b76c-c349b0ecbe41_52e591f7-c98f-4255-8495-827210138c81");
    /// # let signature = key.sign(body.as_bytes()).as_str().to_owned();
    /// # let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    /// # keys.insert(KeyId::parse("2026-11")?, key, None)?;
    /// # let hooks = ChatHooks::new(ChatHookVerifier::new(keys));
    /// // Any service: here a function.
    /// let service = ServiceBuilder::new()
    ///     .layer(hooks.layer())
    ///     .service(service_fn(async |request: Request<Body>| {
    ///         let hook = request.extensions().get::<ProvenChatHook>();
    ///         let Some(hook) = hook else { unreachable!("the layer puts it there") };
    ///         println!("{} proven bytes", hook.bytes.get().len());
    ///         Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
    ///     }));
    ///
    /// let path = format!("/anywhere/{scope}");
    /// # let forged = Request::post(&path).header("X-Signature", "0".repeat(40)).body(Body::from(body))?;
    /// # assert_eq!(service.clone().oneshot(forged).await?.status(), 401);
    /// let hook = Request::post(path).header("X-Signature", signature).body(Body::from(body))?;
    /// assert_eq!(service.oneshot(hook).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn layer(&self) -> ChatHookLayer {
        ChatHookLayer {
            hooks: self.clone(),
        }
    }
}

impl<S> Layer<S> for ChatHookLayer {
    type Service = ChatHookService<S>;

    fn layer(&self, inner: S) -> ChatHookService<S> {
        ChatHookService {
            hooks: self.hooks.clone(),
            inner,
        }
    }
}

/// The service that [`ChatHookLayer`] makes of another.
#[derive(Clone, Debug)]
pub struct ChatHookService<S> {
    hooks: ChatHooks,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for ChatHookService<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: HttpBody<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that is ready is the one that is called.
        let mut inner = self.inner.clone();
        mem::swap(&mut inner, &mut self.inner);
        let hooks = self.hooks.clone();
        let request = request.map(Body::new);
        Box::pin(async move {
            match ProvenChatHook::of(&hooks, request).await {
                Ok((hook, parts)) => {
                    let body = Body::from(hook.bytes.get().clone());
                    let mut passed = Request::from_parts(parts, body);
                    passed.extensions_mut().insert(hook);
                    let response = inner.call(passed).await?;
                    Ok(response.map(Body::new))
                }
                Err(refused) => Ok(refused.into_response()),
            }
        })
    }
}
