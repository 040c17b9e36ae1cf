//! Which statements are queries: what reads is answered, what would change something is named and
//! refused before anything is done.

use std::fmt::Display;

use datafusion::error::DataFusionError;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::{SetExpr, Statement as Sql};

use super::SqlError;

/// Accepts one statement that reads.
pub(super) fn check(sql: &str) -> Result<(), SqlError> {
    let query = |source| SqlError::Query { source: Box::new(source) };
    let statements = DFParser::parse_sql(sql).map_err(query)?;
    match statements.len() {
        1 => statements.iter().try_for_each(allowed),
        0 => Err(query(DataFusionError::Plan("there is no statement".to_owned()))),
        many => {
            let words = format!("there are {many} statements: give one at a time");
            Err(query(DataFusionError::Plan(words)))
        }
    }
}

fn allowed(statement: &Statement) -> Result<(), SqlError> {
    let sql = match statement {
        Statement::Statement(sql) => sql,
        Statement::Explain(explain) => return allowed(&explain.statement),
        Statement::CreateExternalTable(_) => return refused("CREATE EXTERNAL TABLE"),
        Statement::CopyTo(_) => return refused("COPY"),
        Statement::Reset(_) => return refused("RESET"),
    };
    match &**sql {
        Sql::Query(query) => match &*query.body {
            // `WITH … INSERT` looks like a query.
            SetExpr::Insert(sql)
            | SetExpr::Update(sql)
            | SetExpr::Delete(sql)
            | SetExpr::Merge(sql) => refused(&words(sql)),
            _ => Ok(()),
        },
        Sql::Explain { .. }
        | Sql::ExplainTable { .. }
        | Sql::ShowTables { .. }
        | Sql::ShowColumns { .. }
        | Sql::ShowFunctions { .. }
        | Sql::ShowVariable { .. } => Ok(()),
        other => refused(&words(other)),
    }
}

fn refused(statement: &str) -> Result<(), SqlError> {
    Err(SqlError::Refused { statement: statement.to_owned() })
}

/// The words in capitals that the statement begins with, three at most.
fn words(statement: &impl Display) -> String {
    let text = statement.to_string();
    let capitals = |word: &&str| word.chars().all(|c| c.is_ascii_uppercase());
    text.split_whitespace().take_while(capitals).take(3).collect::<Vec<_>>().join(" ")
}
