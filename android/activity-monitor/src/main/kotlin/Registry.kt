package androidx.test.platform.app

import android.app.Instrumentation
import android.os.Bundle

/** Remembers what Robolectric registers. */
public object InstrumentationRegistry {
    private var current: Pair<Instrumentation?, Bundle?> = null to null

    @JvmStatic
    public fun registerInstance(instrumentation: Instrumentation?, arguments: Bundle?) {
        current = instrumentation to arguments
    }

    @JvmStatic
    public fun getInstrumentation(): Instrumentation = checkNotNull(current.first) { "no test is running" }

    @JvmStatic
    public fun getArguments(): Bundle = current.second ?: Bundle()
}
