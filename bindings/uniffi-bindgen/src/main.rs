//! The generator of bindings, in the version that the library was built with. A crate of its own: its command line
//! and its parsers do not belong into the library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
