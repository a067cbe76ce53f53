//! Sets of rows as the source of one statement: `INSERT … SELECT … FROM {rows}`.
//!
//! A statement costs nearly the same whether it writes one row or two hundred, so everything written in bulk goes in as
//! a set. This module is the only place that knows how. PostgreSQL takes one array per column and unnests them. SQLite
//! takes a parameter per value: measured against one JSON parameter and `json_each`, that is half the processor time
//! from some fifty rows on (documents of 1 KiB), since nothing is escaped, printed and parsed again.

use crate::conn::Parts;
use crate::error::DbResult;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Postgres, Sqlite};
use std::fmt::Write as _;
use std::sync::OnceLock;
use uuid::Uuid;

/// A value in a row set.
pub(crate) trait Cell {
    /// PostgreSQL's name of the column's type.
    const POSTGRES: &'static str;
}

impl Cell for Uuid {
    const POSTGRES: &'static str = "uuid";
}

impl Cell for i64 {
    const POSTGRES: &'static str = "bigint";
}

impl Cell for &str {
    const POSTGRES: &'static str = "text";
}

impl<T: Cell> Cell for Option<T> {
    const POSTGRES: &'static str = T::POSTGRES;
}

/// A query of SQLite being bound.
pub(crate) type SqliteQuery<'q> = Query<'q, Sqlite, SqliteArguments>;
/// A query of PostgreSQL being bound.
pub(crate) type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

/// A row of a row set; implemented by [`row_set!`].
pub(crate) trait RowSet: Sized {
    /// Name and PostgreSQL type of each column. The first is never null.
    const COLUMNS: &'static [(&'static str, &'static str)];
    /// Binds every value of the row.
    fn bind_row<'q>(&self, query: SqliteQuery<'q>) -> SqliteQuery<'q>;
    /// Binds every column as an array.
    fn bind_columns<'q>(rows: &[Self], query: PgQuery<'q>) -> PgQuery<'q>;
}

/// Declares a row: `row_set! { struct Name<'a> { id: Uuid, text: &'a str } }`.
macro_rules! row_set {
    (
        $(#[$doc:meta])*
        $vis:vis struct $name:ident $(<$life:lifetime>)? { $($(#[$field_doc:meta])* $field:ident: $type:ty),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        $vis struct $name $(<$life>)? {
            $($(#[$field_doc])* $vis $field: $type,)+
        }

        impl $(<$life>)? $crate::rows::RowSet for $name $(<$life>)? {
            const COLUMNS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($field), <$type as $crate::rows::Cell>::POSTGRES),)+];
            fn bind_row<'q>(&self, query: $crate::rows::SqliteQuery<'q>) -> $crate::rows::SqliteQuery<'q> {
                query$(.bind(self.$field))+
            }
            fn bind_columns<'q>(rows: &[Self], query: $crate::rows::PgQuery<'q>) -> $crate::rows::PgQuery<'q> {
                query$(.bind(rows.iter().map(|row| row.$field).collect::<Vec<$type>>()))+
            }
        }
    };
}
pub(crate) use row_set;

/// SQLite's statements come in sizes of 1, 2, 4 … rows up to 2^8, so that few texts have to be prepared and kept.
const SIZES: usize = 9;
/// The rows of the largest size; a larger set is written in pieces.
const LARGEST: usize = 1 << (SIZES - 1);

/// A statement over a row set, in both databases' words. Larger sets may be written in pieces, so that what it returns
/// is in order within a piece only.
pub(crate) struct Statement {
    template: &'static str,
    columns: &'static [(&'static str, &'static str)],
    sqlite: [OnceLock<String>; SIZES],
    postgres: String,
}

/// PostgreSQL's row set of this name, whose arrays are the parameters from number `first` on.
pub(crate) fn unnest<R: RowSet>(name: &str, first: usize) -> String {
    let mut names = String::new();
    let mut arrays = String::new();
    for (number, (column, postgres)) in R::COLUMNS.iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(names, "{comma}{column}");
        let _ = write!(arrays, "{comma}${}::{postgres}[]", first + number);
    }
    format!("UNNEST({arrays}) AS {name}({names})")
}

impl Statement {
    /// Puts the row set, named `r` there, in the place of `{rows}`.
    pub(crate) fn new<R: RowSet>(template: &'static str) -> Self {
        let postgres = template.replace("{rows}", &unnest::<R>("r", 1));
        Self { template, columns: R::COLUMNS, sqlite: Default::default(), postgres }
    }

    /// Runs it and gives back the number of rows written.
    pub(crate) async fn execute<R: RowSet>(&'static self, conn: Parts<'_>, rows: &[R]) -> DbResult<u64> {
        let mut affected = 0;
        match conn {
            Parts::Sqlite(c) => {
                for piece in rows.chunks(LARGEST) {
                    affected += self.sqlite_query(piece).execute(&mut *c).await?.rows_affected();
                }
            }
            Parts::Postgres(_) if rows.is_empty() => {}
            Parts::Postgres(c) => affected = self.postgres_query(rows).execute(c).await?.rows_affected(),
        }
        Ok(affected)
    }

    /// Runs it and gives back what it returns.
    pub(crate) async fn fetch<R, T>(&'static self, conn: Parts<'_>, rows: &[R]) -> DbResult<Vec<T>>
    where
        R: RowSet,
        T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        let mut returned = Vec::with_capacity(rows.len());
        match conn {
            Parts::Sqlite(c) => {
                for piece in rows.chunks(LARGEST) {
                    let found = self.sqlite_query(piece).fetch_all(&mut *c).await?;
                    returned.append(&mut found.iter().map(T::from_row).collect::<Result<Vec<T>, _>>()?);
                }
            }
            Parts::Postgres(_) if rows.is_empty() => {}
            Parts::Postgres(c) => {
                let found = self.postgres_query(rows).fetch_all(c).await?;
                returned = found.iter().map(T::from_row).collect::<Result<Vec<T>, _>>()?;
            }
        }
        Ok(returned)
    }

    fn postgres_query<R: RowSet>(&'static self, rows: &[R]) -> PgQuery<'static> {
        R::bind_columns(rows, sqlx::query(self.postgres.as_str()))
    }

    fn sqlite_query<R: RowSet>(&'static self, rows: &[R]) -> SqliteQuery<'static> {
        let size = rows.len().next_power_of_two();
        let text = self.sqlite[size.trailing_zeros() as usize % SIZES].get_or_init(|| self.sqlite_text(size));
        let query = rows.iter().fold(sqlx::query(text.as_str()), |query, row| row.bind_row(query));
        // Rows of nulls fill the rest; the statement passes over them.
        (0..(size - rows.len()) * self.columns.len()).fold(query, |query, _| query.bind(None::<i64>))
    }

    fn sqlite_text(&self, size: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns.len()].join(","));
        let rows = vec![row; size].join(",");
        let mut names = String::new();
        for (number, (name, _)) in self.columns.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let _ = write!(names, "{comma}column{} AS {name}", number + 1);
        }
        let source = format!("(SELECT {names} FROM (VALUES {rows}) WHERE column1 IS NOT NULL) AS r");
        self.template.replace("{rows}", &source)
    }
}
