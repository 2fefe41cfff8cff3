// Built from sources: first `cargo xtask package android` with an NDK, which writes the Kotlin of the core and its libraries.
plugins { id("com.android.library") version "9.4.1" }

val packed = rootDir.resolve("../target/packages/android")

android {
    namespace = "app.tegata.android"
    compileSdk = 35
    defaultConfig {
        minSdk = 28
        consumerProguardFiles("consumer-rules.pro")
    }
    sourceSets["main"].kotlin.directories += listOf("../../bindings/kotlin/src/main/kotlin", "$packed/kotlin")
    sourceSets["main"].jniLibs.directories += "$packed/jniLibs"
}

dependencies {
    api("net.java.dev.jna:jna:5.19.1@aar")
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
    api("com.squareup.okhttp3:okhttp:4.12.0")
}
