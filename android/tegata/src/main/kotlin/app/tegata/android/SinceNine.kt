package app.tegata.android

/**
 * Marks what names something that came with Android 9, the oldest that we run on: the build compares with the signature of
 * Android 8, the nearest below that there is.
 */
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION, AnnotationTarget.CLASS)
internal annotation class SinceNine(val what: String)
