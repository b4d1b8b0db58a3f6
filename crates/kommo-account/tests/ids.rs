//! Identifiers: UUIDs, scope ids, account numbers.

use core::error::Error;
use core::num::NonZeroU64;

use kommo_account::{
    AccountId, AmojoId, ChannelId, ClientId, ParseAccountIdError, ParseScopeIdError,
    ParseUuidError, ScopeId, UserId,
};
use proptest::prelude::*;

const CHANNEL: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41";
const ACCOUNT: &str = "af9945ff-1490-4cad-807d-945c15d88bec";

// Rules N1, N4.
#[test]
fn uuids_of_any_version_and_variant_are_read() {
    for text in [
        "a4490ccc-5d7f-11e7-907b-a6006ad3dba0", // a published channel id, version 1
        "344a5002-f8ca-454d-af3d-396180102ac7",
        "01d01160-d7a0-4087-b4af-6a1bb83fcd1d",
        "11111111-2222-3333-4444-555555555555",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ] {
        assert_eq!(ChannelId::parse(text).expect(text).as_str(), text);
        assert_eq!(AmojoId::parse(text).expect(text).to_string(), text);
        assert_eq!(text.parse::<ClientId>().expect(text).as_ref(), text);
    }
}

// Rules N1, N4.
#[test]
fn other_texts_are_no_uuid_and_the_place_is_named() {
    use ParseUuidError as Error;
    for (text, error) in [
        ("", Error::Length { found: 0 }),
        (
            "f90ba33dc9d944dab76cc349b0ecbe41",
            Error::Length { found: 32 },
        ),
        (
            "{f90ba33d-c9d9-44da-b76c-c349b0ecbe41}",
            Error::Length { found: 38 },
        ),
        (
            "f90ba33d-c9d9-44da-b76c-c349b0ecbe41\n",
            Error::Length { found: 37 },
        ),
        (
            "f90ba33d_c9d9-44da-b76c-c349b0ecbe41",
            Error::NotHyphen { offset: 8 },
        ),
        (
            "f90ba33d-c9d9-44da-b76cc-349b0ecbe41",
            Error::NotHyphen { offset: 23 },
        ),
        (
            "f90ba33-dc9d9-44da-b76c-c349b0ecbe41",
            Error::NotHex { offset: 7 },
        ),
        (
            "f90ba33d-c9d9-44da-b76c-c349b0ecbe4g",
            Error::NotHex { offset: 35 },
        ),
        (
            "f90ba33d-c9d9-44da-b76c-c349b0ecbe4 ",
            Error::NotHex { offset: 35 },
        ),
        (
            "f90ba33d-c9d9-44da-b76c-c349b0ecbeé",
            Error::NotHex { offset: 34 },
        ),
        (
            "f90ba33d-c9d9-44da-b76c-c349b0ecbe4/",
            Error::NotHex { offset: 35 },
        ),
    ] {
        assert_eq!(ChannelId::parse(text), Err(error), "{text}");
        assert_eq!(AmojoId::parse(text), Err(error), "{text}");
        assert_eq!(ClientId::parse(text), Err(error), "{text}");
    }
}

// Rules N1, X1. As text a client id enters the MAC of a disconnect hook, where upper case does not
// verify.
#[test]
fn upper_case_is_refused_and_its_place_is_named() {
    let refused = Err(ParseUuidError::UpperCase { offset: 2 });
    assert_eq!(
        ClientId::parse("01D01160-D7A0-4087-B4AF-6A1BB83FCD1D"),
        refused
    );
}

// Rule N2.
#[test]
fn a_scope_id_is_the_channel_an_underscore_and_the_account() {
    let channel = ChannelId::parse(CHANNEL).expect("a channel id");
    let account = AmojoId::parse(ACCOUNT).expect("an amojo id");
    let scope = ScopeId::new(channel, account);
    assert_eq!(scope.as_str(), format!("{CHANNEL}_{ACCOUNT}"));
    assert_eq!(scope.as_str().len(), 73);
    assert_eq!(ScopeId::parse(scope.as_str()), Ok(scope));
    assert_eq!(
        (scope.channel_id(), scope.account_amojo_id()),
        (channel, account)
    );
    assert_eq!(
        format!("{scope:?}"),
        format!("ScopeId({:?})", scope.as_str())
    );
}

// Rule N2.
#[test]
fn other_texts_are_no_scope_id_and_the_place_is_named() {
    use ParseScopeIdError as Error;
    for (text, error) in [
        (String::new(), Error::Length { found: 0 }),
        (CHANNEL.into(), Error::Length { found: 36 }),
        (format!("{CHANNEL}_{ACCOUNT}/"), Error::Length { found: 74 }),
        (format!("{CHANNEL}-{ACCOUNT}"), Error::Separator),
        (format!("{}é{}", &CHANNEL[..35], ACCOUNT), Error::Separator),
        (
            format!("X{}_{ACCOUNT}", &CHANNEL[1..]),
            Error::ChannelId(ParseUuidError::NotHex { offset: 0 }),
        ),
        (
            format!("{CHANNEL}_A{}", &ACCOUNT[1..]),
            Error::AccountAmojoId(ParseUuidError::UpperCase { offset: 37 }),
        ),
        (
            format!("{CHANNEL}_{}z", &ACCOUNT[..35]),
            Error::AccountAmojoId(ParseUuidError::NotHex { offset: 72 }),
        ),
        (
            format!("{CHANNEL}_{}0{}", &ACCOUNT[..8], &ACCOUNT[9..]),
            Error::AccountAmojoId(ParseUuidError::NotHyphen { offset: 45 }),
        ),
    ] {
        assert_eq!(text.parse::<ScopeId>(), Err(error), "{text}");
    }
    let cause = ParseUuidError::NotHex { offset: 3 };
    assert_eq!(
        Error::ChannelId(cause)
            .source()
            .expect("a cause")
            .to_string(),
        cause.to_string()
    );
}

// Rules N3, X2.
#[test]
fn an_account_id_is_a_positive_number_and_is_written_in_decimal() {
    for (text, number) in [
        ("32720107", 32_720_107),
        ("032720107", 32_720_107),
        ("1", 1),
        ("00000000000000000001", 1),
        ("18446744073709551615", u64::MAX),
    ] {
        let id = AccountId::parse(text).expect(text);
        assert_eq!(id.get(), number);
        assert_eq!(id.to_string(), number.to_string());
        assert_eq!(AccountId::try_from(number), Ok(id));
        assert_eq!(
            AccountId::from(NonZeroU64::new(number).expect("not zero")),
            id
        );
    }
}

// Rules N3, X2.
#[test]
fn zero_signs_other_characters_and_more_than_20_digits_are_no_account_id() {
    use ParseAccountIdError as Error;
    for (text, error) in [
        ("", Error::Empty),
        ("0", Error::Zero),
        ("00000000000000000000", Error::Zero),
        ("-1", Error::NotDigit { offset: 0 }),
        ("+1", Error::NotDigit { offset: 0 }),
        ("1 ", Error::NotDigit { offset: 1 }),
        ("12a", Error::NotDigit { offset: 2 }),
        ("1.0", Error::NotDigit { offset: 1 }),
        ("١", Error::NotDigit { offset: 0 }),
        ("18446744073709551616", Error::Overflow),
        ("99999999999999999999", Error::Overflow),
        ("000000000000000000001", Error::TooLong { found: 21 }),
    ] {
        assert_eq!(text.parse::<AccountId>(), Err(error), "{text}");
    }
    assert_eq!(AccountId::from_number(0), Err(Error::Zero));
}

#[test]
fn ids_are_no_secrets_and_show_in_debug() {
    let channel = ChannelId::parse(CHANNEL).expect("a channel id");
    assert_eq!(format!("{channel:?}"), format!("ChannelId({CHANNEL:?})"));
    let channels = std::collections::HashMap::from([(channel, 1)]);
    assert_eq!(channels.get(CHANNEL), Some(&1));
}

/// Naive: five groups of lower-case hex digits, of 8, 4, 4, 4 and 12.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups
            .concat()
            .chars()
            .all(|c| "0123456789abcdef".contains(c))
}

proptest! {
    #[test]
    fn what_looks_like_a_uuid_is_read_as_it_is(text in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}") {
        prop_assert_eq!(AmojoId::parse(&text).expect("a uuid").to_string(), text);
    }

    #[test]
    fn the_parser_and_the_naive_judge_agree_near_the_border(text in "[0-9a-fA-Fg]{7,9}(-[0-9a-f]{4}){2,3}[-_][0-9a-f]{4}-?[0-9a-f]{11,12}") {
        prop_assert_eq!(ClientId::parse(&text).is_ok(), is_uuid(&text));
    }

    #[test]
    fn any_text_gives_a_verdict(text in any::<String>()) {
        prop_assert_eq!(ClientId::parse(&text).is_ok(), is_uuid(&text));
        prop_assert!(ScopeId::parse(&text).is_err());
    }

    #[test]
    fn a_scope_id_survives_its_text(channel in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", account in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}") {
        let scope = ScopeId::parse(&format!("{channel}_{account}")).expect("a scope id");
        prop_assert_eq!(scope, ScopeId::new(scope.channel_id(), scope.account_amojo_id()));
        prop_assert_eq!(scope.account_amojo_id().to_string(), account);
    }

    #[test]
    fn an_account_id_survives_its_text(number in 1_u64.., zeros in 0_usize..20) {
        let id = AccountId::from_number(number).expect("not zero");
        prop_assert_eq!(AccountId::parse(&id.to_string()), Ok(id));
        let padded = format!("{}{number}", "0".repeat(zeros));
        prop_assert_eq!(AccountId::parse(&padded).is_ok(), padded.len() <= 20);
    }

    #[test]
    fn digits_are_read_as_a_naive_judge_reads_them(text in "[0-9]{1,22}") {
        let naive = text.parse::<u128>().ok().filter(|n| text.len() <= 20 && *n > 0 && *n <= u128::from(u64::MAX));
        prop_assert_eq!(AccountId::parse(&text).ok().map(|id| u128::from(id.get())), naive);
    }
}

#[test]
fn a_user_id_follows_the_rules_of_an_account_id_and_names_itself() {
    assert_eq!(UserId::parse("0087654321").unwrap().to_string(), "87654321");
    assert_eq!(UserId::from_number(1).unwrap().get(), 1);
    let shown = |text: &str| UserId::parse(text).unwrap_err().to_string();
    assert_eq!(shown(""), "user id is empty");
    assert_eq!(shown("0"), "user id is zero");
    assert_eq!(shown("1a"), "byte 1 of the user id is not a decimal digit");
    assert_eq!(
        shown("18446744073709551616"),
        "user id is above 18446744073709551615"
    );
    assert_eq!(
        shown("111111111111111111111"),
        "user id is 21 bytes long, at most 20 are allowed"
    );
}
