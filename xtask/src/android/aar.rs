//! The Android library as an AAR, as Gradle's plugin would pack it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::progress::step;

const RULES: &str = "android/tegata/consumer-rules.pro";
const RESOURCES: &str = "android/tegata/src/main/res";
/// Metadata that Gradle's plugin checks an app against. 28 is `minSdk`; our resources need nothing newer.
const METADATA: &str = "aarFormatVersion=1.0\naarMetadataVersion=1.0\nminCompileSdk=28\n\
    minCompileSdkExtension=0\nminAndroidGradlePluginVersion=1.0.0\n";
const METADATA_PATH: &str = "META-INF/com/android/build/gradle/aar-metadata.properties";

/// Packs what Maven compiled into `built`. `natives` has a folder for each kind of processor.
pub(crate) fn pack(
    shell: &Shell,
    built: &Path,
    natives: Option<&Path>,
    to: &Path,
) -> anyhow::Result<()> {
    step("packing the Android library");
    let temporary = shell.create_temp_dir()?;
    let classes = temporary.path().join("classes");
    let aar = temporary.path().join("aar");
    for module in ["tegata-bindings", "tegata-android"] {
        let compiled = built.join(module).join("classes/.");
        shell.create_dir(&classes)?;
        cmd!(shell, "cp -R {compiled} {classes}").quiet().run()?;
    }
    // Resource ids, which an app's build assigns itself.
    cmd!(shell, "find {classes} ( -name R.class -o -name R$*.class ) -delete").quiet().run()?;
    shell.create_dir(&aar)?;
    zip(shell, &classes, &aar.join("classes.jar"))?;
    let module = built.join("tegata-android");
    shell.copy_file(module.join("manifest/AndroidManifest.xml"), &aar)?;
    shell.copy_file(module.join("R.txt"), &aar)?;
    shell.copy_file(RULES, aar.join("proguard.txt"))?;
    let resources = aar.join("res");
    cmd!(shell, "cp -R {RESOURCES} {resources}").quiet().run()?;
    shell.write_file(aar.join(METADATA_PATH), METADATA)?;
    if let Some(natives) = natives {
        let jni = aar.join("jni");
        cmd!(shell, "cp -R {natives} {jni}").quiet().run()?;
    }
    shell.remove_path(to)?;
    zip(shell, &aar, to)
}

/// Checks that an AAR holds what an app needs: classes, rules, manifest, resources, and these native libraries.
pub(crate) fn check(shell: &Shell, aar: &Path, natives: &[&str]) -> anyhow::Result<()> {
    let temporary = shell.create_temp_dir()?;
    let open = |zip: &Path, name: &str| -> anyhow::Result<PathBuf> {
        let folder = temporary.path().join(name);
        let zip = std::fs::canonicalize(zip)?;
        shell.create_dir(&folder)?;
        let _folder = shell.push_dir(&folder);
        cmd!(shell, "jar --extract --file {zip}").quiet().run()?;
        Ok(folder)
    };
    let has = |folder: &Path, name: &str| {
        let exists = shell.path_exists(folder.join(name));
        exists.then_some(()).with_context(|| format!("{name} is not in {}", aar.display()))
    };
    let whole = open(aar, "aar")?;
    let classes = open(&whole.join("classes.jar"), "classes")?;
    for name in ["Wallet", "UniffiLib", "android/AndroidKeystore", "android/TegataBarcodeView"] {
        has(&classes, &format!("app/tegata/{name}.class"))?;
    }
    let ids = has(&classes, "app/tegata/android/R.class");
    anyhow::ensure!(ids.is_err(), "{} contains resource ids", aar.display());
    for (name, text) in
        [("proguard.txt", shell.read_file(RULES)?), (METADATA_PATH, METADATA.to_owned())]
    {
        has(&whole, name)?;
        anyhow::ensure!(shell.read_file(whole.join(name))? == text, "{name} has other contents");
    }
    anyhow::ensure!(
        shell.read_file(whole.join("R.txt"))?.contains("int string "),
        "R.txt names no resource"
    );
    let jni: Vec<String> = match shell.read_dir(whole.join("jni")) {
        Ok(folders) => {
            folders.iter().filter_map(|it| Some(it.file_name()?.to_str()?.to_owned())).collect()
        }
        Err(_) => Vec::new(),
    };
    anyhow::ensure!(jni == natives, "libraries for {jni:?}, expected {natives:?}");
    check_manifest(shell, &whole, temporary.path())
}

/// Links manifest and resources as an app's build does, and checks the result.
fn check_manifest(shell: &Shell, aar: &Path, temporary: &Path) -> anyhow::Result<()> {
    let framework = shell
        .var("FRAMEWORK_RES")
        .unwrap_or_else(|_| "/usr/share/android-framework-res/framework-res.apk".to_owned());
    let resources = aar.join("res");
    let manifest = aar.join("AndroidManifest.xml");
    let compiled = temporary.join("compiled.zip");
    let linked = temporary.join("linked.apk");
    cmd!(shell, "aapt2 compile --dir {resources} -o {compiled}").quiet().run()?;
    cmd!(shell, "aapt2 link -I {framework} --manifest {manifest} -o {linked} {compiled}")
        .quiet()
        .run()?;
    let badging = cmd!(shell, "aapt2 dump badging {linked}").quiet().ignore_stderr().read()?;
    for part in [
        "name='app.tegata.android'",
        "sdkVersion:'28'",
        "permission.INTERNET",
        "permission.USE_BIOMETRIC",
    ] {
        anyhow::ensure!(badging.contains(part), "the manifest has no {part}:\n{badging}");
    }
    Ok(())
}

fn zip(shell: &Shell, folder: &Path, file: &Path) -> anyhow::Result<()> {
    Ok(cmd!(shell, "jar --create --no-manifest --file {file} -C {folder} .").quiet().run()?)
}
