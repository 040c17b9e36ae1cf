//! A continuous query and a batch query over all rows at once, by DataFusion alone.

use arrow::array::TimestampMicrosecondArray;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;

use super::*;

/// What DataFusion makes of the whole stream; `at` is the time as a timestamp.
async fn of_all(rows: &[Row], sql: &str) -> Vec<String> {
    let plain = batch(rows);
    let micros = |row: &Row| crate::continuous::time::from_seconds(row.time);
    let at = rows.iter().map(micros).collect::<TimestampMicrosecondArray>();
    let at: ArrayRef = Arc::new(at.with_timezone("+00:00"));
    let fields =
        plain.schema_ref().fields().iter().map(|f| f.name().clone()).chain(["at".to_owned()]);
    let columns = plain.columns().iter().map(Arc::clone).chain([at]);
    let table = RecordBatch::try_from_iter_with_nullable(
        fields.zip(columns).map(|(name, column)| (name, column, true)),
    )
    .expect("columns of one length");
    let context = SessionContext::new();
    let table = MemTable::try_new(table.schema(), vec![vec![table]]).expect("one schema");
    context.register_table("all_rows", Arc::new(table)).expect("a new name");
    let answer = context.sql(sql).await.expect("sound SQL").collect().await.expect("it runs");
    sorted_lines(&answer)
}

const OF_ALL: &str = "SELECT date_bin(INTERVAL '60 seconds', at) AS window_start, captain, \
    count(*), count(rating), sum(rating), avg(rating), min(rating), max(rating), \
    sum(weight), avg(weight), min(weight), max(weight) FROM all_rows GROUP BY 1, 2";

const OF_STATES: &str = "SELECT window_start, captain, rows, rating_count, rating_sum, rating_mean, \
    rating_min, rating_max, weight_sum, weight_mean, weight_min, weight_max FROM windows";

const OF_ROWS: &str = "SELECT window_start, captain, count(*), count(rating), sum(rating), avg(rating), \
    min(rating), max(rating), sum(weight), avg(weight), min(weight), max(weight) \
    FROM stream GROUP BY window_start, captain";

#[test]
fn any_batches_in_any_order_within_the_lateness_give_what_a_batch_query_gives() {
    each_seed(25, |seed| async move {
        let mut random = Random::new(seed);
        let lateness = random.below(120);
        let count = usize::try_from(random.below(600)).unwrap_or(0);
        let rows = rows(&mut random, count, 900.0, lateness as f64);
        let largest = 1 + random.below(80);
        let batches = cut(&mut random, &rows, largest);
        let expected = of_all(&rows, OF_ALL).await;
        for sql in [OF_STATES, OF_ROWS] {
            let options = options(tumbling(60), lateness).with_sql(sql);
            let (windows, query) = run(&options, &batches).await;
            assert_eq!(sorted_lines(windows.iter().map(|w| &w.answer)), expected, "{sql}");
            assert_eq!((query.counts().late, query.counts().rows), (0, count as u64));
            assert!(windows.is_sorted_by_key(|window| window.end_micros));
        }
    });
}

/// What no partial state can tell: `stream` has the rows themselves.
#[test]
fn sql_that_needs_the_rows_has_them() {
    each_seed(5, |seed| async move {
        let mut random = Random::new(seed);
        let rows = rows(&mut random, 400, 600.0, 30.0);
        let batches = cut(&mut random, &rows, 50);
        let what = "captain, median(rating), count(DISTINCT rating), string_agg(captain, ',' ORDER BY time)";
        let sql = format!("SELECT window_start, {what} FROM stream GROUP BY window_start, captain");
        let (windows, _) = run(&options(tumbling(60), 30).with_sql(sql), &batches).await;
        let sql = format!(
            "SELECT date_bin(INTERVAL '60 seconds', at), {what} FROM all_rows GROUP BY 1, captain"
        );
        let expected = of_all(&rows, &sql).await;
        assert_eq!(sorted_lines(windows.iter().map(|window| &window.answer)), expected);
    });
}

/// Not only within the lateness: whatever the order, cuts change nothing at all.
#[test]
fn how_a_stream_is_cut_into_batches_changes_nothing() {
    each_seed(8, |seed| async move {
        let mut random = Random::new(seed);
        let rows = rows(&mut random, 300, 600.0, 200.0);
        for kind in [tumbling(60), hopping(60, 25), session(7)] {
            for sql in
                ["SELECT * FROM windows", "SELECT * FROM stream ORDER BY time, rating, weight"]
            {
                let options = options(kind, 20).with_sql(sql);
                let one = cut(&mut random, &rows, 1);
                let (expected, by_one) = run(&options, &one).await;
                let (windows, whole) = run(&options, &[batch(&rows)]).await;
                assert_eq!(windows, expected, "{kind:?} {sql}");
                assert_eq!(whole.counts(), by_one.counts());
                assert!(whole.counts().late > 0, "the test is about late rows, too");
            }
        }
    });
}
