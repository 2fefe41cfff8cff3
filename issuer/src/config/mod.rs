//! How the service is set up. docs/issuer.md has the table.

mod key_file;
mod layers;
mod load;
mod mail;
mod processor;
mod secret;
mod secret_file;
mod settings;
mod values;

pub use key_file::{KeyFileError, make_key_file, read_key_file};
pub use layers::{ConfigError, ConfigErrors, Layers};
pub use mail::{Mail, Security, Sender, Smtp};
pub use processor::Processor;
pub use secret::SecretSetting;
pub(crate) use secret_file::read_secret_file;
pub use settings::Config;
pub use values::{
    AliasSeconds, CodePrefix, Count, ForwardedHeader, HeaderNamed, LogFormat, LogLevel, Seconds,
    ServerKey, VoidDays,
};

#[cfg(test)]
mod tests;
