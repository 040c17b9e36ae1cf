//! What cannot work is refused before the first row, by name.

use super::*;
use crate::continuous::QueryError;

async fn refused(options: QueryOptions) -> String {
    let error = match ContinuousQuery::start(&batch(&[]).schema(), options).await {
        Ok(query) => panic!("taken: {query:?}"),
        Err(error) => error,
    };
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    format!("{error}: {cause}")
}

#[tokio::test]
async fn settings_that_cannot_work() {
    let options = || options(tumbling(60), 0);
    let hop =
        WindowKind::Hopping { length: Duration::from_secs(86_400), hop: Duration::from_millis(7) };
    for (refused_options, words) in [
        (options().with_windows(tumbling(0)), "the length of a window cannot be 0ns"),
        (options().with_windows(hopping(60, 61)), "the hop cannot be 61s"),
        (options().with_windows(hop), "a common divisor"),
        (options().with_windows(session(u64::MAX)), "the gap of a session"),
        (options().with_lateness(Duration::from_nanos(1)), "the lateness cannot be 1ns"),
        (options().with_keys(["kapitan"]), "there is no column `kapitan`"),
        (options().with_values(["captain"]), "column `captain` is of type Utf8, not a number"),
        (options().with_event_time("captain"), "which tells no time"),
        (options().with_keys(["captain", "captain"]), "`captain` twice"),
        (options().with_scores(["captain"], crate::ForestOptions::default()), "not a number"),
        (
            options().with_scores(["rating"], crate::ForestOptions::default().with_trees(0)),
            "the number of trees cannot be 0",
        ),
    ] {
        let error = refused(refused_options).await;
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn sql_that_cannot_run_on_a_window() {
    for (sql, words) in [
        ("SELECT * FROM ratings", "there is no table `ratings`; a window has two"),
        ("SELECT * FROM windows, ratings", "there is no table `ratings`"),
        ("SELECT 1", "it reads neither `windows` nor `stream`"),
        ("SELEC * FROM windows", "the SQL failed before the first window: SQL error"),
        ("SELECT nothing FROM windows", "nothing"),
        ("SELECT * FROM windows; SELECT * FROM windows", "a single SQL statement"),
        ("DROP TABLE windows", "it reads neither"),
        ("INSERT INTO windows SELECT * FROM windows", "DML not supported"),
        ("COPY windows TO 'file.csv'", "DML not supported"),
        ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'", "no table `t`"),
        ("SELECT * FROM stream WHERE captain + 1 > 2 AND unknown(3)", "unknown"),
        ("", ""),
    ] {
        let error = refused(options(tumbling(60), 0).with_sql(sql)).await;
        let lower = error.to_lowercase();
        assert!(lower.contains(&words.to_lowercase()), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_window_on_which_the_sql_fails_is_named_and_the_next_one_goes_on() {
    let sql = "SELECT 10 / (rating_sum - 7) FROM windows";
    let mut query = start(&options(tumbling(60), 0).with_sql(sql)).await;
    let row = |rating, time| Row { captain: None, rating: Some(rating), weight: None, time };
    query.push(&batch(&[row(7, 60.0), row(12, 120.0), row(1, 180.0)]), 0.0).expect("it fits");
    let error = query.next_closed().await.expect_err("a division by zero");
    assert!(error.to_string().contains("from 60000000 to 120000000"), "{error}");
    let next = query.next_closed().await.expect("sound").expect("a window");
    assert_eq!(lines(&next.answer), ["2"]);
}

#[tokio::test]
async fn batches_of_another_schema_change_nothing() {
    let mut query = start(&options(tumbling(60), 0)).await;
    let others = batch(&[]).project(&[1, 0, 2, 3]).expect("four columns");
    let error = query.push(&others, 0.0).expect_err("other columns").to_string();
    assert!(error.contains("column `captain` should be Utf8 but is `rating`"), "{error}");
    let few = batch(&[]).project(&[0]).expect("a column");
    assert!(query.push(&few, 0.0).is_err());
    assert_eq!(query.counts().rows, 0);
}

#[tokio::test]
async fn a_sum_beyond_64_bits_is_refused_and_not_wrong() {
    use arrow::array::UInt64Array;
    let values: ArrayRef = Arc::new(UInt64Array::from(vec![i64::MAX as u64, 1]));
    let times: ArrayRef = Arc::new(Float64Array::from(vec![0.0, 1.0]));
    let batch = RecordBatch::try_from_iter([("value", values), ("time", times)]).expect("two rows");
    let options = QueryOptions::default().with_event_time("time").with_values(["value"]);
    let mut query = ContinuousQuery::start(&batch.schema(), options).await.expect("sound");
    query.push(&batch, 0.0).expect("it fits");
    let error = query.finish().expect_err("2^63");
    assert!(matches!(error, QueryError::Overflow { what: "sum", .. }), "{error}");
}
