//! Blocks come back as they went in, and damaged ones are refused, never believed.

use proptest::prelude::*;

use super::*;
use crate::model::{TextColumn, Timestamp};

fn batch_of(rows: &[(i64, String, u64, u16)]) -> EventBatch {
    let mut batch = EventBatch::default();
    for (time, text, count, status) in rows {
        batch.time.push(*time);
        batch.kind.push(EventKind::ALL[usize::from(*status) % 5]);
        batch.status.push(*status);
        batch.asn.push(u32::from(*status) << 8);
        batch.flaws.push(u32::from(*status) << 9);
        batch.spot.push(u32::from(*status) << 10);
        batch.late.push(count % 3 == 0);
        for column in Column::ALL {
            match column.of_mut(&mut batch) {
                ViewMut::Text(column) => column.push(text),
                ViewMut::Counts(column) => column.push(*count),
                ViewMut::Times(_)
                | ViewMut::Kinds(_)
                | ViewMut::Statuses(_)
                | ViewMut::Asns(_)
                | ViewMut::Flags(_) => (),
            }
        }
    }
    batch
}

fn encoded(batch: &EventBatch) -> (Header, Vec<u8>) {
    let mut encoder = Encoder::new().unwrap();
    let (header, block) = encoder.encode(batch).unwrap();
    (header, block.to_vec())
}

fn round_trip(batch: &EventBatch, wanted: Columns) -> EventBatch {
    let (header, block) = encoded(batch);
    Decoder::new().unwrap().decode(&header, &block, wanted).unwrap()
}

fn rows(count: u16) -> Vec<(i64, String, u64, u16)> {
    let row = |n: u16| (i64::from(n) * 37 % 1000, format!("/v1/{}", n % 9), u64::from(n) * 77, n);
    (0..count).map(row).collect()
}

#[test]
fn of_one_key_comes_what_the_whole_block_has_of_it() {
    let (header, block) = encoded(&batch_of(&rows(300)));
    let wanted = [Column::Time, Column::Status, Column::Route, Column::Late];
    let wanted = wanted.into_iter().fold(Columns::NONE, Columns::with);
    let mut decoder = Decoder::new().unwrap();
    let whole = decoder.decode(&header, &block, wanted.with(Column::Key)).unwrap();
    for (key, rows) in [("/v1/3", 33), ("/v1/8", 33), ("nobody", 0)] {
        let keep: Vec<bool> = (0..whole.len()).map(|row| whole.key.get(row) == key).collect();
        let directory = Directory::whole(&header, &block).unwrap();
        let found = decoder.rows_of((&directory, &block), key).unwrap();
        let of_key = found.map_or_else(EventBatch::default, |found| {
            decoder.decode_rows((&directory, &block), &found, wanted).unwrap()
        });
        assert_eq!((of_key.len(), &of_key), (rows, &kept(&whole, &keep)), "{key}");
    }
}

#[test]
fn what_is_wanted_is_read_without_the_rest_of_the_block() {
    let mut batch = batch_of(&rows(300));
    batch.key = TextColumn::default();
    (0..300).for_each(|n| batch.key.push(&format!("k_{}", n * 7 % 11)));
    let (header, block) = encoded(&batch);
    for wanted in [&[Column::Time, Column::Key][..], &[Column::Status, Column::Time], &[]] {
        let wanted = wanted.iter().copied().fold(Columns::NONE, Columns::with);
        let mut there = vec![0xff; block.len()];
        let mut directory = Directory::of(&header).unwrap();
        let mut read = 0;
        while let Some(head) = directory.next_head(wanted) {
            there[head.clone()].copy_from_slice(&block[head]);
            directory.find(&there).unwrap();
        }
        for range in directory.ranges(wanted) {
            read += range.len();
            there[range.clone()].copy_from_slice(&block[range]);
        }
        let mut decoder = Decoder::new().unwrap();
        let some = decoder.decode_some(&directory, &there, wanted).unwrap();
        assert_eq!(some, round_trip(&batch, wanted));
        assert!(read < block.len() / 2, "{read} of {} bytes", block.len());
    }
}

#[test]
fn a_block_comes_back_as_it_was() {
    for count in [0, 1, 2, 300, 8192] {
        let batch = batch_of(&rows(count));
        assert_eq!(round_trip(&batch, Columns::ALL), batch, "{count} rows");
    }
}

#[test]
fn what_is_led_comes_back_whether_or_not_its_leader_is_wanted() {
    let mut batch = batch_of(&rows(300));
    batch.key = TextColumn::default();
    batch.route = TextColumn::default();
    for n in 0..300 {
        batch.key.push(&format!("k_{}", n * 7 % 11));
        batch.route.push(&format!("/r/{}", n * n % 13));
    }
    for column in [Column::Status, Column::SourceIp, Column::Route, Column::Bytes] {
        let again = round_trip(&batch, Columns::NONE.with(column));
        let same = match (column.of(&again), column.of(&batch)) {
            (View::Text(read), View::Text(written)) => read == written,
            (View::Counts(read), View::Counts(written)) => read == written,
            (View::Statuses(read), View::Statuses(written)) => read == written,
            _ => false,
        };
        assert!(same, "{column:?}");
        assert_eq!(again.key.get(1), "", "{column:?}");
    }
    assert_eq!(round_trip(&batch, Columns::ALL), batch);
}

#[test]
fn numbers_of_the_dictionary_are_kept() {
    let mut batch = batch_of(&rows(50));
    batch.key = TextColumn::default();
    batch.key.dictionary.number_of("never used in a row");
    for n in 0..50 {
        batch.key.push(&format!("k{}", n % 7));
    }
    let again = round_trip(&batch, Columns::ALL);
    assert_eq!(again.key.rows, batch.key.rows);
    let values = |batch: &EventBatch| -> Vec<String> {
        batch.key.dictionary.values().map(str::to_owned).collect()
    };
    assert_eq!(values(&again), values(&batch));
}

#[test]
fn columns_that_nobody_wants_are_absent() {
    let batch = batch_of(&rows(20));
    let again = round_trip(&batch, Columns::NONE.with(Column::Key));
    assert_eq!(again.key, batch.key);
    assert_eq!(again.len(), 20);
    assert_eq!(again.path.get(3), "");
    assert_eq!(again.time, vec![0; 20]);
}

#[test]
fn a_column_of_one_value_costs_next_to_nothing() {
    let row = (5, "always the same".to_owned(), 7, 200);
    let (header, block) = encoded(&batch_of(&vec![row; 8192]));
    assert!(block.len() < 1000, "{} bytes", block.len());
    assert_eq!((header.rows, header.first, header.last), (8192, Timestamp(5), Timestamp(5)));
}

#[test]
fn a_flipped_bit_is_noticed() {
    let (header, mut block) = encoded(&batch_of(&rows(500)));
    let middle = block.len() / 2;
    block[middle] ^= 1;
    let read = Decoder::new().unwrap().decode(&header, &block, Columns::ALL);
    assert!(matches!(read, Err(BlockError::Damaged(_))));
}

#[test]
fn a_filter_says_which_keys_a_block_may_hold() {
    let (header, _) = encoded(&batch_of(&rows(20)));
    assert!(header.may_hold_key("/v1/3"));
    assert!(!header.may_hold_key("/v1/nobody"));
    assert!(header.overlaps(Timestamp(0), Timestamp(1)));
    assert!(!header.overlaps(Timestamp(5000), Timestamp(6000)));
}

proptest! {
    #[test]
    fn any_rows_come_back(
        rows in proptest::collection::vec((any::<i64>(), ".{0,12}", any::<u64>(), any::<u16>()), 0..60)
    ) {
        let batch = batch_of(&rows);
        prop_assert_eq!(round_trip(&batch, Columns::ALL), batch);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (mut header, _) = encoded(&batch_of(&rows(60)));
        header.pretend_for_tests(&bytes);
        drop(Decoder::new().unwrap().decode(&header, &bytes, Columns::ALL));
    }

    #[test]
    fn a_damaged_block_with_a_right_checksum_does_not_panic(
        at in any::<proptest::sample::Index>(),
        value in any::<u8>(),
    ) {
        let (mut header, mut block) = encoded(&batch_of(&rows(60)));
        let at = at.index(block.len());
        block[at] = value;
        header.pretend_for_tests(&block);
        for wanted in [Columns::ALL, Columns::NONE.with(Column::Status)] {
            drop(Decoder::new().unwrap().decode(&header, &block, wanted));
        }
    }
}
