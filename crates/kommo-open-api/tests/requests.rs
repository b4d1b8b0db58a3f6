//! Every request as the vectors have it, and every field that is refused.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_open_api::request::{
    AddAgents, ChatVisibility, CreateTicket, CreatedGroup, CreatedTicket, CustomerChat,
    DeleteChats, DissolveGroup, DissolveGroups, Group, Member, MemberKind, OpenApiRequest,
    RawFields, RawFieldsError, StartChat, StartChats, StartGroups,
};
use kommo_open_api::{
    AgentId, AnswerError, AppId, ChatId, FailureKind, FieldError, FieldProblem, Stamp, read_answer,
};
use kommo_sign::{AppSecret, OpenApiKey};
use kommo_test_vectors::open_api_body;
use proptest::prelude::*;

fn stamp() -> Stamp {
    let app_id = AppId::new("1b621280becdb0fa3d3e041ff69e1e1f").unwrap();
    Stamp::new(app_id, 1_767_772_879, "4ad0faec14a58112").unwrap()
}

fn chat(agent: u64, customer: &str) -> CustomerChat {
    CustomerChat::new(AgentId::new(agent), customer).unwrap()
}

/// The body is that of the vector to the byte, and so is its signature.
fn is_that_of(name: &str, body: &[u8]) {
    let case = open_api_body(name);
    assert_eq!(
        String::from_utf8_lossy(body),
        String::from_utf8_lossy(&case.body),
        "{name}"
    );
    let key = OpenApiKey::new(&AppSecret::new(&case.secret).unwrap());
    assert_eq!(key.sign(body).as_str(), case.signature, "{name}");
}

#[test]
fn every_body_is_that_of_its_vector() {
    let first = chat(10_078, "user_1001").with_content("hello").unwrap();
    let second = chat(10_079, "user_1002").with_visibility(ChatVisibility::Shown);
    is_that_of(
        "endpoint-fqlt-dl-batch",
        &StartChats::new(vec![first, second])
            .unwrap()
            .to_body(&stamp()),
    );

    let members = vec![
        Member::new(MemberKind::Agent, 10_078),
        Member::new(MemberKind::Visitor, 20_056),
    ];
    let group = Group::new(members)
        .unwrap()
        .with_name("VIP")
        .unwrap()
        .with_content("welcome")
        .unwrap();
    is_that_of(
        "endpoint-fqlt-ql-batch",
        &StartGroups::new(vec![group]).unwrap().to_body(&stamp()),
    );

    let deleted = DeleteChats::new(vec![(AgentId::new(10_078), "user_1001".to_owned())]).unwrap();
    is_that_of("endpoint-del-zxlt-dl", &deleted.to_body(&stamp()));
    is_that_of(
        "endpoint-js-zxlt-ql",
        &DissolveGroup::new(ChatId::new(1841)).to_body(&stamp()),
    );
    let chats = [1841, 1842, 1843].map(ChatId::new).to_vec();
    is_that_of(
        "endpoint-js-zxlt-ql-batch",
        &DissolveGroups::new(chats).unwrap().to_body(&stamp()),
    );

    let agents = [10_411, 10_427].map(AgentId::new).to_vec();
    let ticket = CreateTicket::new(
        "customer_001",
        "Customer Name",
        "127.0.0.1",
        "Initial message",
        AgentId::new(10_411),
    )
    .unwrap()
    .with_agents(agents)
    .unwrap()
    .with_title("Order Consultation")
    .unwrap();
    is_that_of("endpoint-create-gd", &ticket.to_body(&stamp()));
    let added = AddAgents::new(
        ChatId::new(900_220),
        [10_427, 10_428].map(AgentId::new).to_vec(),
    )
    .unwrap();
    is_that_of("endpoint-add-kf-text", &added.to_body(&stamp()));
}

#[test]
fn one_chat_writes_its_agent_and_visibility_as_texts() {
    let request = StartChat::new(
        chat(10_078, "1001")
            .with_customer_name("张三")
            .unwrap()
            .with_content("a/\"b\"\n")
            .unwrap()
            .with_visibility(ChatVisibility::Hidden),
    )
    .with_customer_ip("");
    let body = String::from_utf8(request.to_body(&stamp())).unwrap();
    assert!(body.ends_with(r#""sbs":"1001","kefu_id":"10078","ip":"","sbs_mc":"张三","content":"a/\"b\"\n","kefu_show_chat":"0"}"#), "{body}");
    assert_eq!(StartChat::PATH, "/openapi/zxlt/fqlt_dl");
}

#[test]
fn a_wrong_field_is_refused_with_its_name_and_its_limit() {
    let long = |length: usize| "ж".repeat(length);
    let too_long = |field, limit| {
        Some(Refused(
            field,
            FieldProblem::TooLong {
                found: limit + 1,
                limit,
            },
        ))
    };
    let empty = |field| Some(Refused(field, FieldProblem::Empty));
    let agent = AgentId::new(1);
    let of = |result: Result<(), FieldError>| {
        result
            .err()
            .map(|error| Refused(error.field, error.problem))
    };

    assert_eq!(of(CustomerChat::new(agent, "").map(drop)), empty("sbs"));
    assert_eq!(
        of(CustomerChat::new(agent, long(65)).map(drop)),
        too_long("sbs", 64)
    );
    assert!(
        CustomerChat::new(agent, long(64)).is_ok(),
        "characters are counted, not bytes"
    );
    assert_eq!(
        of(chat(1, "a").with_customer_name(long(31)).map(drop)),
        too_long("sbs_mc", 30)
    );
    assert_eq!(
        of(chat(1, "a").with_customer_name("").map(drop)),
        empty("sbs_mc")
    );
    assert_eq!(
        of(chat(1, "a").with_content(long(2001)).map(drop)),
        too_long("content", 2000)
    );
    assert_eq!(of(StartChats::new(vec![]).map(drop)), empty("u_info"));
    assert_eq!(
        of(DeleteChats::new(vec![(agent, String::new())]).map(drop)),
        empty("sbs")
    );
    assert_eq!(of(Group::new(vec![]).map(drop)), empty("item"));
    assert_eq!(
        of(Group::new(vec![Member::new(MemberKind::Other(String::new()), 1)]).map(drop)),
        empty("u_lx")
    );
    let group = Group::new(vec![Member::new(MemberKind::Agent, 1)]).unwrap();
    assert_eq!(
        of(group.clone().with_name(long(31)).map(drop)),
        too_long("qlmc", 30)
    );
    assert_eq!(of(group.with_content("").map(drop)), empty("content"));
    assert_eq!(of(StartGroups::new(vec![]).map(drop)), empty("u_info"));
    assert_eq!(of(DissolveGroups::new(vec![]).map(drop)), empty("chat_ids"));
    assert_eq!(
        of(AddAgents::new(ChatId::new(1), vec![]).map(drop)),
        empty("kefu_ids")
    );
    let ticket =
        |name: &str, ip: &str, content: &str| CreateTicket::new("c", name, ip, content, agent);
    assert_eq!(of(ticket("", "1", "x").map(drop)), empty("sbs_mc"));
    assert_eq!(of(ticket("n", "", "x").map(drop)), empty("ip"));
    assert_eq!(of(ticket("n", "1", "").map(drop)), empty("content"));
    let ticket = ticket("n", "1", "x").unwrap();
    assert_eq!(
        of(ticket.clone().with_title(long(121)).map(drop)),
        too_long("title", 120)
    );
    assert_eq!(
        of(ticket.clone().with_agents(vec![]).map(drop)),
        empty("kefu_id")
    );
    let missing = Some(Refused(
        "fzr_uid",
        FieldProblem::NotOneOf { field: "kefu_id" },
    ));
    assert_eq!(
        of(ticket.with_agents(vec![AgentId::new(2)]).map(drop)),
        missing
    );
    assert_eq!(of(AppId::new("").map(drop)), empty("appid"));
    let short = Stamp::new(AppId::new("a").unwrap(), 1, "short");
    assert_eq!(
        of(short.map(drop)),
        Some(Refused(
            "ranstr",
            FieldProblem::TooShort {
                found: 5,
                limit: 16
            }
        ))
    );
}

#[derive(Debug, PartialEq)]
struct Refused(&'static str, FieldProblem);

#[test]
fn answers_are_read_by_their_code() {
    let groups: Vec<CreatedGroup> = read_answer(br#"{"code":1,"msg":"ok","data":[{"chat_id":"1841","uid":"10078"},{"chat_id":7,"uid":8,"new":1}]}"#).unwrap();
    assert_eq!(
        (
            groups[0].chat_id.get(),
            groups[0].owner_id,
            groups[1].chat_id.get()
        ),
        (1841, 10_078, 7)
    );
    for data in [r#""""#, "null", "[]", "{}"] {
        assert_eq!(
            read_answer::<()>(format!(r#"{{"code":1,"msg":"ok","data":{data}}}"#).as_bytes()),
            Ok(())
        );
    }
    assert_eq!(read_answer::<()>(br#"{"code":1}"#), Ok(()));
    assert_eq!(
        read_answer::<()>(br#"{"code":1,"data":"x"}"#),
        Err(AnswerError::Data)
    );
    assert_eq!(
        read_answer::<CreatedTicket>(br#"{"code":1,"data":""}"#),
        Err(AnswerError::Data)
    );
    for body in [
        &b"<html>"[..],
        b"",
        b"[]",
        br#"{"code":"1"}"#,
        br#"{"msg":"ok"}"#,
    ] {
        assert_eq!(read_answer::<()>(body), Err(AnswerError::NotAnEnvelope));
    }
}

#[test]
fn every_known_text_of_a_refusal_is_classified_and_kept() {
    for (msg, kind) in [
        ("token验证失败!", FailureKind::Signature),
        ("token验证失败！", FailureKind::Signature),
        ("签名校验失败", FailureKind::Signature),
        ("appid不存在", FailureKind::UnknownApplication),
        ("timestamp已过期", FailureKind::Timestamp),
        ("参数错误", FailureKind::Parameter),
        ("参数缺失：u_info", FailureKind::Parameter),
        ("chat_ids 不能为空", FailureKind::Parameter),
        ("会话不存在", FailureKind::UnknownChat),
        ("群聊不存在", FailureKind::UnknownChat),
        ("kefu_id不存在", FailureKind::UnknownAgent),
        ("当前状态不允许操作", FailureKind::State),
        ("something new", FailureKind::Other),
        ("", FailureKind::Other),
    ] {
        let body = format!(r#"{{"code":-1,"msg":"{msg}","data":""}}"#);
        let Err(AnswerError::Refused(failure)) = read_answer::<CreatedTicket>(body.as_bytes())
        else {
            panic!("{msg}");
        };
        assert_eq!(
            (failure.code, failure.msg.as_str(), failure.kind),
            (-1, msg, kind)
        );
    }
}

proptest! {
    #[test]
    fn no_answer_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_answer::<Vec<CreatedGroup>>(&body);
    }

    #[test]
    fn every_text_is_written_as_json(content in ".{1,50}") {
        let request = StartChat::new(chat(1, "a").with_content(content.clone()).unwrap());
        let body: serde_json::Value = serde_json::from_slice(&request.to_body(&stamp())).unwrap();
        prop_assert_eq!(body["content"].as_str(), Some(content.as_str()));
    }
}

// Rule O10.
#[test]
fn what_posts_or_creates_is_not_safe_to_repeat() {
    let silent = || chat(1, "a");
    let talking = || chat(1, "a").with_content("hello").unwrap();
    assert!(StartChat::new(silent()).is_safe_to_repeat());
    assert!(!StartChat::new(talking()).is_safe_to_repeat());
    let chats = |chats| StartChats::new(chats).unwrap().is_safe_to_repeat();
    assert!(chats(vec![silent(), silent()]));
    assert!(!chats(vec![silent(), talking()]));
    let group = Group::new(vec![Member::new(MemberKind::Agent, 1)]).unwrap();
    assert!(!StartGroups::new(vec![group]).unwrap().is_safe_to_repeat());
    let ticket = CreateTicket::new("a", "A", "203.0.113.1", "hello", AgentId::new(1));
    assert!(!ticket.unwrap().is_safe_to_repeat());
    assert!(DissolveGroup::new(ChatId::new(1)).is_safe_to_repeat());
    let agents = AddAgents::new(ChatId::new(1), vec![AgentId::new(1)]);
    assert!(agents.unwrap().is_safe_to_repeat());
}

// Rule O3.
#[test]
fn raw_fields_are_sent_to_the_byte_after_the_stamp() {
    for (text, end) in [
        ("{}", "}"),
        (" {\n} ", "\n} "),
        (
            "{ \"b\" : \"\\u5f20\\/\" }\n",
            ", \"b\" : \"\\u5f20\\/\" }\n",
        ),
    ] {
        let body = RawFields::new(text.as_bytes()).unwrap().to_body(&stamp());
        let start = br#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112""#;
        assert_eq!(body, [start.as_slice(), end.as_bytes()].concat(), "{text}");
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    }
    for text in ["", "[]", "null", "{", "{}{}", "\u{feff}{}"] {
        let refused = RawFields::new(text.as_bytes());
        assert_eq!(refused, Err(RawFieldsError::NotAnObject), "{text:?}");
    }
    for field in ["appid", "timestamp", "ranstr"] {
        let text = format!("{{\"{field}\":null}}");
        let refused = RawFields::new(text.as_bytes());
        assert_eq!(refused, Err(RawFieldsError::Stamped { field }));
    }
}

#[test]
fn a_random_number_is_written_as_the_published_example_is() {
    let app_id = AppId::new("1b621280becdb0fa3d3e041ff69e1e1f").unwrap();
    let random = 0x4ad0_faec_14a5_8112;
    assert_eq!(
        Stamp::of_random(app_id.clone(), 1_767_772_879, random),
        stamp()
    );
    let body = RawFields::new(b"{}").unwrap();
    let body = body.to_body(&Stamp::of_random(app_id, 0, 0));
    assert!(body.ends_with(br#""ranstr":"0000000000000000"}"#));
}
