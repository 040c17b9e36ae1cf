use std::sync::Arc;

use arrow::array::{AsArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{Float64Type, Int64Type, SchemaRef};
use futures::StreamExt;
use futures::stream::BoxStream;

use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use parquet::arrow::ArrowWriter;
use s3_parquet_reader::{ParquetSet, ReadOptions};

use super::*;
use crate::{Error, ForestOptions};

/// Batches that are told in a stream, and perhaps a failure at their end.
#[derive(Debug)]
struct Told {
    batches: Vec<RecordBatch>,
    fails: bool,
}

impl RowSource for Told {
    fn schema(&self) -> SchemaRef {
        self.batches[0].schema()
    }

    fn rows(&self, columns: &[String]) -> BoxStream<'static, Result<RecordBatch, RowError>> {
        assert!(!columns.is_empty(), "a source is asked for at least one column");
        let at: Vec<usize> =
            columns.iter().map(|name| self.schema().index_of(name).expect("known")).collect();
        let mut items: Vec<Result<RecordBatch, RowError>> =
            self.batches.iter().map(|batch| Ok(batch.project(&at)?)).collect();
        if self.fails {
            items.push(Err("the network is gone".into()));
        }
        futures::stream::iter(items).boxed()
    }
}

fn ratings(fails: bool) -> Arc<Told> {
    let batch = |from: i32| {
        let rows = from..from + 500;
        let captains = rows.clone().map(|row| if row % 2 == 0 { "Kirk" } else { "Solo" });
        let ratings = rows.clone().map(|row| if row == 900 { 9_000 } else { row % 100 });
        let times = rows.map(f64::from);
        RecordBatch::try_from_iter([
            ("favoritecaptain", Arc::new(StringArray::from_iter_values(captains)) as _),
            ("rating", Arc::new(Int32Array::from_iter_values(ratings)) as _),
            ("timestamp", Arc::new(Float64Array::from_iter_values(times)) as _),
        ])
        .expect("columns of one length")
    };
    Arc::new(Told { batches: vec![batch(0), batch(500)], fails })
}

fn session(fails: bool) -> SqlSession {
    let session = SqlSession::new(&SqlOptions::default().with_database("captains")).expect("room");
    session.set_rows("ratings", ratings(fails)).expect("a new name");
    session
}

async fn number(session: &SqlSession, sql: &str) -> i64 {
    let batches = session.query(sql).await.expect(sql).collect().await.expect(sql);
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn a_table_answers_to_its_name_and_to_that_of_its_database() {
    let session = session(false);
    for (sql, expected) in [
        ("SELECT count(*) FROM ratings", 1_000),
        ("SELECT count(*) FROM captains.ratings", 1_000),
        ("SELECT count(*) FROM ratings WHERE favoritecaptain = 'Kirk'", 500),
        ("SELECT sum(rating) FROM ratings WHERE \"timestamp\" < 100", 4_950),
        ("SELECT count(*) FROM (SELECT * FROM ratings LIMIT 7)", 7),
        (
            "SELECT count(DISTINCT date_bin(INTERVAL '1 minute', to_timestamp(\"timestamp\"))) FROM ratings",
            17,
        ),
    ] {
        assert_eq!(number(&session, sql).await, expected, "{sql}");
    }
    session.set_rows("ratings", ratings(false)).expect("it is replaced");
    let shown =
        session.query("SHOW TABLES").await.expect("allowed").collect().await.expect("known");
    assert!(shown.iter().map(RecordBatch::num_rows).sum::<usize>() > 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_said() {
    let session = session(false);
    for (sql, words) in [
        ("SELEC 1", &["SELEC"][..]),
        ("", &["there is no statement"]),
        ("SELECT 1; SELECT 2", &["there are 2 statements"]),
        ("SELECT raiting FROM ratings", &["No field named raiting", "Did you mean", "rating"]),
        ("SELECT avrage(rating) FROM ratings", &["avrage", "Did you mean"]),
        ("SELECT sum(favoritecaptain) FROM ratings", &["No function matches", "sum(Utf8)"]),
    ] {
        let error = session.query(sql).await.expect_err(sql);
        assert!(matches!(error, SqlError::Query { .. }), "{sql}: {error:?}");
        let text = error.to_string();
        assert!(!text.contains("bug"), "a mistake in a query is nobody's bug: {text}");
        for word in words {
            assert!(text.contains(word), "{sql}: {text}");
        }
    }
    for (sql, table) in [
        ("SELECT * FROM ratinks", "captains.ratinks"),
        ("SELECT * FROM other.ratings", "other.ratings"),
        ("SELECT * FROM '/etc/passwd'", "captains./etc/passwd"),
    ] {
        let error = session.query(sql).await.expect_err(sql).to_string();
        assert_eq!(error, format!("there is no table `{table}`; there are: ratings"));
    }
}

#[tokio::test]
async fn what_would_change_something_is_refused_by_its_name() {
    let session = session(false);
    for (sql, name) in [
        ("DROP TABLE ratings", "DROP TABLE"),
        ("CREATE TABLE x AS SELECT 1", "CREATE TABLE"),
        ("CREATE VIEW x AS SELECT 1", "CREATE VIEW"),
        ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'", "CREATE EXTERNAL TABLE"),
        ("COPY ratings TO '/tmp/x.csv'", "COPY"),
        ("COPY (SELECT 1) TO '/tmp/x.csv'", "COPY"),
        ("INSERT INTO ratings VALUES ('a', 1, 1.0)", "INSERT INTO"),
        ("WITH x AS (SELECT 1) INSERT INTO ratings SELECT 'a', 1, 1.0", "INSERT INTO"),
        ("EXPLAIN COPY ratings TO '/tmp/x.csv'", "COPY"),
        ("EXPLAIN ANALYZE INSERT INTO ratings VALUES ('a', 1, 1.0)", "INSERT INTO"),
        ("DELETE FROM ratings", "DELETE FROM"),
        ("UPDATE ratings SET rating = 1", "UPDATE"),
        ("SET datafusion.execution.batch_size = 1", "SET"),
    ] {
        let error = session.query(sql).await.expect_err(sql);
        assert!(
            matches!(&error, SqlError::Refused { statement } if statement == name),
            "{sql}: {error:?}"
        );
        assert_eq!(
            error.to_string(),
            format!("{name} is refused: queries read and change nothing")
        );
    }
    for sql in ["EXPLAIN SELECT * FROM ratings", "DESCRIBE ratings", "SHOW COLUMNS FROM ratings"] {
        session.query(sql).await.expect(sql).collect().await.expect(sql);
    }
}

#[tokio::test]
async fn rows_that_fail_keep_their_own_error() {
    let answer = session(true).query("SELECT sum(rating) FROM ratings").await.expect("sound");
    let error = answer.collect().await.expect_err("the rows fail");
    let cause = error.row_error().expect("it is the rows'").to_string();
    assert_eq!(cause, "the network is gone");
}

#[tokio::test]
async fn scores_stand_beside_the_rows_and_are_the_same_each_time() {
    let session = session(false);
    let scored = || ScoredRows::new(ratings(false), ["rating"], ForestOptions::default());
    session.set_rows("raw_anomalies", Arc::new(scored().expect("numbers"))).expect("a new name");
    let sql = "SELECT anomaly_score, \"timestamp\" FROM raw_anomalies \
               WHERE anomaly_score IS NOT NULL ORDER BY anomaly_score DESC LIMIT 1";
    let strongest = async || {
        let batches = session.query(sql).await.expect("sound").collect().await.expect("sound");
        let value = |at: usize| batches[0].column(at).as_primitive::<Float64Type>().value(0);
        (value(0), value(1))
    };
    let first = strongest().await;
    assert_eq!(first.1, 900.0);
    assert_eq!(first, strongest().await);
    let warm =
        number(&session, "SELECT count(*) FROM raw_anomalies WHERE anomaly_score IS NULL").await;
    assert_eq!(warm, 256);
    assert_eq!(number(&session, "SELECT count(*) FROM raw_anomalies").await, 1_000);
    let text = ScoredRows::new(ratings(false), ["favoritecaptain"], ForestOptions::default());
    assert!(matches!(text, Err(Error::NotNumeric { .. })));
}

#[tokio::test]
async fn windows_that_closed_are_a_table() {
    use crate::{TumblingWindows, Window, WindowOptions};
    let batch = ratings(false).batches[0].clone();
    let options = WindowOptions::default().with_event_time("timestamp");
    let made =
        TumblingWindows::new(batch.schema_ref(), Some("favoritecaptain"), "rating", &options);
    let mut windows = made.expect("sound");
    windows.push(&batch, 0.0, None).expect("fits");
    let table = Window::to_record_batch(&windows.finish()).expect("sound");
    let session = session(false);
    session.set_batches("windows", table.schema(), vec![table]).expect("a new name");
    let sql = "SELECT CAST(sum(\"rows\") AS BIGINT) FROM windows WHERE \"group\" = 'Kirk'";
    assert_eq!(number(&session, sql).await, 250);
}

/// Objects in memory: each of 1,000 ratings, one of which in a hundred is odd.
async fn objects(count: i32) -> ParquetSet {
    let store = Arc::new(InMemory::new());
    for object in 0..count {
        let rows = object * 1_000..(object + 1) * 1_000;
        let odd = |row: i32| row % 100 == 99;
        let users = rows.clone().map(|row| format!("user {row}"));
        let captains = rows.clone().map(|row| if odd(row) { "Armstrong" } else { "Kirk" });
        let ratings = rows.clone().map(|row| if odd(row) { 8_000 } else { row % 97 });
        let batch = RecordBatch::try_from_iter([
            ("user", Arc::new(StringArray::from_iter_values(users)) as _),
            ("favoritecaptain", Arc::new(StringArray::from_iter_values(captains)) as _),
            ("rating", Arc::new(Int32Array::from_iter_values(ratings)) as _),
            ("timestamp", Arc::new(Float64Array::from_iter_values(rows.map(f64::from))) as _),
        ])
        .expect("columns of one length");
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("sound");
        writer.write(&batch).expect("it fits");
        let bytes = writer.into_inner().expect("it ends");
        let key = format!("ratings2022/01/08/06/{object:04}.parquet");
        store.put(&key.as_str().into(), bytes.into()).await.expect("room");
    }
    ParquetSet::new(store, "ratings", &ReadOptions::default())
}

#[tokio::test]
async fn objects_are_a_table_by_both_its_names() {
    let database = SqlDatabase::open(objects(3).await, &DatabaseOptions::default()).await;
    let database = database.expect("sound");
    assert_eq!((database.found().read, database.schema().fields().len()), (3, 4));
    for (sql, rows) in [
        ("SELECT count(*) FROM ratings", 3_000),
        ("SELECT count(rating) FROM captains.ratings WHERE rating > 7000", 30),
        ("SELECT count(*) FROM raw_anomalies", 3_000),
    ] {
        let batches = database.query(sql).await.expect(sql).collect().await.expect(sql);
        assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), rows, "{sql}");
        let report = database.report();
        assert_eq!((report.listed, report.read), (3, 3), "{sql}");
    }
    database.query("SELECT 1").await.expect("sound").collect().await.expect("sound");
    assert_eq!(database.report().listed, 0, "no object was needed");

    let session = SqlOptions::default().with_database("db").with_partitions(1);
    let options = DatabaseOptions::default().with_table("Votes").with_session(session);
    let other = SqlDatabase::open(objects(1).await, &options).await.expect("sound");
    for sql in ["SELECT * FROM \"Votes\"", "SELECT * FROM db.\"Votes\""] {
        assert_eq!(total(&other, sql).await, 1_000, "{sql}");
    }
}

async fn total(database: &SqlDatabase, sql: &str) -> usize {
    let batches = database.query(sql).await.expect(sql).collect().await.expect(sql);
    batches.iter().map(RecordBatch::num_rows).sum()
}

#[tokio::test]
async fn the_tutorials_two_analyses_are_known_by_name() {
    let database = SqlDatabase::open(objects(3).await, &DatabaseOptions::default()).await;
    let database = database.expect("sound");
    for (name, rows) in [
        // 50 minutes; the odd captain has a row in three of five.
        ("captain-scores", 50 + 30),
        ("ordered-anomalies", 3_000 - 256),
        ("top-anomalies", 10),
        ("captains", 2),
    ] {
        let sql = Preset::find(name).expect("a preset").sql("ratings");
        assert_eq!(total(&database, &sql).await, rows, "{name}");
    }
    assert_eq!(PRESETS.len(), 4);
    let scores = Preset::find("captain-scores").expect("a preset").sql("ratings");
    let batches = database.query(&scores).await.expect("sound").collect().await.expect("sound");
    // Sums need 64 bits: 32 are full at 2.7 million ratings of a captain.
    assert_eq!(batches[0].column(3).data_type(), &arrow::datatypes::DataType::Int64);
    // The odd ones are found by the forest.
    let top = Preset::find("top-anomalies").expect("a preset").sql("ratings");
    let top = format!("SELECT count(*) FROM ({top}) WHERE favoritecaptain = 'Armstrong'");
    let batches = database.query(&top).await.expect("sound").collect().await.expect("sound");
    assert!(batches[0].column(0).as_primitive::<Int64Type>().value(0) >= 8);
}

#[tokio::test]
async fn objects_that_are_damaged_break_the_query_off_by_their_own_error() {
    let set = objects(2).await;
    let bad = "ratings2022/01/08/06/0001.parquet";
    let store = set.store();
    let sound = store.get(&bad.into()).await.expect("there").bytes().await.expect("there");
    let mut damaged = sound.to_vec();
    damaged[4..200].fill(0xff);
    store.put(&bad.into(), damaged.into()).await.expect("room");
    let database = SqlDatabase::open(set, &DatabaseOptions::default()).await.expect("sound");
    let answer = database.query("SELECT count(\"user\") FROM ratings").await.expect("sound");
    let error = answer.collect().await.expect_err("it is damaged");
    let cause = error.row_error().expect("the reader's").downcast_ref();
    assert!(
        matches!(cause, Some(s3_parquet_reader::Error::Corrupt { key, .. }) if key == bad),
        "{error:?}"
    );
}
