//! Runs of rows that wait on disk, scattered by bucket, until the file's last row has come.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

use crate::error::{Error, Result};
use crate::lake::durable;

/// Runs that wait on disk, already scattered by bucket. Each piece is compressed as a whole: Arrow's
/// own compression makes a frame for every buffer, and pieces of few rows have many small ones.
pub(super) struct Aside {
    dir: PathBuf,
    file: durable::Writer,
    schema: SchemaRef,
    pieces: Pieces,
    written: u64,
    /// A piece as it is, and compressed.
    plain: Vec<u8>,
    packed: Vec<u8>,
}

/// Where the pieces of each bucket lie.
type Pieces = Vec<Vec<Piece>>;

#[derive(Clone, Copy)]
struct Piece {
    at: u64,
    packed: usize,
    plain: usize,
}

/// Name of the file with the runs.
const RUNS: &str = "runs.lz4";

impl Aside {
    /// A folder beside the file at `path`.
    pub fn create(path: &Path, schema: &SchemaRef, buckets: usize) -> Result<Self> {
        let dir = path.with_extension("aside");
        durable::create_dir_all(&dir)?;
        let file = durable::Writer::create(&dir.join(RUNS))?;
        let (plain, packed) = (Vec::new(), Vec::new());
        let pieces = vec![Vec::new(); buckets + 1];
        Ok(Self { dir, file, schema: schema.clone(), pieces, written: 0, plain, packed })
    }

    /// Adds rows of one bucket.
    pub fn write(&mut self, rows: &RecordBatch, bucket: usize) -> Result<()> {
        self.plain.clear();
        let mut writer = StreamWriter::try_new(&mut self.plain, &self.schema)?;
        writer.write(rows)?;
        writer.finish()?;
        drop(writer);
        self.packed.resize(get_maximum_output_size(self.plain.len()), 0);
        let packed = compress_into(&self.plain, &mut self.packed)
            .map_err(|_| Error::bug("a piece grew more than it can"))?;
        let path = self.dir.join(RUNS);
        self.file.write_all(&self.packed[..packed]).map_err(|e| Error::io("write", &path, &e))?;
        self.pieces[bucket].push(Piece { at: self.written, packed, plain: self.plain.len() });
        self.written += packed as u64;
        Ok(())
    }

    /// Turns from writing to reading.
    pub fn back(self) -> Result<Back> {
        self.file.close()?;
        let path = self.dir.join(RUNS);
        let file = File::open(&path).map_err(|e| Error::io("open", &path, &e))?;
        let (dir, pieces, plain, packed) = (self.dir, self.pieces, self.plain, self.packed);
        Ok(Back { dir, path, file, pieces, plain, packed })
    }
}

/// Runs that are taken back.
pub(super) struct Back {
    dir: PathBuf,
    path: PathBuf,
    file: File,
    pieces: Pieces,
    plain: Vec<u8>,
    packed: Vec<u8>,
}

impl Back {
    /// The rows of a bucket, in the order in which they came.
    pub fn read(&mut self, bucket: usize) -> impl Iterator<Item = Result<RecordBatch>> {
        let pieces = std::mem::take(&mut self.pieces[bucket]);
        pieces.into_iter().map(|piece| self.piece(piece))
    }

    fn piece(&mut self, piece: Piece) -> Result<RecordBatch> {
        self.packed.resize(piece.packed, 0);
        self.plain.resize(piece.plain, 0);
        let fill = |file: &mut File, into: &mut [u8]| {
            file.seek(SeekFrom::Start(piece.at))?;
            file.read_exact(into)
        };
        fill(&mut self.file, &mut self.packed).map_err(|e| Error::io("read", &self.path, &e))?;
        let gone = || Error::bug("rows that were set aside cannot be read again");
        decompress_into(&self.packed, &mut self.plain).map_err(|_| gone())?;
        let mut reader = StreamReader::try_new(self.plain.as_slice(), None)?;
        Ok(reader.next().ok_or_else(gone)??)
    }

    /// Nothing stays on disk.
    pub fn remove(self) -> Result<()> {
        durable::remove_dir_all(&self.dir)
    }
}
