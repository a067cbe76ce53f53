//! Sets of rows as the source of one statement: `INSERT … SELECT … FROM {rows}`.
//!
//! A statement costs the same whether it writes one row or five hundred, so everything written in bulk goes in as a
//! set. SQLite takes one JSON parameter and `json_each`, PostgreSQL one array per column and `UNNEST`; this module is
//! the only place that knows.

use crate::conn::Parts;
use crate::error::DbResult;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Postgres, Sqlite};
use std::fmt::Write as _;
use uuid::Uuid;

/// A value in a row set.
pub(crate) trait Cell {
    /// PostgreSQL's name of the column's type.
    const POSTGRES: &'static str;
    /// SQLite's expression for the value found at `place`.
    fn sqlite(place: &str) -> String {
        place.to_owned()
    }
    /// Appends the value as JSON.
    fn write(&self, json: &mut String);
}

impl Cell for Uuid {
    const POSTGRES: &'static str = "uuid";
    fn sqlite(place: &str) -> String {
        format!("unhex({place})")
    }
    fn write(&self, json: &mut String) {
        let mut text = Self::encode_buffer();
        json.push('"');
        json.push_str(self.simple().encode_lower(&mut text));
        json.push('"');
    }
}

impl Cell for i64 {
    const POSTGRES: &'static str = "bigint";
    fn write(&self, json: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(json, "{self}");
    }
}

impl Cell for &str {
    const POSTGRES: &'static str = "text";
    fn write(&self, json: &mut String) {
        // Neither can writing a text as JSON.
        json.push_str(&serde_json::to_string(self).unwrap_or_default());
    }
}

impl<T: Cell> Cell for Option<T> {
    const POSTGRES: &'static str = T::POSTGRES;
    fn sqlite(place: &str) -> String {
        T::sqlite(place)
    }
    fn write(&self, json: &mut String) {
        match self {
            Some(value) => value.write(json),
            None => json.push_str("null"),
        }
    }
}

/// A column: its name, PostgreSQL's type, SQLite's expression for it.
pub(crate) type Column = (&'static str, &'static str, fn(&str) -> String);

/// A query of PostgreSQL being bound.
pub(crate) type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

/// A row of a row set; implemented by [`row_set!`].
pub(crate) trait RowSet: Sized {
    /// In the order of the fields.
    const COLUMNS: &'static [Column];
    /// Appends the row as a JSON array.
    fn write(&self, json: &mut String);
    /// Binds every column as an array.
    fn bind<'q>(rows: &'q [Self], query: PgQuery<'q>) -> PgQuery<'q>;
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
            const COLUMNS: &'static [$crate::rows::Column] = &[
                $((
                    stringify!($field),
                    <$type as $crate::rows::Cell>::POSTGRES,
                    <$type as $crate::rows::Cell>::sqlite,
                ),)+
            ];
            fn write(&self, json: &mut String) {
                let mut separator = '[';
                $(
                    json.push(std::mem::replace(&mut separator, ','));
                    $crate::rows::Cell::write(&self.$field, json);
                )+
                json.push(']');
            }
            fn bind<'q>(rows: &'q [Self], query: $crate::rows::PgQuery<'q>) -> $crate::rows::PgQuery<'q> {
                query$(.bind(rows.iter().map(|row| row.$field).collect::<Vec<$type>>()))+
            }
        }
    };
}
pub(crate) use row_set;

/// A statement over a row set, in both databases' words.
pub(crate) struct Statement {
    sqlite: String,
    postgres: String,
}

impl Statement {
    /// Puts the row set, named `r` there, in the place of `{rows}`.
    pub(crate) fn new<R: RowSet>(template: &str) -> Self {
        let mut names = String::new();
        let mut arrays = String::new();
        let mut values = String::new();
        for (number, (name, postgres, sqlite)) in R::COLUMNS.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let _ = write!(names, "{comma}{name}");
            let _ = write!(arrays, "{comma}${}::{postgres}[]", number + 1);
            let _ = write!(values, "{comma}{} AS {name}", sqlite(&format!("v->>{number}")));
        }
        Self {
            // LIMIT keeps SQLite from merging the inner query into the outer one, which would print and parse each
            // row's JSON again for every column.
            sqlite: template.replace(
                "{rows}",
                &format!("(SELECT {values} FROM (SELECT value AS v FROM json_each($1) LIMIT -1)) AS r"),
            ),
            postgres: template.replace("{rows}", &format!("UNNEST({arrays}) AS r({names})")),
        }
    }

    /// Runs it and gives back the number of rows written.
    pub(crate) async fn execute<R: RowSet>(&'static self, conn: Parts<'_>, rows: &[R]) -> DbResult<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        Ok(match conn {
            Parts::Sqlite(c) => self.sqlite_query(rows).execute(c).await?.rows_affected(),
            Parts::Postgres(c) => R::bind(rows, sqlx::query(self.postgres.as_str())).execute(c).await?.rows_affected(),
        })
    }

    /// Runs it and gives back what it returns.
    pub(crate) async fn fetch<R, T>(&'static self, conn: Parts<'_>, rows: &[R]) -> DbResult<Vec<T>>
    where
        R: RowSet,
        T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        Ok(match conn {
            Parts::Sqlite(c) => {
                let found = self.sqlite_query(rows).fetch_all(c).await?;
                found.iter().map(T::from_row).collect::<Result<_, _>>()?
            }
            Parts::Postgres(c) => {
                let found = R::bind(rows, sqlx::query(self.postgres.as_str())).fetch_all(c).await?;
                found.iter().map(T::from_row).collect::<Result<_, _>>()?
            }
        })
    }

    fn sqlite_query<R: RowSet>(&'static self, rows: &[R]) -> Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
        let mut json = String::with_capacity(rows.len() * 256);
        let mut separator = '[';
        for row in rows {
            json.push(std::mem::replace(&mut separator, ','));
            row.write(&mut json);
        }
        json.push(']');
        sqlx::query(self.sqlite.as_str()).bind(json)
    }
}
