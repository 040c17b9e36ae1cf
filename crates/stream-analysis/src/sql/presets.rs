//! Queries that are known by name: the two analyses of the tutorial, and what one asks next.

/// A query with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// What it answers, in a clause.
    pub about: &'static str,
    sql: &'static str,
}

/// All of them, over the tutorial's columns.
pub const PRESETS: [Preset; 4] = [
    Preset {
        name: "captain-scores",
        about: "CAPTAIN_SCORES: average and total rating per minute and captain",
        sql: "SELECT date_bin(INTERVAL '1 minute', to_timestamp(\"timestamp\")) AS minute, \
              favoritecaptain, avg(rating) AS average_rating, \
              sum(CAST(rating AS BIGINT)) AS total_rating \
              FROM ratings GROUP BY minute, favoritecaptain \
              ORDER BY minute, average_rating DESC, favoritecaptain",
    },
    Preset {
        name: "ordered-anomalies",
        about: "ORDERED_ANOMALIES: a random cut forest's score of each rating, by second and score",
        sql: "SELECT date_trunc('second', to_timestamp(\"timestamp\")) AS second, \
              favoritecaptain, rating, anomaly_score FROM raw_anomalies \
              WHERE anomaly_score IS NOT NULL ORDER BY second, anomaly_score DESC",
    },
    Preset {
        name: "top-anomalies",
        about: "the ten ratings that the forest finds oddest",
        sql: "SELECT \"user\", favoritecaptain, rating, anomaly_score FROM raw_anomalies \
              WHERE anomaly_score IS NOT NULL ORDER BY anomaly_score DESC, \"timestamp\" LIMIT 10",
    },
    Preset {
        name: "captains",
        about: "count, mean, least and greatest rating of each captain",
        sql: "SELECT favoritecaptain, count(*) AS ratings, avg(rating) AS average_rating, \
              min(rating) AS least, max(rating) AS greatest \
              FROM ratings GROUP BY favoritecaptain ORDER BY average_rating DESC, favoritecaptain",
    },
];

impl Preset {
    /// The preset of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The query, over a table of this name.
    #[must_use]
    pub fn sql(&self, table: &str) -> String {
        let quoted = format!("FROM \"{}\"", table.replace('"', "\"\""));
        self.sql.replace("FROM ratings", &quoted)
    }
}
