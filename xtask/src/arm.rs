//! The core's tests of codes, cryptography and vaults on phones' processors: a Linux build for 64-bit ARM, in qemu.

use xshell::{Shell, cmd};

use crate::{
    progress::step,
    setup::{ARM_COMPILER, ARM_LIBC, CURL, OATHTOOL, Package, QEMU},
    targets,
};

/// Packages that the tests need.
pub(crate) const NEEDS: &[Package] = &[ARM_COMPILER, ARM_LIBC, CURL, OATHTOOL, QEMU];

/// Phones had pages of 4 KiB until Android 15, and may have larger ones since.
const PAGES: [u32; 2] = [4 * 1024, 16 * 1024];

/// Modules with the vectors of codes, of cryptography and of vaults.
const MODULES: &[&str] = &["code::", "hpke::", "kdf::", "otp::", "secret::", "vault::"];
/// Files of the core's own tests.
const FILES: &[&str] = &["keys", "otp", "payment_code", "payment_lock", "vault", "wycheproof"];

/// Tests that are left out: those that take more than five seconds there, and are not about vectors or cryptography; and one
/// that starts itself as another process, which the kernel of this machine cannot.
const LEFT_OUT: &[&str] = &[
    "a_card_is_read_back_and_a_changed_byte_is_not",
    "a_code_is_good_in_its_window_once_and_at_its_till",
    "a_second_process_gets_in_use",
    "a_vault_behaves_like_a_map",
    "codes_in_the_order_a_wallet_shows_them_are_all_accepted",
    "most_pins_are_left",
    "oathtool_computes_the_same_codes_of_a_thousand_credentials",
    "one_of_sixty_four_tills_with_the_same_code_is_accepted",
];

const TARGET: &str = "aarch64-unknown-linux-gnu";
/// Where Debian has the C library for it.
const SYSTEM: &str = "/usr/aarch64-linux-gnu";

pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    let _folder = targets::separate_folder(shell)?;
    let _std = targets::build_std(shell)?;
    let _with_tests = shell.push_env("CARGO_UNSTABLE_BUILD_STD", "std,panic_unwind,test");
    let lower = TARGET.replace('-', "_");
    let upper = lower.to_uppercase();
    let _compiler = shell.push_env(format!("CC_{lower}"), "aarch64-linux-gnu-gcc");
    let _archiver = shell.push_env(format!("AR_{lower}"), "aarch64-linux-gnu-ar");
    let linker = format!("CARGO_TARGET_{upper}_LINKER");
    let _linker = shell.push_env(linker, "aarch64-linux-gnu-gcc");
    // Backtraces read the program's own file by `mmap`, which qemu does wrongly for pages larger than this machine's.
    let _backtrace = shell.push_env("RUST_BACKTRACE", "0");
    let left_out: &Vec<&str> = &LEFT_OUT.iter().flat_map(|&name| ["--skip", name]).collect();
    let files: &Vec<&str> = &FILES.iter().flat_map(|&name| ["--test", name]).collect();
    for page in PAGES {
        step(&format!("running the core's tests on {TARGET} with pages of {} KiB", page / 1024));
        let runner = format!("qemu-aarch64-static -L {SYSTEM} -p {page}");
        let _runner = shell.push_env(format!("CARGO_TARGET_{upper}_RUNNER"), runner);
        cmd!(shell, "cargo test -p tegata --target {TARGET} --lib -- {MODULES...} {left_out...}")
            .run()?;
        cmd!(shell, "cargo test -p tegata --target {TARGET} {files...} -- {left_out...}").run()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_exists() {
        let sources = [
            include_str!("../../core/src/code/till_card.rs"),
            include_str!("../../core/tests/otp.rs"),
            include_str!("../../core/tests/payment_code.rs"),
            include_str!("../../core/src/vault/pin.rs"),
            include_str!("../../core/tests/vault.rs"),
        ]
        .concat();
        for name in LEFT_OUT {
            assert!(sources.contains(&format!("fn {name}(")), "{name}");
        }
    }
}
