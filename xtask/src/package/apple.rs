//! The `XCFramework` for iOS: a framework for devices and one for simulators, each with the header, its module map and the
//! privacy manifest.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::output::{self, MissingTool};
use crate::{
    bindings::{self, Build},
    progress::step,
};

/// The name of the framework and of its module, which the generated Swift imports.
const NAME: &str = "TegataFFI";

/// The variable with the oldest iOS to build for, which rustc, clang and ld read.
const OLDEST: (&str, &str) = ("IPHONEOS_DEPLOYMENT_TARGET", "17.0");

const MODULE: &str = "framework module TegataFFI {\n    header \"TegataFFI.h\"\n    export *\n}\n";

/// The privacy manifest: no data is collected, and nobody is tracked. SQLite reads timestamps of the app's own files, by `stat`
/// and the like, and asks by `statfs` which file system it writes to.
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
    <dict>
      <key>NSPrivacyAccessedAPIType</key><string>NSPrivacyAccessedAPICategoryDiskSpace</string>
      <key>NSPrivacyAccessedAPITypeReasons</key><array><string>E174.1</string></array>
    </dict>
  </array>
</dict>
</plist>
"#;

/// The framework of one kind of device in the `XCFramework`.
#[derive(Clone, Copy, Debug)]
struct Slice {
    rust: &'static str,
    /// The platform as a bundle names it.
    platform: &'static str,
}

const SLICES: &[Slice] = &[
    Slice { rust: "aarch64-apple-ios", platform: "iPhoneOS" },
    Slice { rust: "aarch64-apple-ios-sim", platform: "iPhoneSimulator" },
];

/// Lays out the frameworks without their libraries, then builds these and joins the frameworks with Xcode.
///
/// # Errors
/// [`MissingTool`] without Xcode, after the frameworks were laid out.
pub(super) fn run(shell: &Shell) -> anyhow::Result<()> {
    let bindings = bindings::write(shell, Build::Release)?;
    let folder = output::folder(shell, Build::Release, "ios")?;
    for slice in SLICES {
        lay_out(shell, &bindings, &framework(&folder, slice), slice)?;
    }
    step(&format!("laid out the frameworks in {}", folder.display()));
    if cmd!(shell, "xcodebuild -version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        let targets: Vec<&str> = SLICES.iter().map(|slice| slice.rust).collect();
        let list = targets.join(", ");
        return Err(MissingTool(format!(
            "Xcode is not installed, so nothing can be linked for {list}"
        ))
        .into());
    }
    let _oldest = shell.push_env(OLDEST.0, OLDEST.1);
    for slice in SLICES {
        step(&format!("linking for {}", slice.rust));
        let built = bindings::library_for_target(shell, slice.rust, bindings::FEATURES)?;
        let library = framework(&folder, slice).join(NAME);
        shell.copy_file(built, &library)?;
        let name = format!("@rpath/{NAME}.framework/{NAME}");
        cmd!(shell, "install_name_tool -id {name} {library}").quiet().run()?;
        cmd!(shell, "strip -x {library}").quiet().run()?;
    }
    cmd!(shell, "xcodebuild")
        .args(join_arguments(&folder))
        .run()
        .context("Xcode cannot join the frameworks")
}

/// Arguments of xcodebuild that join the frameworks.
fn join_arguments(folder: &Path) -> Vec<PathBuf> {
    let frameworks =
        SLICES.iter().flat_map(|slice| ["-framework".into(), framework(folder, slice)]);
    let output = ["-output".into(), folder.join(format!("{NAME}.xcframework"))];
    ["-create-xcframework".into()].into_iter().chain(frameworks).chain(output).collect()
}

fn framework(folder: &Path, slice: &Slice) -> PathBuf {
    folder.join(slice.platform).join(format!("{NAME}.framework"))
}

/// Writes the bundle of one framework; Xcode no longer finds a bare module map beside a library.
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
        let arguments = join_arguments(Path::new("/out"));
        let words: Vec<_> = arguments.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(
            words.join(" "),
            "-create-xcframework -framework /out/iPhoneOS/TegataFFI.framework \
             -framework /out/iPhoneSimulator/TegataFFI.framework -output /out/TegataFFI.xcframework"
        );
    }

    #[test]
    fn a_framework_has_its_platform_and_privacy_manifest() {
        let shell = Shell::new().unwrap();
        let temporary = shell.create_temp_dir().unwrap();
        shell.write_file(temporary.path().join("swift/TegataFFI.h"), "// header\n").unwrap();
        for slice in SLICES {
            let framework = framework(temporary.path(), slice);
            lay_out(&shell, temporary.path(), &framework, slice).unwrap();
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
