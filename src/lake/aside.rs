//! Bytes that wait on disk, bucket by bucket, until the last row of a file has come.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

use crate::error::{Error, Result};
use crate::lake::durable;
use crate::lake::piles::Piles;

/// Pieces of bytes that wait on disk. Each is compressed as a whole.
pub struct Aside {
    dir: PathBuf,
    file: durable::Writer,
    pieces: Pieces,
    written: u64,
    packed: Vec<u8>,
}

/// Where the pieces of each bucket lie.
type Pieces = Vec<VecDeque<Piece>>;

#[derive(Clone, Copy)]
struct Piece {
    at: u64,
    packed: usize,
    plain: usize,
}

/// Name of the file with the pieces.
const RUNS: &str = "runs.lz4";

impl Aside {
    /// A folder beside the file at `path`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path, buckets: usize) -> Result<Self> {
        let dir = path.with_extension("aside");
        durable::create_dir_all(&dir)?;
        let file = durable::Writer::create(&dir.join(RUNS))?;
        let pieces = vec![VecDeque::new(); buckets];
        Ok(Self { dir, file, pieces, written: 0, packed: Vec::new() })
    }

    /// Adds each of some piles to the bucket of its number. They are empty then.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write_all(&mut self, piles: &mut Piles) -> Result<()> {
        for bucket in 0..piles.count() {
            piles.pieces(bucket).iter().try_for_each(|piece| self.write(piece, bucket))?;
            piles.clear(bucket);
        }
        Ok(())
    }

    /// Adds bytes to a bucket.
    fn write(&mut self, bytes: &[u8], bucket: usize) -> Result<()> {
        self.packed.resize(get_maximum_output_size(bytes.len()), 0);
        let packed = compress_into(bytes, &mut self.packed)
            .map_err(|_| Error::bug("a piece grew more than it can"))?;
        let path = self.dir.join(RUNS);
        self.file.write_all(&self.packed[..packed]).map_err(|e| Error::io("write", &path, &e))?;
        self.pieces[bucket].push_back(Piece { at: self.written, packed, plain: bytes.len() });
        self.written += packed as u64;
        Ok(())
    }

    /// Turns from writing to reading.
    ///
    /// # Errors
    /// What the disk says.
    pub fn back(self) -> Result<Back> {
        self.file.close()?;
        let path = self.dir.join(RUNS);
        let file = File::open(&path).map_err(|e| Error::io("open", &path, &e))?;
        Ok(Back { dir: self.dir, path, file, pieces: self.pieces, packed: self.packed })
    }
}

/// Pieces that are taken back.
pub struct Back {
    dir: PathBuf,
    path: PathBuf,
    file: File,
    pieces: Pieces,
    packed: Vec<u8>,
}

impl Back {
    /// Adds the bytes of a bucket to others, in the order in which they came.
    ///
    /// # Errors
    /// What the disk says.
    pub fn read(&mut self, bucket: usize, bytes: &mut Vec<u8>) -> Result<()> {
        while self.next(bucket, bytes)? {}
        Ok(())
    }

    /// Adds the next piece of a bucket to other bytes; false when there is none.
    ///
    /// # Errors
    /// What the disk says.
    pub fn next(&mut self, bucket: usize, bytes: &mut Vec<u8>) -> Result<bool> {
        let Some(piece) = self.pieces[bucket].pop_front() else { return Ok(false) };
        self.packed.resize(piece.packed, 0);
        let start = bytes.len();
        bytes.resize(start + piece.plain, 0);
        let (file, packed) = (&mut self.file, &mut self.packed);
        file.seek(SeekFrom::Start(piece.at))
            .and_then(|_| file.read_exact(packed))
            .map_err(|e| Error::io("read", &self.path, &e))?;
        decompress_into(packed, &mut bytes[start..])
            .map_err(|_| Error::bug("bytes that were set aside cannot be read again"))?;
        Ok(true)
    }

    /// Nothing stays on disk.
    ///
    /// # Errors
    /// What the disk says.
    pub fn remove(self) -> Result<()> {
        durable::remove_dir_all(&self.dir)
    }
}
