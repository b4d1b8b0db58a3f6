//! Laws over random input: what was signed is what is sent (invariant I1).

use std::sync::LazyLock;

use kommo_http::{ChatsClient, RawRequest, RequestQuery};
use kommo_sign::{ContentMd5, RequestMethod, RequestPath};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::raw_server::{RawServer, Received, Reply};
use crate::scene::raw_client;

/// One server and one client for all cases.
struct World {
    runtime: Runtime,
    server: RawServer,
    client: ChatsClient,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(RawServer::start([Reply::answer("200 OK", &[], b"")]));
    let (client, _) = runtime.block_on(async { raw_client(server.address) });
    World {
        runtime,
        server,
        client,
    }
});

/// Sends, and finds it again by a header of the wire that is unique to it: the body's first bytes
/// are a number.
fn sent(request: &RawRequest<'_>, body: &[u8]) -> Received {
    let world = &*WORLD;
    world
        .runtime
        .block_on(world.client.call(&request.with_body(body)))
        .unwrap();
    let received = world.server.received();
    received
        .into_iter()
        .rev()
        .find(|received| received.body == body)
        .unwrap()
}

/// Texts near the edge of what a path admits; most of them are admitted.
fn path_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[A-Za-z0-9._~!$&()*+,;=:@/-]{1,12}",
        2 => "%[2-9A-F][0-9A-F]",
        1 => "\\PC",
        1 => "[.]{1,3}/",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn query_text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[A-Za-z0-9._~!$&()*+,;=:@/?-]{0,30}", 1 => "(%[0-9A-Fa-f]{2}){0,4}", 1 => "\\PC{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    // Rules S6, S9, S13.
    #[test]
    fn every_path_that_can_be_signed_stands_on_the_wire_as_it_was_signed(
        path in path_text(),
        body in prop::collection::vec(any::<u8>(), 16..64),
    ) {
        let Ok(path) = RequestPath::parse(&path) else { return Ok(()) };
        let received = sent(&RawRequest::new(RequestMethod::POST, path), &body);
        prop_assert_eq!(received.target(), path.as_str());
        let content_md5 = ContentMd5::of(&body);
        prop_assert_eq!(received.header("Content-MD5"), content_md5.as_str());
    }

    // Rule S6.
    #[test]
    fn every_query_that_is_admitted_stands_on_the_wire_as_it_was_given(
        query in query_text(),
        body in prop::collection::vec(any::<u8>(), 16..64),
    ) {
        let Ok(query) = RequestQuery::parse(&query) else { return Ok(()) };
        let path = RequestPath::parse("/v2/x").unwrap();
        let received = sent(&RawRequest::new(RequestMethod::POST, path).with_query(query), &body);
        let expected = format!("/v2/x?{}", query.as_str());
        prop_assert_eq!(received.target(), expected);
    }
}

// Rule S13. The law above would hold if nothing were admitted.
#[test]
fn most_texts_of_the_law_are_admitted() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let admitted = (0..200)
        .filter(|_| {
            RequestPath::parse(&path_text().new_tree(&mut runner).unwrap().current()).is_ok()
        })
        .count();
    assert!((60..200).contains(&admitted), "{admitted} of 200");
}
