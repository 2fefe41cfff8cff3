// swift-tools-version: 6.0
// A program that depends on the packed library: `cargo xtask package swift` builds and runs it.
import PackageDescription

let package = Package(
    name: "Barcode",
    dependencies: [.package(path: "../Tegata")],
    targets: [.executableTarget(name: "Barcode", dependencies: ["Tegata"])]
)
