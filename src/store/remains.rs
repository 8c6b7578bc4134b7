//! What is left in the file of a damaged database, read without sled: one flipped byte is enough
//! for sled not to open it. Pages are put together from the messages whose checksums hold.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::RangeInclusive;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::StoreError;
use super::leaf::{self, Change};
use super::segment::{self, Kind, Message};

/// Every row that can still be read, and where its value lies in the file.
pub(super) struct Remains {
    file: File,
    rows: BTreeMap<Vec<u8>, Place>,
    /// Stretches of the file that nothing can be made of.
    pub(super) damaged_bytes: u64,
    /// Pages and changes whose checksum holds and that still make no sense.
    pub(super) misfits: u64,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// When it was written, in the file's own time.
    lsn: u64,
    at: u64,
    length: usize,
}

/// The file of a database in its directory.
pub(super) const FILE: &str = "db";

impl Remains {
    /// Reads the whole file once.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        let file = File::open(database.join(FILE))?;
        let (mut messages, damaged_bytes) = messages(&file)?;
        drop_torn_batches(&mut messages);
        let mut remains = Self { file, rows: BTreeMap::new(), damaged_bytes, misfits: 0 };
        messages.sort_unstable_by_key(|message| (message.page, message.lsn));
        for page in messages.chunk_by(|one, next| one.page == next.page) {
            remains.read_page(page)?;
        }
        Ok(remains)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows in a range of keys, in order.
    pub(super) fn range(
        &self,
        keys: RangeInclusive<Vec<u8>>,
    ) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + '_ {
        self.rows.range(keys).map(|(key, place)| {
            let mut value = vec![0; place.length];
            let read = self.file.read_exact_at(&mut value, place.at);
            let failed = |source| StoreError::Unreadable { what: "the file of the store", source };
            read.map(|()| (key.clone(), value)).map_err(failed)
        })
    }

    /// One page, message by message in the order in which they were written.
    fn read_page(&mut self, messages: &[Message]) -> io::Result<()> {
        let mut prefix: Option<Vec<u8>> = None;
        let mut rows: BTreeMap<Vec<u8>, Place> = BTreeMap::new();
        for message in messages {
            let mut body = vec![0; message.length];
            self.file.read_exact_at(&mut body, message.at)?;
            let placed = |(from, length): (usize, usize)| Place {
                lsn: message.lsn,
                at: message.at + from as u64,
                length,
            };
            let changes = match message.kind {
                Kind::Page => leaf::page(&body).map(|page| {
                    rows.clear();
                    prefix = Some(page.prefix);
                    page.rows.into_iter().map(|(key, value)| Change::Set(key, value)).collect()
                }),
                Kind::Change => leaf::change(&body).map(|change| vec![change]),
                Kind::Free => {
                    rows.clear();
                    prefix = None;
                    Some(Vec::new())
                }
                Kind::Batch(_) | Kind::Other => Some(Vec::new()),
            };
            let Some(changes) = changes else {
                self.misfits += 1;
                continue;
            };
            for change in changes {
                match (&prefix, change) {
                    (Some(prefix), Change::Set(key, value)) => {
                        rows.insert([prefix.as_slice(), &key].concat(), placed(value));
                    }
                    (Some(prefix), Change::Remove(key)) => {
                        rows.remove(&[prefix.as_slice(), &key].concat());
                    }
                    (_, Change::Other) => (),
                    // The page that it changes is lost, and with it how its keys begin.
                    (None, Change::Set(..) | Change::Remove(_)) => self.misfits += 1,
                }
            }
        }
        for (key, place) in rows {
            // Of a page that was split, an older version may be all that is left.
            let known = self.rows.entry(key).or_insert(place);
            if known.lsn < place.lsn {
                *known = place;
            }
        }
        Ok(())
    }
}

/// All messages of the file whose checksums hold, and how many bytes between them make no sense.
fn messages(file: &File) -> io::Result<(Vec<Message>, u64)> {
    let length = file.metadata()?.len();
    let mut buffer = vec![0; segment::BYTES];
    let (mut messages, mut damaged) = (Vec::new(), 0);
    for start in (0..length).step_by(segment::BYTES) {
        let size =
            usize::try_from(length - start).map_or(segment::BYTES, |it| it.min(segment::BYTES));
        let Some(piece) = buffer.get_mut(..size) else { continue };
        file.read_exact_at(piece, start)?;
        damaged += segment::read(piece, start, &mut messages);
    }
    Ok((messages, damaged))
}

/// A batch is whole or is not there: of one whose end was not written, nothing counts, nor
/// anything after it.
fn drop_torn_batches(messages: &mut Vec<Message>) {
    let tip = messages.iter().map(|message| message.end).max().unwrap_or(0);
    let torn = messages.iter().filter_map(|message| match message.kind {
        Kind::Batch(last) => (tip < last).then_some(message.lsn),
        Kind::Page | Kind::Change | Kind::Free | Kind::Other => None,
    });
    if let Some(from) = torn.min() {
        messages.retain(|message| message.lsn < from);
    }
}
