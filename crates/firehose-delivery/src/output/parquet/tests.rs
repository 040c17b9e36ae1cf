use parquet::{
    basic::Encoding,
    file::{
        metadata::ParquetMetaData,
        reader::{FileReader, SerializedFileReader},
    },
};

use super::*;

const ROWS: usize = 30_000;

/// One column of unique texts, one of a few, one of a thousand numbers, one of unique doubles.
fn footer(options: ParquetOptions) -> ParquetMetaData {
    let columns = [("u", "string"), ("f", "string"), ("n", "int"), ("d", "double")];
    let table = GlueTable::new("db", "t", columns).unwrap();
    let mut object = ParquetObject::new(&table, options);
    for n in 0..ROWS {
        let (few, number) = (n % 14, (n * 7919) % 1000);
        let json = format!(r#"{{"u":"user {n}","f":"captain {few}","n":{number},"d":{n}.5}}"#);
        object.push(json.as_bytes()).unwrap().unwrap();
    }
    let file = object.finish().unwrap().unwrap();
    SerializedFileReader::new(file).unwrap().metadata().clone()
}

fn with_dictionary(footer: &ParquetMetaData) -> Vec<bool> {
    let columns = footer.row_group(0).columns();
    columns.iter().map(|column| column.encodings().any(|e| e == Encoding::RLE_DICTIONARY)).collect()
}

#[test]
fn section_5_3_dictionaries_are_written_where_values_repeat() {
    let with = |dictionaries| {
        with_dictionary(&footer(ParquetOptions { dictionaries, ..ParquetOptions::default() }))
    };
    assert_eq!(with(Dictionaries::WhereValuesRepeat), [false, true, true, false]);
    assert_eq!(with(Dictionaries::Always), [true; 4]);
    assert_eq!(with(Dictionaries::Never), [false; 4]);
}

#[test]
fn section_5_3_row_groups_end_at_the_block_size() {
    let one = footer(ParquetOptions::default());
    assert_eq!(one.num_row_groups(), 1);
    let block_size_bytes = 128 * 1024;
    let several = footer(ParquetOptions { block_size_bytes, ..ParquetOptions::default() });
    assert!(several.num_row_groups() > 2, "{}", several.num_row_groups());
    for group in several.row_groups() {
        // A batch of rows is not split after it is encoded.
        assert!(group.compressed_size() < 2 * 128 * 1024, "{}", group.compressed_size());
    }
    assert_eq!(several.file_metadata().num_rows(), 30_000);
}

#[test]
fn section_5_3_every_row_group_has_statistics_and_the_codec_that_was_asked_for() {
    let codecs = [
        (ParquetCompression::Snappy, Compression::SNAPPY),
        (ParquetCompression::Gzip, Compression::GZIP(GzipLevel::default())),
        (ParquetCompression::Uncompressed, Compression::UNCOMPRESSED),
    ];
    for (compression, codec) in codecs {
        let footer = footer(ParquetOptions { compression, ..ParquetOptions::default() });
        for column in footer.row_group(0).columns() {
            assert_eq!(
                std::mem::discriminant(&column.compression()),
                std::mem::discriminant(&codec)
            );
            let statistics = column.statistics().unwrap();
            assert!(statistics.min_bytes_opt().is_some() && statistics.max_bytes_opt().is_some());
        }
    }
}

#[test]
fn section_5_3_smaller_pages_make_more_of_them() {
    let sizes = [16 * 1024, 1024 * 1024].map(|page_size_bytes| {
        let options = ParquetOptions {
            page_size_bytes,
            compression: ParquetCompression::Uncompressed,
            ..ParquetOptions::default()
        };
        // Each page has a header; nothing else differs.
        footer(options).row_group(0).column(0).compressed_size()
    });
    assert!(sizes[0] > sizes[1], "{sizes:?}");
}
