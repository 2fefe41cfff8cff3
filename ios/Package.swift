// swift-tools-version: 6.0
// The Swift library. `Sources/TegataFFI` and `Sources/TegataGenerated` are written by `cargo xtask bindings`, into a copy
// of this folder under cargo's target folder: nothing generated is kept here.
import PackageDescription

// Our tests set it. A package that an app depends on has none, and may not ask for flags of its own.
let tested = Context.environment["TEGATA_TESTED"] != nil
let strict: [SwiftSetting] = tested ? [.unsafeFlags(["-warnings-as-errors"])] : []
let tests: [Target] =
    tested ? [.testTarget(name: "TegataTests", dependencies: ["Tegata"], swiftSettings: strict)] : []

let package = Package(
    name: "Tegata",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "Tegata", targets: ["Tegata"])],
    targets: [
        .systemLibrary(name: "TegataFFI"),
        .target(name: "TegataGenerated", dependencies: ["TegataFFI"]),
        .target(name: "Tegata", dependencies: ["TegataGenerated"], swiftSettings: strict),
    ] + tests,
    swiftLanguageModes: [.v6]
)
