//! `timeline`: rows by time, and those whose time does not fit their object's hour.

use arrow::datatypes::Schema;
use chrono::DateTime;
use s3_parquet_reader::{Batch, hour_of};
use stream_analysis::{Chart, Lateness, Mark, Step, Timeline, TimelineTable, readable};

use crate::args::{Shared, TimelineArgs};
use crate::source;
use crate::{Answer, Cell, Section};

/// Steps that are drawn, the empty ones among them.
pub(super) const DRAWN: usize = 400;

struct State {
    timeline: Timeline,
    lateness: Lateness,
}

pub(super) async fn answer(shared: &Shared, args: &TimelineArgs) -> anyhow::Result<Answer> {
    let set = source::open(shared, &args.read, false).await?.columns([args.column.clone()]);
    let start = |schema: &Schema| {
        let timeline = Timeline::new(schema, &args.column, args.step)?;
        Ok(State { timeline, lateness: Lateness::new(schema, &args.column)? })
    };
    let push = |state: &mut State, batch: &Batch| {
        state.timeline.push(batch.record_batch())?;
        if let Some(hour) = hour_of(batch.key()) {
            let start = hour.timestamp() as f64;
            state.lateness.push(batch.record_batch(), start, start + 3_600.0)?;
        }
        Ok(())
    };
    let (state, report) = source::pass(&set, (shared, &args.read), start, push).await?;
    let (table, lateness) = (state.timeline.finish(), state.lateness);

    let mut section = Section::new("steps", ["start", "rows"]);
    section.rows = table
        .steps
        .iter()
        .map(|step| vec![Cell::text(time(step.start)), Cell::Int(step.rows.into())])
        .collect();
    section.drawn = Some(chart(table.clone()));
    let answer = Answer {
        facts: vec![
            ("time", Cell::text(&args.column)),
            ("step_seconds", Cell::Int(table.seconds.into())),
            ("missing", Cell::Int(table.missing.into())),
            ("late", Cell::Int(lateness.before.into())),
            ("ahead", Cell::Int(lateness.after.into())),
        ],
        headline: Some(headline(&table, &lateness)),
        sections: vec![section],
        ..Answer::default()
    };
    Ok(source::with_report(answer, &args.read, &report))
}

/// What the timeline says in words.
pub(super) fn headline(table: &TimelineTable, lateness: &Lateness) -> String {
    let (Some(first), Some(last)) = (table.steps.first(), table.steps.last()) else {
        return "no row has a time".to_owned();
    };
    let rows: u64 = table.steps.iter().map(|step| step.rows).sum();
    let (from, to) = (time(first.start), time(last.start + f64::from(table.seconds)));
    let odd = match (lateness.before, lateness.after) {
        (0, 0) => "; all within their objects' hours".to_owned(),
        (late, ahead) => format!("; {late} late, {ahead} ahead of their objects' hours"),
    };
    let odd = if lateness.judged == 0 { String::new() } else { odd };
    let every = step_words(table.seconds);
    format!("{} rows from {from} to {to}, {every}{odd}", readable(rows as f64))
}

/// A column for each step, or for longer ones where there are too many.
pub(super) fn chart(table: TimelineTable) -> Chart {
    let table = table.coarsened(DRAWN);
    let every = step_words(table.seconds);
    let steps: Vec<Step> = table.filled(DRAWN);
    let day = |step: &Step| time(step.start).split('T').next().map(str::to_owned);
    let one_day = steps.first().map(day) == steps.last().map(day);
    let marks = steps.iter().map(|step| {
        let time = time(step.start);
        let tip = format!("{time}: {} rows", readable(step.rows as f64));
        // Within a day the date says nothing.
        let label = match time.split_once('T') {
            Some((_, clock)) if one_day => clock.trim_end_matches('Z').to_owned(),
            _ => time.trim_end_matches(":00Z").replace('T', " "),
        };
        Mark::new(label, step.rows as f64).with_tip(tip)
    });
    Chart::columns(format!("rows {every}"), "rows").with_marks(marks.collect::<Vec<_>>())
}

fn step_words(seconds: u32) -> String {
    match seconds {
        60 => "per minute".to_owned(),
        3_600 => "per hour".to_owned(),
        86_400 => "per day".to_owned(),
        1 => "per second".to_owned(),
        seconds => {
            let every = std::time::Duration::from_secs(seconds.into());
            format!("per {}", humantime::format_duration(every))
        }
    }
}

/// Seconds since 1970 as RFC 3339; a time that no calendar has as the number.
pub(super) fn time(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a time beyond the calendar is refused")]
    let time = DateTime::from_timestamp(seconds.floor() as i64, 0);
    time.map_or_else(|| seconds.to_string(), source::rfc3339)
}
