package app.tegata.android

/**
 * Marks what names something that the oldest Android we run on lacks. It asks for the version first.
 */
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION, AnnotationTarget.CLASS)
internal annotation class SinceAndroid(val api: Int)
