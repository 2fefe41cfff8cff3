// swift-tools-version: 6.0
// The Swift library. `Sources/TegataFFI` and `Sources/TegataGenerated` are written by `cargo xtask bindings`, into a copy
// of this folder under cargo's target folder: nothing generated is kept here.
import PackageDescription

let package = Package(
    name: "Tegata",
    products: [.library(name: "Tegata", targets: ["Tegata"])],
    targets: [
        .systemLibrary(name: "TegataFFI"),
        .target(name: "TegataGenerated", dependencies: ["TegataFFI"]),
        .target(
            name: "Tegata", dependencies: ["TegataGenerated"],
            swiftSettings: [.unsafeFlags(["-warnings-as-errors"])]),
        .testTarget(
            name: "TegataTests", dependencies: ["Tegata"],
            swiftSettings: [.unsafeFlags(["-warnings-as-errors"])]),
    ],
    swiftLanguageModes: [.v6]
)
