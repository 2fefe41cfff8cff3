@file:JvmName("Secrets")

package app.tegata

import java.nio.ByteBuffer

/*
 * Secrets as arrays. The library reads them from memory outside of the heap, where no garbage collector copies them;
 * what is put there for the call is wiped after it. The array is the caller's: wipe it, `pin.fill(0)`, when it is done.
 */

/** Opens the payment lock by the PIN, as it was typed. Takes some hundred milliseconds by design: not on the main thread. */
@Throws(WalletException::class)
public fun Payments.unlockWithPin(pin: ByteArray): PaymentUnlock = pin.lent { unlockWithPin(it) }

/** Opens the payment lock by the 32 bytes that the app keeps behind a biometric prompt. */
@Throws(WalletException::class)
public fun Payments.unlockWithKey(key: ByteArray): PaymentUnlock = key.lent { unlockWithKey(it) }

/** Stores a credential, under the payment lock if there is one. The seed has 32 bytes, goes in and never comes out. */
@Throws(WalletException::class)
public fun Payments.add(unlocked: PaymentUnlock, new: NewPayment, seed: ByteArray): String =
    seed.lent { add(unlocked, new, it) }

/**
 * Sets the PIN, or changes it: 4 to 64 bytes. Locks payments if they were not locked, and [unlocked] is the leave of the
 * new lock then.
 */
@Throws(WalletException::class)
public fun Payments.setPin(unlocked: PaymentUnlock, pin: ByteArray): Unit = pin.lent { setPin(unlocked, it) }

/** Sets or changes the 32 random bytes that the app keeps behind a biometric prompt. */
@Throws(WalletException::class)
public fun Payments.setUnlockKey(unlocked: PaymentUnlock, key: ByteArray): Unit = key.lent { setUnlockKey(unlocked, it) }

/** Stores a one-time-password credential, given as an `otpauth` URI in UTF-8. */
@Throws(WalletException::class)
public fun OtpCredentials.addUri(uri: ByteArray): String = uri.lent { addUri(it) }

/** Logs in. On a device that the account does not know the second factor is asked for. */
@JvmOverloads
@Throws(WalletException::class)
public fun Account.logIn(at: AccountAt, password: ByteArray, secondFactor: SecondFactor? = null): LogInCall =
    password.lent { logIn(at, it, secondFactor) }

/** The code that was mailed, eight digits, and the password to be: at least 8 characters, 1 to 256 bytes of UTF-8. */
@Throws(WalletException::class)
public fun SignUp.code(code: String, password: ByteArray): FactorCall = password.lent { code(code, it) }

/** The new password, once the reset was proved. All sessions end with it: log in. */
@Throws(WalletException::class)
public fun Reset.finish(password: ByteArray): DoneCall = password.lent { finish(it) }

/** One of the recovery codes, however she wrote it. It is used up by it. */
@Throws(WalletException::class)
public fun SecondFactor.Companion.recoveryCode(code: ByteArray): SecondFactor = code.lent { recoveryCode(it) }

private inline fun <T> ByteArray.lent(use: (ByteBuffer) -> T): T {
    val buffer = ByteBuffer.allocateDirect(size)
    buffer.put(this).flip()
    try {
        return use(buffer)
    } finally {
        for (at in 0 until size) buffer.put(at, 0)
    }
}
