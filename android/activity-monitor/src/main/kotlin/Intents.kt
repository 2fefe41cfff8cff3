package androidx.test.runner.intent

import android.app.Instrumentation.ActivityResult
import android.content.Intent

/** Nobody asks it anything. */
public interface IntentMonitor

/** Answers in place of another app; here nobody does. */
public interface IntentStubber {
    public fun getActivityResultForIntent(intent: Intent): ActivityResult?
}

/** Forgets what Robolectric registers. */
public object IntentMonitorRegistry {
    @JvmStatic
    public fun registerInstance(@Suppress("UNUSED_PARAMETER") monitor: IntentMonitor?): Unit = Unit
}

/** Without a stubber. */
public object IntentStubberRegistry {
    @JvmStatic
    public fun isLoaded(): Boolean = false

    @JvmStatic
    public fun getInstance(): IntentStubber = error("no stubber was loaded")
}
