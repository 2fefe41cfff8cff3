package app.tegata.android

import android.app.Activity
import android.app.Application
import android.os.Build
import android.os.Looper
import app.tegata.ManualClock
import app.tegata.NewPaymentCredential
import app.tegata.NextCode
import app.tegata.PaymentCode
import app.tegata.PaymentUnlock
import app.tegata.Wallet
import app.tegata.add
import java.io.File
import org.junit.rules.ExternalResource
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.util.ReflectionHelpers

/** A factory-new phone with our stand-in for its keystore, and a wallet of the real core on it. */
class TestPhone : ExternalResource() {
    val app: Application get() = RuntimeEnvironment.getApplication()
    val file: File by lazy { walletFile(app) }
    val clock = ManualClock(NOW)

    /** How long the keystore was waited for, in milliseconds; without waiting. */
    val pauses: MutableList<Long> = ArrayList()
    internal val caller = KeystoreCaller { pauses.add(it) }
    val keystore: AndroidKeystore get() = AndroidKeystore(file, caller)

    override fun before() = FakePlatform.install()

    override fun after() = FakePlatform.forget()

    fun make(challenge: ByteArray? = null): AndroidKeystore = AndroidKeystore.make(app, keystore, file, challenge)

    fun create(): Wallet = Wallet.create(file, make(), FileAnchor(file), clock)

    fun open(): Wallet = Wallet.open(file, keystore, FileAnchor(file), clock)

    fun activity(): ActivityController<Activity> = Robolectric.buildActivity(Activity::class.java)

    /** A code of the real core. */
    fun code(): PaymentCode = create().use { wallet ->
        PaymentUnlock.withoutLock().use { wallet.code(it, wallet.card(it)) }
    }

    companion object {
        const val NOW = 1_800_000_007L
    }
}

fun Wallet.card(unlock: PaymentUnlock): String =
    payments.add(unlock, NewPaymentCredential(ByteArray(16) { 1 }, "Ann", "4960", 86_400), ByteArray(32, Int::toByte))

fun Wallet.code(unlock: PaymentUnlock, id: String): PaymentCode = (payments.nextCode(unlock, id) as NextCode.Code).code

/** Runs what waits for the main thread. */
fun idle() = shadowOf(Looper.getMainLooper()).idle()

/** Has the library find another version of Android. Its code is that of the newest. */
fun setVersion(version: Int) = ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", version)
