//! Statements on a code by the worker that has claimed it.

/// Makes functions of one statement on a claimed code: its id is `$1`, the token of its claim `$2`,
/// and the arguments follow.
macro_rules! claim_statements {
    ($connection:ty; $(
        $(#[$attribute:meta])*
        fn $name:ident($($argument:ident: $of:ty),*) = $statement:expr;
    )*) => {
        $(
            $(#[$attribute])*
            pub(super) async fn $name(
                connection: &mut $connection,
                id: i64,
                token: &[u8],
                $($argument: $of),*
            ) -> Result<()> {
                query($statement)
                    .bind(id)
                    .bind(token)
                    $(.bind($argument))*
                    .execute(connection)
                    .await
                    .map(|_| ())
            }
        )*
    };
}

pub(crate) use claim_statements;
