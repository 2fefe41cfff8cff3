//! The system calls that change files, taken over for the whole program.
//!
//! A function of an executable comes before the C library's of the same name, for Rust's standard library and for
//! SQLite's C alike. So what is seen here is SQLite's own Unix VFS at work, with the decisions it takes about syncing
//! folders, and what the core does beside SQLite: a VFS of ours in place of that one would show neither. rustix asks
//! the kernel without the C library, so nothing here calls itself. Its renames go past this file for the same reason:
//! they are noticed by looking into the folder.
#![expect(
    unsafe_code,
    reason = "functions that C calls take raw pointers, and must have the C library's names"
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::fd::BorrowedFd;

use rustix::io::{Errno, Result};

use crate::recorder;

#[unsafe(no_mangle)]
extern "C" fn write(file: c_int, bytes: *const c_void, length: usize) -> isize {
    number(on(file, |file| recorder::write(file, None, slice(bytes, length))))
}

#[unsafe(no_mangle)]
extern "C" fn pwrite(file: c_int, bytes: *const c_void, length: usize, at: i64) -> isize {
    let at = u64::try_from(at).map_err(|_| Errno::INVAL);
    number(on(file, |file| recorder::write(file, Some(at?), slice(bytes, length))))
}

#[unsafe(no_mangle)]
extern "C" fn pwrite64(file: c_int, bytes: *const c_void, length: usize, at: i64) -> isize {
    pwrite(file, bytes, length, at)
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate(file: c_int, length: i64) -> c_int {
    let length = u64::try_from(length).map_err(|_| Errno::INVAL);
    nothing(on(file, |file| recorder::truncate(file, length?)))
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate64(file: c_int, length: i64) -> c_int {
    ftruncate(file, length)
}

#[unsafe(no_mangle)]
extern "C" fn fsync(file: c_int) -> c_int {
    nothing(on(file, recorder::sync))
}

#[unsafe(no_mangle)]
extern "C" fn fdatasync(file: c_int) -> c_int {
    fsync(file)
}

#[unsafe(no_mangle)]
extern "C" fn unlink(path: *const c_char) -> c_int {
    if path.is_null() {
        return nothing(Err(Errno::FAULT));
    }
    // SAFETY: the caller of `unlink` gives a string that ends with a zero byte, and keeps it until we return.
    nothing(recorder::unlink(unsafe { CStr::from_ptr(path) }))
}

/// Lends the file to `call`, if its number can be one.
fn on<T>(file: c_int, call: impl FnOnce(BorrowedFd<'_>) -> Result<T>) -> Result<T> {
    if file < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: the caller of a system call keeps the file open until it returns; if it is not open, the kernel says so.
    call(unsafe { BorrowedFd::borrow_raw(file) })
}

fn slice<'a>(bytes: *const c_void, length: usize) -> &'a [u8] {
    if bytes.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller of `write` gives `length` bytes that it does not change meanwhile; we drop the slice before
    // we return.
    unsafe { std::slice::from_raw_parts(bytes.cast(), length) }
}

fn number(answer: Result<usize>) -> isize {
    match answer {
        Ok(count) => count.cast_signed(),
        Err(error) => {
            errno::set_errno(errno::Errno(error.raw_os_error()));
            -1
        }
    }
}

fn nothing(answer: Result<()>) -> c_int {
    if number(answer.map(|()| 0)) == 0 { 0 } else { -1 }
}
