//! Weeks as the United States count them: they begin on Sunday, and the first day of a year is in
//! its first week. The formulas are those of `java.time.temporal.WeekFields`.

use chrono::{Datelike, NaiveDate};

/// Days of the new year that make its first week.
const LEAST_DAYS: i32 = 1;

/// Number of the weekday: Sunday is 1.
pub(super) fn day(date: NaiveDate) -> i32 {
    signed(date.weekday().number_from_sunday())
}

/// Week of the month.
pub(super) fn of_month(date: NaiveDate) -> i32 {
    let day_of_month = signed(date.day());
    number(offset(day_of_month, day(date)), day_of_month)
}

/// Week of the week-based year, and that year.
pub(super) fn of_year(date: NaiveDate) -> (i32, i32) {
    let day_of_year = signed(date.ordinal());
    let offset = offset(day_of_year, day(date));
    let week = number(offset, day_of_year);
    let length = if date.leap_year() { 366 } else { 365 };
    let first_of_next = number(offset, length + LEAST_DAYS);
    if week >= first_of_next {
        return (week - first_of_next + 1, date.year() + 1);
    }
    (week, date.year())
}

fn offset(day: i32, weekday: i32) -> i32 {
    let start = (day - weekday).rem_euclid(7);
    if start + 1 > LEAST_DAYS { 7 - start } else { -start }
}

fn number(offset: i32, day: i32) -> i32 {
    (7 + offset + (day - 1)) / 7
}

fn signed(value: u32) -> i32 {
    value.cast_signed()
}
