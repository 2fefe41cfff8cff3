// swift-tools-version: 6.0
// What a call costs a program in Swift, against the packed library: see `cargo xtask bench bindings`.
import PackageDescription

let package = Package(
    name: "Bench",
    dependencies: [.package(path: "../Tegata")],
    targets: [.executableTarget(name: "Bench", dependencies: ["Tegata"])]
)
