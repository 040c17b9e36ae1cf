//! The fields of Parquet's footer and page headers, by number and kind.
//!
//! [Their definition](https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
//! A field that is missing here counts as unknown; encryption's are, for the decoder is built without it.

use super::wire;

/// A field's number and its kind.
pub(super) type Field = (i16, Kind);

/// What a field is.
#[derive(Debug)]
pub(super) enum Kind {
    Truth,
    Byte,
    /// Of 16, 32 or 64 bits: they are written alike.
    Integer,
    Double,
    /// Bytes or text.
    Binary,
    List(&'static Kind),
    Structure(&'static [Field]),
}

impl Kind {
    /// True for what may stand before such a field or element.
    pub(super) fn is_written_as(&self, before: u8) -> bool {
        match self {
            Self::Truth => matches!(before, wire::TRUE | wire::FALSE),
            Self::Byte => before == wire::BYTE,
            Self::Integer => matches!(before, wire::I16 | wire::I32 | wire::I64),
            Self::Double => before == wire::DOUBLE,
            Self::Binary => before == wire::BINARY,
            Self::List(_) => before == wire::LIST,
            Self::Structure(_) => before == wire::STRUCT,
        }
    }
}

use Kind::{Binary, Byte, Double, Integer, List, Structure, Truth};

const EMPTY: Kind = Structure(&[]);

/// The footer as a whole.
pub(super) const FOOTER: &[Field] = &[
    (1, Integer),
    (2, List(&Structure(SCHEMA_ELEMENT))),
    (3, Integer),
    (4, List(&Structure(ROW_GROUP))),
    (5, List(&Structure(KEY_VALUE))),
    (6, Binary),
    (7, List(&Structure(COLUMN_ORDER))),
];

const SCHEMA_ELEMENT: &[Field] = &[
    (1, Integer),
    (2, Integer),
    (3, Integer),
    (4, Binary),
    (5, Integer),
    (6, Integer),
    (7, Integer),
    (8, Integer),
    (9, Integer),
    (10, Structure(LOGICAL_TYPE)),
];

const LOGICAL_TYPE: &[Field] = &[
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Structure(&[(1, Integer), (2, Integer)])),
    (6, EMPTY),
    (7, Structure(TIME)),
    (8, Structure(TIME)),
    (10, Structure(&[(1, Byte), (2, Truth)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
    (16, Structure(&[(1, Byte)])),
    (17, Structure(&[(1, Binary)])),
    (18, Structure(&[(1, Binary), (2, Integer)])),
];

const TIME: &[Field] = &[(1, Truth), (2, Structure(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]))];

const KEY_VALUE: &[Field] = &[(1, Binary), (2, Binary)];

const COLUMN_ORDER: &[Field] = &[(1, EMPTY)];

const ROW_GROUP: &[Field] = &[
    (1, List(&Structure(COLUMN_CHUNK))),
    (2, Integer),
    (3, Integer),
    (4, List(&Structure(&[(1, Integer), (2, Truth), (3, Truth)]))),
    (5, Integer),
    (6, Integer),
    (7, Integer),
];

const COLUMN_CHUNK: &[Field] = &[
    (1, Binary),
    (2, Integer),
    (3, Structure(COLUMN)),
    (4, Integer),
    (5, Integer),
    (6, Integer),
    (7, Integer),
];

const COLUMN: &[Field] = &[
    (1, Integer),
    (2, List(&Integer)),
    (3, List(&Binary)),
    (4, Integer),
    (5, Integer),
    (6, Integer),
    (7, Integer),
    (8, List(&Structure(KEY_VALUE))),
    (9, Integer),
    (10, Integer),
    (11, Integer),
    (12, Structure(STATISTICS)),
    (13, List(&Structure(&[(1, Integer), (2, Integer), (3, Integer)]))),
    (14, Integer),
    (15, Integer),
    (16, Structure(&[(1, Integer), (2, List(&Integer)), (3, List(&Integer))])),
    (17, Structure(GEOSPATIAL)),
];

const STATISTICS: &[Field] = &[
    (1, Binary),
    (2, Binary),
    (3, Integer),
    (4, Integer),
    (5, Binary),
    (6, Binary),
    (7, Truth),
    (8, Truth),
];

const GEOSPATIAL: &[Field] = &[(1, Structure(BOX)), (2, List(&Integer))];

const BOX: &[Field] = &[
    (1, Double),
    (2, Double),
    (3, Double),
    (4, Double),
    (5, Double),
    (6, Double),
    (7, Double),
    (8, Double),
];

/// The number of the field of [`PAGE_HEADER`] that says how many bytes follow the header.
pub(super) const PAGE_SIZE: i16 = 3;

/// The header of any page.
pub(super) const PAGE_HEADER: &[Field] = &[
    (1, Integer),
    (2, Integer),
    (PAGE_SIZE, Integer),
    (4, Integer),
    (
        5,
        Structure(&[
            (1, Integer),
            (2, Integer),
            (3, Integer),
            (4, Integer),
            (5, Structure(STATISTICS)),
        ]),
    ),
    (6, EMPTY),
    (7, Structure(&[(1, Integer), (2, Integer), (3, Truth)])),
    (8, Structure(PAGE_2)),
];

const PAGE_2: &[Field] = &[
    (1, Integer),
    (2, Integer),
    (3, Integer),
    (4, Integer),
    (5, Integer),
    (6, Integer),
    (7, Truth),
    (8, Structure(STATISTICS)),
];
