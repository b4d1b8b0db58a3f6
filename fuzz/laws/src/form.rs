//! Forms with brackets in their names. Rules U2 and U3.

use kommo_hooks::unsigned::{Form, FormLimits};

use crate::naive_form::{Node, are};

/// The decoder finds the names and values of the naive reader, or the same limit at the same byte.
///
/// After the byte of choices everything is the form. Choices 0 to 3: few bytes, pairs, names,
/// brackets.
///
/// # Panics
///
/// If a law is broken.
pub fn form(data: &[u8]) {
    let (choices, body) = data.split_first().map_or((0, data), |(c, rest)| (*c, rest));
    let limits = limits(choices);
    let read = Form::parse(body, &limits);
    let naive = Node::read(body, &limits);
    match (&read, &naive) {
        (Ok(form), Ok(node)) => {
            assert!(are(&node.sorted(), form.iter()), "{form:?}, not {node:?}");
            for (name, _) in node.sorted() {
                assert!(form.get(name).is_some());
            }
        }
        (Err(error), Err(expected)) => assert_eq!(error, expected),
        _ => panic!("{:?}, not {:?}", read.err(), naive.err()),
    }
}

fn limits(choices: u8) -> FormLimits {
    let mut limits = FormLimits::DEFAULT;
    let slots = [
        (&mut limits.bytes, 48),
        (&mut limits.pairs, 3),
        (&mut limits.names, 6),
        (&mut limits.depth, 2),
    ];
    for (number, (slot, few)) in slots.into_iter().enumerate() {
        if choices >> number & 1 == 1 {
            *slot = few;
        }
    }
    limits
}

#[cfg(feature = "seeds")]
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let choices: [u8; 6] = [0, 1, 2, 4, 8, 15];
    let inputs = choices.into_iter().flat_map(|choices| {
        bodies()
            .into_iter()
            .map(move |body| [&[choices], body.as_bytes()].concat())
    });
    crate::oauth_seeds::numbered(inputs)
}

/// Forms as the platform sends them, and as it never does.
#[cfg(feature = "seeds")]
pub(crate) fn bodies() -> [&'static str; 16] {
    [
        "account[id]=12345678&account[subdomain]=myshop&leads[status][0][id]=777&leads[status][0][status_id]=142",
        "account%5Bid%5D=1&contacts%5Badd%5D%5B0%5D%5Bid%5D=5&contacts%5Badd%5D%5B0%5D%5Btype%5D=company&contacts[add][1][id]=6",
        "account[id]=1&leads[note][0][note][text]=a+b&leads[note][0][note][id]=3&leads[note][0][type]=lead",
        "account[id]=1&message[add][0][id]=m&message[add][0][chat_id]=c&message[add][0][author][name]=%D0%9E&message[add][0][text]=hello",
        "account[id]=1&add[0][chat_id]=c&add[0][type]=outgoing&update[0][type]=waba",
        "account[id]=1&unsorted[add][0][uid]=u&talk[update][0][talk_id]=4&catalogs[delete][0][0]=9",
        "account[id]=1&leads[delete][0]=777&leads[delete][00]=778&leads[delete][]=779&leads[delete][]=780",
        "account[id]=0&leads[add][0][id]=1",
        "account=1&account[id]=2&account=3",
        "token=e30.e30.x&return_url=https%3A%2F%2Fshop.kommo.com%2Fapi%2Fv4%2Fsalesbot%2F1%2Fcontinue%2F2&data[phone]=%7B%7Bcontact.phone%7D%7D",
        "a[2]=x&a[]=y&a[]=z&a[][]=1&a[b][c][d]=2&a[b]c[d]=3",
        "[a]=1&a[=2&a]=3&=4&=&&&a[b][c=5&%zz=%4&%ff=%FF&+=+",
        "a[b][c][d][e][f][g][h][i][j][k]=1&a[b][c][d][e][f][g][h][i][j][k][l]=2",
        "a[4000000000]=1&a[18446744073709551615]=2&a[-1]=3&a[1e3]=4",
        "a%00b=1&a%26b=2&a%3Db=3&%5B=4&a=b=c",
        "",
    ]
}
