// For apps and whoever has the Android SDK; what is tested is the Maven build beside it.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}
dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}
rootProject.name = "tegata-android"
include(":tegata")
