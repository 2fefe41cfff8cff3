//! Shows pictures to both scanners.

use crate::error::ScannerError;
use crate::picture::Picture;
use crate::reading::ScanResult;
use crate::{zbar, zxing};

/// Shows each picture to both scanners, on all cores; results are in the order of the pictures.
///
/// Starting `zbarimg` costs more than reading a picture with it: hand in many at once.
///
/// # Errors
/// [`ScannerError`] if a scanner cannot work. Finding nothing is not an error.
pub fn read(pictures: &[Picture]) -> Result<Vec<ScanResult>, ScannerError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = pictures.len().div_ceil(cores).clamp(1, zbar::MOST_AT_ONCE);
    let mut results = Vec::with_capacity(pictures.len());
    for round in pictures.chunks(share * cores) {
        let parts: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                round.chunks(share).map(|part| scope.spawn(|| read_here(part))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(std::panic::resume_unwind))
                .collect()
        });
        for part in parts {
            let Ok(part) = part;
            results.extend(part?);
        }
    }
    Ok(results)
}

/// [`read`] for a single picture.
///
/// # Errors
/// As [`read`].
pub fn read_one(picture: &Picture) -> Result<ScanResult, ScannerError> {
    let zbar = zbar::read(std::slice::from_ref(picture))?.into_iter().flatten().collect();
    Ok(ScanResult { zbar, zxing: zxing::read(picture)? })
}

fn read_here(pictures: &[Picture]) -> Result<Vec<ScanResult>, ScannerError> {
    let zbar = zbar::read(pictures)?.into_iter();
    zbar.zip(pictures)
        .map(|(zbar, picture)| Ok(ScanResult { zbar, zxing: zxing::read(picture)? }))
        .collect()
}
