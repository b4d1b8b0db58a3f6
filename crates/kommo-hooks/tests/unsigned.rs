//! Unsigned hooks: the published forms, the quirks that were seen, and bodies made to hurt.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_account::AccountId;
use kommo_hooks::unsigned::{
    CrmAction, CrmEntity, CrmHookError, Form, FormError, FormLimits, PathToken, UnsignedBotRequest,
    UnsignedCrmEvent, UnsignedCrmHook, UnsignedPipelineWidgetHook,
};
use proptest::prelude::*;

const ACCOUNT: &str =
    "account[subdomain]=myshop&account[id]=12345678&account[_links][self]=https://myshop.kommo.com";

fn read(rest: &str) -> Vec<UnsignedCrmEvent> {
    let body = format!("{ACCOUNT}&{rest}");
    UnsignedCrmHook::parse(body.as_bytes(), &FormLimits::DEFAULT)
        .unwrap()
        .events
}

/// What an event is, in one line.
fn lines(rest: &str) -> Vec<String> {
    let line = |event: &UnsignedCrmEvent| {
        let id = event.id.as_deref().unwrap_or("-");
        format!("{:?} {:?} {id}", event.entity, event.action)
    };
    read(rest).iter().map(line).collect()
}

#[test]
fn the_published_form_is_read() {
    let body = "account%5Bsubdomain%5D=myshop&account%5Bid%5D=12345678&account%5B_links%5D%5Bself%5D=https%3A%2F%2Fmyshop.kommo.com&leads%5Bstatus%5D%5B0%5D%5Bid%5D=777&leads%5Bstatus%5D%5B0%5D%5Bstatus_id%5D=142&leads%5Bstatus%5D%5B0%5D%5Bold_status_id%5D=67548607&leads%5Bstatus%5D%5B0%5D%5Bpipeline_id%5D=8572511";
    let hook = UnsignedCrmHook::parse(body.as_bytes(), &FormLimits::DEFAULT).unwrap();
    assert!(hook.is_for(AccountId::from_number(12_345_678).unwrap()));
    assert!(!hook.is_for(AccountId::from_number(12_345_679).unwrap()));
    assert_eq!(hook.subdomain.as_deref(), Some("myshop"));
    let [event] = hook.events.as_slice() else {
        panic!("one event");
    };
    assert_eq!(
        (&event.entity, &event.action),
        (&CrmEntity::Lead, &CrmAction::Status)
    );
    assert_eq!(event.id.as_deref(), Some("777"));
    assert_eq!(event.fields.number_of("status_id"), Some(142));
    assert_eq!(event.fields.number_of("old_status_id"), Some(67_548_607));
    assert_eq!(event.fields.number_of("pipeline_id"), Some(8_572_511));
}

/// Rule U4.
#[test]
fn every_quirk_that_was_seen_is_read() {
    assert_eq!(
        lines("contacts[update][0][id]=5&contacts[update][0][type]=company"),
        ["Company Update 5"]
    );
    assert_eq!(
        lines("contacts[add][0][id]=5&contacts[add][0][type]=contact"),
        ["Contact Add 5"]
    );
    assert_eq!(lines("companies[add][0][id]=5"), ["Company Add 5"]);
    assert_eq!(lines("leads[delete][0]=9"), ["Lead Delete 9"], "a bare id");
    assert_eq!(
        lines("task[update][0][0][id]=3"),
        ["Task Update 3"],
        "two lists"
    );
    assert_eq!(lines("tasks[add][0][id]=3"), ["Task Add 3"]);
    assert_eq!(
        lines("talk[update][0][talk_id]=172&talk[update][0][is_read]=1"),
        ["Talk Update 172"]
    );
    assert_eq!(
        lines("unsorted[delete][0][uid]=00b6&unsorted[delete][0][action]=accept"),
        ["IncomingLead Delete 00b6"]
    );
    assert_eq!(
        lines("leads[note][0][note][id]=7&leads[note][0][note][text]=Hi"),
        ["Lead Note 7"]
    );
    assert_eq!(
        lines("contacts[note][0][note][id]=7&contacts[note][0][type]=company"),
        ["Company Note 7"]
    );
    assert_eq!(
        lines("add[0][chat_id]=c&add[0][id]=m"),
        ["Message Add m"],
        "a bare add with a chat"
    );
    assert_eq!(
        lines("add[0][type]=waba&add[0][id]=8"),
        ["TemplateReview Add 8"]
    );
    assert_eq!(
        lines("planets[explode][0][id]=1"),
        ["Other(\"planets\") Other(\"explode\") 1"]
    );
    assert_eq!(lines("customers[add][0][id]=1"), ["Customer Add 1"]);
    // Several at once, in the order of their numbers.
    let many = "leads[add][10][id]=10&leads[add][2][id]=2&leads[update][0][id]=1";
    assert_eq!(lines(many), ["Lead Add 2", "Lead Add 10", "Lead Update 1"]);
    // No account first, no links: a hook of the Digital Pipeline.
    let body = "leads[add][0][id]=1&leads[add][0][status_id]=2&account[id]=5&account[subdomain]=s";
    assert_eq!(
        UnsignedCrmHook::parse(body.as_bytes(), &FormLimits::DEFAULT)
            .unwrap()
            .events
            .len(),
        1
    );
}

#[test]
fn the_three_shapes_of_custom_fields_are_kept() {
    let events = read(
        "leads[add][0][id]=1&leads[add][0][custom_fields][0][id]=4&leads[add][0][custom_fields][0][values][0][value]=A%26B+c&leads[add][0][custom_fields][1][values][0]=1700000000&leads[add][0][custom_fields][2][values][value]=one",
    );
    let fields = events[0].fields.get("custom_fields").unwrap().list();
    let values = |number: usize| fields[number].get("values").unwrap().list();
    assert_eq!(values(0)[0].text_of("value"), Some("A&B c"));
    assert_eq!(values(1)[0].text(), Some("1700000000"));
    assert_eq!(values(2)[0].text_of("value"), Some("one"));
}

#[test]
fn messages_of_both_directions_are_read() {
    let incoming = read(
        "message[add][0][id]=m1&message[add][0][chat_id]=c1&message[add][0][talk_id]=172&message[add][0][contact_id]=4685001&message[add][0][text]=Hello&message[add][0][created_at]=1782389132&message[add][0][message_type]=text&message[add][0][element_type]=2&message[add][0][element_id]=5029001&message[add][0][type]=incoming&message[add][0][author][id]=a1&message[add][0][author][type]=external&message[add][0][author][name]=Ann Client&message[add][0][author][avatar_url]=&message[add][0][origin]=telegram",
    );
    let message = incoming[0].message().unwrap();
    assert_eq!(
        (message.id.as_str(), message.chat_id.as_str()),
        ("m1", "c1")
    );
    assert_eq!(
        (message.talk_id, message.contact_id, message.entity_id),
        (Some(172), Some(4_685_001), Some(5_029_001))
    );
    assert_eq!(message.text, "Hello");
    assert!(!message.is_outgoing);
    let author = message.author.unwrap();
    assert_eq!(author.name.as_deref(), Some("Ann Client"));
    assert_eq!(author.avatar_url, None);

    let outgoing = read(
        "outgoing_message[add][0][id]=m2&outgoing_message[add][0][chat_id]=c1&outgoing_message[add][0][text]=&outgoing_message[add][0][message_type]=picture&outgoing_message[add][0][type]=outgoing&outgoing_message[add][0][author][type]=internal&outgoing_message[add][0][author][user_id]=4242&outgoing_message[add][0][recipient][type]=external&outgoing_message[add][0][attachment][type]=picture&outgoing_message[add][0][attachment][link]=https://amojo.kommo.com/attachments/x/y/pic.gif&outgoing_message[add][0][attachment][file_name]=pic.gif",
    );
    assert_eq!(outgoing[0].entity, CrmEntity::OutgoingMessage);
    let message = outgoing[0].message().unwrap();
    assert!(message.is_outgoing);
    assert_eq!(message.author.unwrap().user_id, Some(4242));
    assert_eq!(message.recipient.unwrap().kind.as_deref(), Some("external"));
    assert_eq!(
        message.attachment.unwrap().link,
        "https://amojo.kommo.com/attachments/x/y/pic.gif"
    );
    assert!(read("leads[add][0][id]=1")[0].message().is_none());
}

/// Rule U1.
#[test]
fn a_form_without_an_account_is_refused() {
    for body in [
        "",
        "a",
        "account=5",
        "account[id]=0",
        "account[id]=x",
        "leads[add][0][id]=1",
    ] {
        let error = UnsignedCrmHook::parse(body.as_bytes(), &FormLimits::DEFAULT).unwrap_err();
        assert_eq!(error, CrmHookError::Account, "{body}");
    }
}

/// Rule U2.
#[test]
fn names_are_read_as_php_reads_them() {
    let form = |body: &str| Form::parse(body.as_bytes(), &FormLimits::DEFAULT).unwrap();
    let text = |body: &str, name: &str| {
        form(body)
            .get(name)
            .and_then(|it| it.text().map(str::to_owned))
    };
    assert_eq!(text("a=1&a=2", "a").as_deref(), Some("2"));
    assert_eq!(text("a[b=1", "a[b").as_deref(), Some("1"));
    assert_eq!(text("[b]=1", "[b]").as_deref(), Some("1"));
    assert_eq!(text("a=%zz%4", "a").as_deref(), Some("%zz%4"));
    assert_eq!(text("a=1=2", "a").as_deref(), Some("1=2"));
    assert_eq!(text("%61=%ff", "a").as_deref(), Some("\u{fffd}"));
    let listed = form("a[]=x&a[]=y&a[b]c=z");
    let list = listed.get("a").unwrap();
    assert_eq!(
        (list.text_of("0"), list.text_of("1"), list.text_of("b")),
        (Some("x"), Some("y"), Some("z"))
    );
    // A group takes the place of a text, and a text that of a group.
    assert_eq!(form("a=1&a[b]=2").get("a").unwrap().text_of("b"), Some("2"));
    assert_eq!(text("a[b]=2&a=1", "a").as_deref(), Some("1"));
}

/// Rule U3.
#[test]
fn a_form_made_to_hurt_stays_small_or_is_refused() {
    let limits = FormLimits::DEFAULT;
    let parse = |body: &str| Form::parse(body.as_bytes(), &limits).map(|form| form.iter().count());
    assert_eq!(
        parse("a[18446744073709551615]=1&a[99999999999999999999999]=1"),
        Ok(1)
    );
    assert_eq!(parse(&format!("a{}=1", "[b]".repeat(limits.depth))), Ok(1));
    let deep = format!("x=1&a{}=1", "[b]".repeat(limits.depth + 1));
    assert_eq!(parse(&deep), Err(FormError::TooDeep { offset: 4 }));
    let many = "a=1&".repeat(limits.pairs);
    assert_eq!(
        parse(&many),
        Err(FormError::TooManyPairs { offset: many.len() })
    );
    let spread: Vec<String> = (0..limits.pairs)
        .map(|at| format!("a[{at}][b][c][d]=1"))
        .collect();
    let refused = parse(&spread.join("&"));
    assert!(matches!(refused, Err(FormError::TooManyNames { offset }) if offset > 0));
    // Every `a[]` would look at all numbers that are taken.
    let half = limits.pairs / 2;
    let taken: Vec<String> = (half..2 * half).map(|at| format!("a[{at}]=1")).collect();
    let searched = taken.join("&") + &"&a[]=1".repeat(half);
    let refused = parse(&searched);
    assert!(matches!(refused, Err(FormError::TooManyNames { offset }) if offset > 0));
    let long = "a".repeat(limits.bytes + 1);
    assert_eq!(
        parse(&long),
        Err(FormError::TooLong {
            bytes: limits.bytes + 1
        })
    );
}

/// Rule U5.
#[test]
fn the_request_of_a_bot_is_read_as_form_and_as_json() {
    let form = UnsignedBotRequest::parse(b"token=a.b.c&data[message]=Hello+you&data[lead_id]=5029001&data[phone]={{contact.phone}}&return_url=https%3A%2F%2Fmyshop.kommo.com%2Fapi%2Fv4%2Fsalesbot%2F321%2Fcontinue%2F123").unwrap();
    assert_eq!(form.token, "a.b.c");
    assert_eq!(form.get("message"), Some("Hello you"));
    assert_eq!(form.get("phone"), Some("{{contact.phone}}"));
    assert_eq!(
        form.return_url,
        "https://myshop.kommo.com/api/v4/salesbot/321/continue/123"
    );
    let json = br#" {"token":"a.b.c","data":{"message":"Hello you","lead_id":5029001,"x":[1]},"return_url":"https://x"}"#;
    let json = UnsignedBotRequest::parse(json).unwrap();
    assert_eq!(
        (json.get("message"), json.get("lead_id"), json.get("x")),
        (Some("Hello you"), Some("5029001"), None)
    );
    for other in ["", "{}", "{", "token=a", "return_url=b", "account[id]=5"] {
        assert_eq!(UnsignedBotRequest::parse(other.as_bytes()), None, "{other}");
    }
}

/// Rule U1.
#[test]
fn a_path_token_is_long_and_compared_whole() {
    let token = PathToken::new("Zk3vN0pQ7sT9wY2bD5fH8j").unwrap();
    assert!(token.matches("Zk3vN0pQ7sT9wY2bD5fH8j"));
    for other in [
        "",
        "Zk3vN0pQ7sT9wY2bD5fH8",
        "Zk3vN0pQ7sT9wY2bD5fH8jj",
        "zk3vN0pQ7sT9wY2bD5fH8j",
    ] {
        assert!(!token.matches(other), "{other}");
    }
    for weak in ["short", "Zk3vN0pQ7sT9wY2bD5fH8/", ""] {
        assert!(PathToken::new(weak).is_err(), "{weak}");
    }
    assert_eq!(format!("{token:?}"), "PathToken(..)");
}

#[test]
fn debug_shows_nothing_that_a_person_wrote() {
    let events = read(
        "message[add][0][id]=m1&message[add][0][chat_id]=c1&message[add][0][text]=MARKER&message[add][0][author][name]=MARKER",
    );
    let bot = UnsignedBotRequest::parse(b"token=MARKER&return_url=MARKER&data[a]=MARKER").unwrap();
    let shown = format!("{events:?} {:?} {bot:?}", events[0].message());
    assert!(!shown.contains("MARKER"), "{shown}");
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = UnsignedCrmHook::parse(&body, &FormLimits::DEFAULT);
        let _ = UnsignedBotRequest::parse(&body);
    }

    #[test]
    fn made_up_names_never_panic_and_every_pair_is_found(
        pairs in proptest::collection::vec(("[a-c]{1,2}(\\[[0-9a-c]{0,2}\\]){0,4}", "[a-z]{1,3}"), 1..30)
    ) {
        let body: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let form = Form::parse(body.join("&").as_bytes(), &FormLimits::DEFAULT).unwrap();
        // The last pair always counts.
        let (name, value) = pairs.last().unwrap();
        let parts: Vec<&str> = name.split(['[', ']']).filter(|part| !part.is_empty()).collect();
        if !name.contains("[]") {
            let mut node = form.get(parts[0]).unwrap();
            for part in &parts[1..] {
                node = node.get(part).unwrap();
            }
            prop_assert_eq!(node.text(), Some(value.as_str()));
        }
    }
}

#[test]
fn the_inbox_learns_what_a_hook_is_about_if_that_is_one_thing() {
    let hook = |rest: &str| {
        let body = format!("{ACCOUNT}&{rest}");
        UnsignedCrmHook::parse(body.as_bytes(), &FormLimits::DEFAULT).unwrap()
    };
    for (rest, event, about) in [
        ("leads[status][0][id]=777", "status-lead", Some("777")),
        (
            "leads[status][0][id]=777&leads[update][0][id]=777",
            "several",
            Some("777"),
        ),
        ("leads[add][0][id]=1&leads[add][1][id]=2", "add-lead", None),
        (
            "leads[add][0][id]=1&contacts[add][0][id]=2",
            "several",
            None,
        ),
        (
            "message[add][0][id]=m-1&message[add][0][chat_id]=c-1",
            "add-message",
            Some("c-1"),
        ),
        ("gadgets[add][0][id]=1", "unknown", Some("1")),
        ("leads[paint][0][id]=1", "unknown-lead", Some("1")),
        ("", "unknown", None),
    ] {
        let hook = hook(rest);
        let facts = hook.facts();
        assert_eq!((facts.event, facts.conversation), (event, about), "{rest}");
        assert_eq!(facts.account.unwrap().to_string(), "crm:12345678");
        assert_eq!(facts.id, None);
    }
}

/// Rule U6.
#[test]
fn a_pipeline_widget_hook_is_the_same_as_a_form_and_as_json() {
    let form = b"event[type]=15&event[type_code]=lead_appeared_in_status&event[data][id]=777\
        &event[data][tags][0]=a&event[data][tags][1]=&event[is_new]=1&account_id=12345678&subdomain=myshop";
    let json = br#" {"event":{"type":15,"type_code":"lead_appeared_in_status","is_new":true,
        "data":{"id":777,"tags":["a",null]}},"account_id":12345678,"subdomain":"myshop"}"#;
    let read = |body| UnsignedPipelineWidgetHook::parse(body, &FormLimits::DEFAULT).unwrap();
    assert_eq!(read(form), read(json));
    assert_eq!(read(json).entity_id(), Some("777"));
}

#[test]
fn json_beyond_the_limits_or_broken_is_refused() {
    let read =
        |body: &str| UnsignedPipelineWidgetHook::parse(body.as_bytes(), &FormLimits::DEFAULT);
    let form = |error| Err(CrmHookError::Form(error));
    let hook = |inner: &str| format!(r#"{{"account_id":7,"event":{inner}}}"#);
    let nested = |levels: usize| hook(&("[".repeat(levels) + &"]".repeat(levels)));
    assert!(read(&nested(10)).is_ok());
    assert_eq!(read(&nested(11)), form(FormError::TooDeep { offset: 0 }));
    let many = |items: usize| hook(&format!("[0{}]", ",0".repeat(items - 1)));
    assert!(read(&many(19_998)).is_ok());
    assert_eq!(
        read(&many(19_999)),
        form(FormError::TooManyNames { offset: 0 })
    );
    let long = hook(&format!("\"{}\"", "x".repeat(1 << 19)));
    let bytes = long.len();
    assert_eq!(read(&long), form(FormError::TooLong { bytes }));
    for broken in ["{", "{}x", "{\"a\":}", &nested(200)] {
        assert_eq!(read(broken), form(FormError::NotJson), "{broken:.20}");
    }
    for other in [
        "{}",
        r#"{"account_id":7}"#,
        r#"{"account_id":-7,"event":1}"#,
        r#"{"account_id":7.5,"event":1}"#,
    ] {
        assert_eq!(read(other), Err(CrmHookError::Account), "{other}");
    }
}
