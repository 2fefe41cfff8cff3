//! An `XCFramework` for iOS: a real framework for devices and one for simulators, each with the header, its module and the
//! manifest of what it does with private data.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::Missing;
use crate::{
    bindings::{self, Build},
    tree::step,
};

/// The framework and the module of its header: what the generated Swift imports.
const NAME: &str = "TegataFFI";

/// The oldest iOS that we build for: the variable that rustc, clang and ld all read.
const OLDEST: (&str, &str) = ("IPHONEOS_DEPLOYMENT_TARGET", "17.0");

const MODULE: &str = "framework module TegataFFI {\n    header \"TegataFFI.h\"\n    export *\n}\n";

/// Nothing is collected, and nobody is followed. SQLite looks at the times of the app's own files.
const PRIVACY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>NSPrivacyTracking</key><false/>
  <key>NSPrivacyTrackingDomains</key><array/>
  <key>NSPrivacyCollectedDataTypes</key><array/>
  <key>NSPrivacyAccessedAPITypes</key>
  <array>
    <dict>
      <key>NSPrivacyAccessedAPIType</key><string>NSPrivacyAccessedAPICategoryFileTimestamp</string>
      <key>NSPrivacyAccessedAPITypeReasons</key><array><string>C617.1</string></array>
    </dict>
  </array>
</dict>
</plist>
"#;

/// One half of the `XCFramework`.
#[derive(Clone, Copy, Debug)]
struct Slice {
    rust: &'static str,
    /// As a bundle names the system that it is for.
    platform: &'static str,
}

const SLICES: &[Slice] = &[
    Slice { rust: "aarch64-apple-ios", platform: "iPhoneOS" },
    Slice { rust: "aarch64-apple-ios-sim", platform: "iPhoneSimulator" },
];

/// Lays the frameworks out, all but their libraries, then builds these and joins the frameworks with Xcode.
pub(super) fn run(shell: &Shell) -> anyhow::Result<()> {
    let bindings = bindings::write(shell, Build::Release)?;
    let folder = super::folder(shell, Build::Release, "ios")?;
    for slice in SLICES {
        lay_out(shell, &bindings, &framework(&folder, slice), slice)?;
    }
    step(&format!("laid out the frameworks in {}", folder.display()));
    if cmd!(shell, "xcodebuild -version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        let targets: Vec<&str> = SLICES.iter().map(|slice| slice.rust).collect();
        let list = targets.join(", ");
        return Err(
            Missing(format!("there is no Xcode here, with which to link for {list}")).into()
        );
    }
    let _oldest = shell.push_env(OLDEST.0, OLDEST.1);
    for slice in SLICES {
        step(&format!("linking for {}", slice.rust));
        let built = bindings::library_for(shell, slice.rust)?;
        let library = framework(&folder, slice).join(NAME);
        shell.copy_file(built, &library)?;
        let name = format!("@rpath/{NAME}.framework/{NAME}");
        cmd!(shell, "install_name_tool -id {name} {library}").quiet().run()?;
        cmd!(shell, "strip -x {library}").quiet().run()?;
    }
    cmd!(shell, "xcodebuild").args(joined(&folder)).run().context("Xcode did not join them")
}

/// What xcodebuild is told.
fn joined(folder: &Path) -> Vec<PathBuf> {
    let frameworks =
        SLICES.iter().flat_map(|slice| ["-framework".into(), framework(folder, slice)]);
    let output = ["-output".into(), folder.join(format!("{NAME}.xcframework"))];
    ["-create-xcframework".into()].into_iter().chain(frameworks).chain(output).collect()
}

fn framework(folder: &Path, slice: &Slice) -> PathBuf {
    folder.join(slice.platform).join(format!("{NAME}.framework"))
}

/// A bundle: a bare module map beside a library is no longer found.
fn lay_out(shell: &Shell, bindings: &Path, framework: &Path, slice: &Slice) -> anyhow::Result<()> {
    for folder in ["Headers", "Modules"] {
        shell.create_dir(framework.join(folder))?;
    }
    let header = bindings.join("swift").join(format!("{NAME}.h"));
    shell.copy_file(header, framework.join("Headers").join(format!("{NAME}.h")))?;
    shell.write_file(framework.join("Modules/module.modulemap"), MODULE)?;
    shell.write_file(framework.join("PrivacyInfo.xcprivacy"), PRIVACY)?;
    Ok(shell.write_file(framework.join("Info.plist"), info(slice))?)
}

fn info(slice: &Slice) -> String {
    let entries = [
        ("CFBundleExecutable", NAME),
        ("CFBundleIdentifier", "app.tegata.ffi"),
        ("CFBundleName", NAME),
        ("CFBundlePackageType", "FMWK"),
        ("CFBundleShortVersionString", env!("CARGO_PKG_VERSION")),
        ("CFBundleVersion", env!("CARGO_PKG_VERSION")),
        ("MinimumOSVersion", OLDEST.1),
    ];
    let entries =
        entries.map(|(key, value)| format!("  <key>{key}</key><string>{value}</string>\n"));
    let platforms = format!(
        "  <key>CFBundleSupportedPlatforms</key><array><string>{}</string></array>\n",
        slice.platform
    );
    let (head, _) = PRIVACY.split_once("<dict>").unwrap_or_default();
    format!("{head}<dict>\n{}{platforms}</dict>\n</plist>\n", entries.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xcode_joins_a_framework_of_each_slice() {
        let told = joined(Path::new("/out"));
        let told: Vec<_> = told.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(
            told.join(" "),
            "-create-xcframework -framework /out/iPhoneOS/TegataFFI.framework \
             -framework /out/iPhoneSimulator/TegataFFI.framework -output /out/TegataFFI.xcframework"
        );
    }

    #[test]
    fn a_framework_names_its_platform_and_what_it_does_with_private_data() {
        let shell = Shell::new().unwrap();
        let room = shell.create_temp_dir().unwrap();
        shell.write_file(room.path().join("swift/TegataFFI.h"), "// header\n").unwrap();
        for slice in SLICES {
            let framework = framework(room.path(), slice);
            lay_out(&shell, room.path(), &framework, slice).unwrap();
            let info = shell.read_file(framework.join("Info.plist")).unwrap();
            assert!(info.contains(&format!("<string>{}</string>", slice.platform)), "{info}");
            assert!(info.starts_with("<?xml") && info.ends_with("</plist>\n"), "{info}");
            for file in ["Headers/TegataFFI.h", "Modules/module.modulemap", "PrivacyInfo.xcprivacy"]
            {
                assert!(shell.path_exists(framework.join(file)), "{file}");
            }
        }
    }
}
