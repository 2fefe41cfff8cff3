//! Java programs that Maven fetches: each in a folder of the cache with its dependencies, with a fixed version and checksum.

use std::path::PathBuf;

use anyhow::Context as _;
use xshell::{Cmd, Shell, cmd};

use crate::workspace;

/// Maven's goal that copies what a project depends on.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies";

pub(crate) struct JavaTool {
    /// Maven's coordinates.
    group: &'static str,
    artifact: &'static str,
    version: &'static str,
    /// Of all its jars, concatenated in the order of their names.
    sha256: &'static str,
    main: &'static str,
}

/// Formats Kotlin.
pub(crate) const KTLINT: JavaTool = JavaTool {
    group: "com.pinterest.ktlint",
    artifact: "ktlint-cli",
    version: "1.8.0",
    sha256: "89b3ace2bc1fa6a3500552c49c61bc4fa2b9626dc2b9095ee37423749c3668ea",
    main: "com.pinterest.ktlint.Main",
};
/// Lints Kotlin.
pub(crate) const DETEKT: JavaTool = JavaTool {
    group: "io.gitlab.arturbosch.detekt",
    artifact: "detekt-cli",
    version: "1.23.8",
    sha256: "9db317feb0752706f2f6d39c3e4984c8c679251daa38a48e4b874dfbb068a630",
    main: "io.gitlab.arturbosch.detekt.cli.Main",
};
/// Android Lint, which Maven finds only in a repository that has Google's packages.
pub(crate) const LINT: JavaTool = JavaTool {
    group: "com.android.tools.lint",
    artifact: "lint",
    version: "32.4.1",
    sha256: "a174890a17595280071413205f30060f01648c95ac01bead8faa4123bff1cb83",
    main: "com.android.tools.lint.Main",
};

impl JavaTool {
    /// A command that runs it; fetches it first if the cache does not have it.
    pub(crate) fn command<'a>(&self, shell: &'a Shell) -> anyhow::Result<Cmd<'a>> {
        let jars = self.jars(shell)?.join("*");
        let main = self.main;
        Ok(cmd!(shell, "java -cp {jars} {main}"))
    }

    /// The same command as a developer types it.
    pub(crate) fn command_line(&self, shell: &Shell) -> anyhow::Result<String> {
        Ok(format!("java -cp '{}/*' {}", self.jars(shell)?.display(), self.main))
    }

    fn jars(&self, shell: &Shell) -> anyhow::Result<PathBuf> {
        let name = format!("{}-{}", self.artifact, self.version);
        workspace::build_once(shell, &name, &format!("fetching {name}"), |folder| {
            let temporary = shell.create_temp_dir()?;
            let project = temporary.path().join("pom.xml");
            shell.write_file(&project, self.project())?;
            let maven =
                cmd!(shell, "mvn --quiet --batch-mode --no-transfer-progress --file {project}");
            let output = format!("-DoutputDirectory={}", folder.display());
            let maven = maven.args([COPY, "-DincludeScope=runtime", &output]);
            maven.run().with_context(|| format!("Maven cannot fetch {name}"))?;
            let checksum = cmd!(shell, "sh -c 'cat \"$1\"/*.jar | sha256sum' sh {folder}");
            let sum = checksum.env("LC_ALL", "C").quiet().read()?;
            anyhow::ensure!(sum.starts_with(self.sha256), "{name} has another checksum: {sum}");
            Ok(())
        })
    }

    /// A Maven project that depends on the tool and holds nothing else.
    fn project(&self) -> String {
        let Self { group, artifact, version, .. } = self;
        format!(
            "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
             <groupId>app.tegata</groupId><artifactId>tool</artifactId><version>1</version>\
             <packaging>pom</packaging><dependencies><dependency><groupId>{group}</groupId>\
             <artifactId>{artifact}</artifactId><version>{version}</version>\
             </dependency></dependencies></project>\n"
        )
    }
}
