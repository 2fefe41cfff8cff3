//! The library for each processor of Android's, linked with stubs of the system's libraries: a loader's rules, what it
//! imports, its size.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{PushEnv, Shell, cmd};

use super::{bionic, zig::Zig};
use crate::{
    bindings,
    elf::{self, Loader},
    progress::step,
    setup::{CURL, LLVM, PYTHON, Package},
    size,
    symbols::{self, Binutils},
    targets, workspace,
};

/// The API level that we link for: Android 8.0, the first whose devices all have a keystore in hardware.
pub(crate) const API: u32 = 26;

/// Packages that linking needs.
pub(crate) const NEEDS: &[Package] = &[CURL, LLVM, PYTHON];

/// A kind of processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AndroidTarget {
    pub(crate) rust: &'static str,
    /// The name in the NDK's compiler.
    pub(crate) clang: &'static str,
    /// The name of its folder in an AAR.
    pub(crate) folder: &'static str,
    /// The name in bionic's list of symbols.
    processor: &'static str,
    /// Folders of zig's headers that stand for Android's; with 32 bits, `off_t` differs.
    headers: &'static [&'static str],
}

/// The targets that are linked with stubs: those of 64 bits.
pub(super) fn linked() -> impl Iterator<Item = &'static AndroidTarget> {
    TARGETS.iter().filter(|target| target.rust.contains("64"))
}

pub(crate) const TARGETS: &[AndroidTarget] = &[
    AndroidTarget {
        rust: "aarch64-linux-android",
        clang: "aarch64-linux-android",
        folder: "arm64-v8a",
        processor: "arm64",
        headers: &["aarch64-linux-musl", "generic-musl", "aarch64-linux-any", "any-linux-any"],
    },
    AndroidTarget {
        rust: "armv7-linux-androideabi",
        clang: "armv7a-linux-androideabi",
        folder: "armeabi-v7a",
        processor: "arm",
        headers: &["arm-linux-musl", "generic-musl", "arm-linux-any", "any-linux-any"],
    },
    ON_THIS_MACHINE,
];

/// The processor that this machine has, too.
pub(crate) const ON_THIS_MACHINE: AndroidTarget = AndroidTarget {
    rust: "x86_64-linux-android",
    clang: "x86_64-linux-android",
    folder: "x86_64",
    processor: "x86_64",
    headers: &["x86_64-linux-musl", "generic-musl", "x86-linux-any", "any-linux-any"],
};

/// The library's name in an AAR.
pub(crate) const LIBRARY: &str = "libtegata_ffi.so";

const CRTBEGIN: &str = include_str!("crtbegin.c");
const ERRNO: &str = include_str!("errno.h");

/// Sources of LLVM's unwinder; each is empty for the processors that it is not for.
const UNWINDER: &[&str] = &[
    "Unwind-EHABI.cpp",
    "UnwindLevel1-gcc-ext.c",
    "UnwindLevel1.c",
    "UnwindRegistersRestore.S",
    "UnwindRegistersSave.S",
    "libunwind.cpp",
];
const UNWINDER_OPTIONS: &str =
    "-c -O2 -fPIC -funwind-tables -fvisibility=hidden -DNDEBUG -D_LIBUNWIND_HIDE_SYMBOLS";
const UNWINDER_CXX: &str = "-std=c++17 -fno-exceptions -fno-rtti -nostdinc++";

/// Calls lld as rustc calls a compiler that links: words of `-Wl,` one by one, those for the compiler left out.
const LINKER: &str = r#"#!/bin/sh
set -e
here=$(dirname "$0")
for word; do
  shift
  case $word in
    -Wl,*)
      rest=${word#-Wl,},
      while [ -n "$rest" ]; do
        set -- "$@" "${rest%%,*}"
        rest=${rest#*,}
      done ;;
    -m64 | -march=* | -nodefaultlibs) ;;
    *) set -- "$@" "$word" ;;
  esac
done
set -- ld.lld "$here/crtbegin.o" "$@" -L "$here" --hash-style=gnu --build-id=sha1
"$here/zig" "$@"

# The same once more, beside it, for a loader that reads plain relocations alone.
for word; do
  shift
  case $word in
    --pack-dyn-relocs=*) ;;
    */lib*.so) set -- "$@" "$word.plain" ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec "$here/zig" "$@"
"#;

/// Links for a target, and judges the stripped library; returns it. Its symbols are in a file beside it.
pub(crate) fn link(shell: &Shell, target: &AndroidTarget) -> anyhow::Result<PathBuf> {
    step(&format!("linking for {}, with stubs", target.rust));
    let built = build(shell, target, bindings::FEATURES)?;
    let library = workspace::target(shell)?.join("linked").join(target.folder).join(LIBRARY);
    shell.create_dir(library.parent().context("a library without a folder")?)?;
    shell.copy_file(&built, &library)?;
    symbols::separate(shell, &library, Binutils::Llvm)?;
    judge(shell, target, &library)?;
    Ok(library)
}

/// Links what tests use for the target that this machine can load, without packed relocations, which Android alone reads.
pub(super) fn link_for_tests(shell: &Shell) -> anyhow::Result<PathBuf> {
    step(&format!("linking for {} what tests use", ON_THIS_MACHINE.rust));
    let built = build(shell, &ON_THIS_MACHINE, &format!("{},testing", bindings::FEATURES))?;
    Ok(built.with_file_name(format!("deps/{LIBRARY}.plain")))
}

fn build(shell: &Shell, target: &AndroidTarget, features: &str) -> anyhow::Result<PathBuf> {
    let toolchain = toolchain(shell, target)?;
    let _linked = targets::separate_folder(shell)?;
    let _std = targets::build_std(shell)?;
    let _tools = use_toolchain(shell, target, &toolchain);
    bindings::library_for_target(shell, target.rust, features)
}

fn judge(shell: &Shell, target: &AndroidTarget, library: &Path) -> anyhow::Result<()> {
    elf::check(library, Loader::Android)?;
    let imports = elf::imports(library)?;
    let missing = bionic::missing(&imports, target.processor, API)?;
    anyhow::ensure!(missing.is_empty(), "{}:\n{}", library.display(), missing.join("\n"));
    let count = imports.len();
    println!("{}: {count} imports, each in API {API}, or weak and in a later one", target.rust);
    symbols::check_line(shell, library, Binutils::Llvm)?;
    size::check_linked(shell, target.rust, library)
}

/// Has cargo and the build scripts of C code use the toolchain. Flags for 16 KiB pages are in `.cargo/config.toml`, which
/// every build reads.
fn use_toolchain<'a>(
    shell: &'a Shell,
    target: &AndroidTarget,
    toolchain: &Path,
) -> [PushEnv<'a>; 3] {
    let lower = target.rust.replace('-', "_");
    let linker = format!("CARGO_TARGET_{}_LINKER", lower.to_uppercase());
    [(linker, "ld"), (format!("CC_{lower}"), "cc"), (format!("AR_{lower}"), "ar")]
        .map(|(variable, tool)| shell.push_env(variable, toolchain.join(tool)))
}

/// A folder of the cache with a compiler, an archiver, a linker and the stubs for one target.
fn toolchain(shell: &Shell, target: &AndroidTarget) -> anyhow::Result<PathBuf> {
    let zig = Zig::find(shell)?;
    let stubs = bionic::LIBRARIES
        .map(|library| Ok((library, bionic::stub(library, target.processor, API)?)))
        .into_iter()
        .collect::<anyhow::Result<Vec<_>>>()?;
    let compiler = zig.compiler(&format!("{}{API}", target.clang), target.headers);
    let parts = [CRTBEGIN, ERRNO, LINKER, UNWINDER_OPTIONS, UNWINDER_CXX, &compiler];
    let texts: Vec<String> = stubs.iter().map(|(_, text)| text.clone()).collect();
    let texts = [texts, parts.map(str::to_owned).to_vec()].concat();
    let name = workspace::name_by_content(&format!("stubs-{}", target.rust), &texts);
    let what = format!("making stubs for {}", target.rust);
    workspace::build_once(shell, &name, &what, |folder| {
        shell.write_file(folder.join("errno.h"), ERRNO)?;
        shell.write_file(folder.join("crtbegin.c"), CRTBEGIN)?;
        zig.write_tools(shell, folder, &compiler, LINKER)?;
        let cc = folder.join("cc");
        cmd!(shell, "{cc} -c -fPIC -o {folder}/crtbegin.o {folder}/crtbegin.c").quiet().run()?;
        for (library, text) in &stubs {
            make_stub(shell, folder, library, text)?;
        }
        make_unwinder(shell, &zig, folder)
    })
}

fn make_stub(shell: &Shell, folder: &Path, library: &str, text: &str) -> anyhow::Result<()> {
    let source = folder.join(library).with_extension("S");
    let object = source.with_extension("o");
    let stub = source.with_extension("so");
    shell.write_file(&source, text)?;
    let [cc, zig] = ["cc", "zig"].map(|tool| folder.join(tool));
    cmd!(shell, "{cc} -c -o {object} {source}").quiet().run()?;
    let name = format!("{library}.so");
    Ok(cmd!(shell, "{zig} ld.lld -shared -soname {name} -o {stub} {object}").quiet().run()?)
}

fn make_unwinder(shell: &Shell, zig: &Zig, folder: &Path) -> anyhow::Result<()> {
    let [cc, ar, archive] = ["cc", "ar", "libunwind.a"].map(|name| folder.join(name));
    let [include, sources] = ["include", "src"].map(|name| zig.unwinder().join(name));
    for source in UNWINDER {
        let object = folder.join(source).with_extension("o");
        let options = UNWINDER_OPTIONS.split(' ');
        let of_cxx = UNWINDER_CXX.split(' ').filter(|_| source.strip_suffix(".cpp").is_some());
        let compile = cmd!(shell, "{cc} -I {include} -o {object} {sources}/{source}");
        compile.args(options).args(of_cxx).quiet().run()?;
        cmd!(shell, "{ar} rcs {archive} {object}").quiet().run()?;
    }
    Ok(())
}
