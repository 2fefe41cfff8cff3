@file:JvmName("Secrets")

package app.tegata

import java.nio.ByteBuffer

/*
 * Secrets as arrays. The library reads them from memory outside of the heap, where no garbage collector copies them;
 * that memory is wiped after the call. The array is the caller's: wipe it after use, as by `pin.fill(0)`.
 */

/** Opens the payment lock by the PIN, as it was typed. Takes some hundred milliseconds by design: not on the main thread. */
@Throws(WalletException::class)
public fun Payments.unlockWithPin(pin: ByteArray): PaymentUnlock = pin.withDirectBuffer { unlockWithPin(it) }

/** Opens the payment lock by the 32 bytes that the app keeps behind a biometric prompt. */
@Throws(WalletException::class)
public fun Payments.unlockWithKey(key: ByteArray): PaymentUnlock = key.withDirectBuffer { unlockWithKey(it) }

/** Stores a credential, under the payment lock if there is one. The seed has 32 bytes, goes in and never comes out. */
@Throws(WalletException::class)
public fun Payments.add(unlock: PaymentUnlock, new: NewPaymentCredential, seed: ByteArray): String =
    seed.withDirectBuffer { add(unlock, new, it) }

/**
 * Sets the PIN, or changes it: 6 to 64 digits that are not easy to guess. Locks payments if they were not locked, and
 * [unlock] opens the new lock then.
 */
@Throws(WalletException::class)
public fun Payments.setPin(unlock: PaymentUnlock, pin: ByteArray): Unit = pin.withDirectBuffer { setPin(unlock, it) }

/** Sets or changes the 32 random bytes that the app keeps behind a biometric prompt. */
@Throws(WalletException::class)
public fun Payments.setUnlockKey(unlock: PaymentUnlock, key: ByteArray): Unit =
    key.withDirectBuffer { setUnlockKey(unlock, it) }

/** Stores a one-time-password credential, given as an `otpauth` URI in UTF-8. */
@Throws(WalletException::class)
public fun OtpCredentials.addUri(uri: ByteArray): String = uri.withDirectBuffer { addUri(it) }

/** Checks one of the codes as its owner typed it back, before the second factor may be kept in this wallet. */
@Throws(WalletException::class)
public fun RecoveryCodes.confirm(typed: ByteArray): ConfirmedRecoveryCodes = typed.withDirectBuffer { confirm(it) }

/** Stores the account's second factor that is on another device too, given as its `otpauth` URI in UTF-8. */
@Throws(WalletException::class)
public fun Account.storeFactor(uri: ByteArray, confirmed: ConfirmedRecoveryCodes): String =
    uri.withDirectBuffer { storeFactor(it, confirmed) }

/** Logs in. A device that the account does not know needs the second factor. */
@JvmOverloads
@Throws(WalletException::class)
public fun Account.logIn(profile: AccountProfile, password: ByteArray, secondFactor: SecondFactor? = null): LogInCall =
    password.withDirectBuffer { logIn(profile, it, secondFactor) }

/** Logs in with the code that was mailed, eight digits. A code counts for five passwords. */
@JvmOverloads
@Throws(WalletException::class)
public fun LogInByCode.logIn(code: String, password: ByteArray, secondFactor: SecondFactor? = null): LogInCall =
    password.withDirectBuffer { logIn(code, it, secondFactor) }

/**
 * Begins a reset with one of the recovery codes, which is not used up by it: the code is mailed at once, however many
 * others asked for the address.
 */
@Throws(WalletException::class)
public fun Account.beginPasswordResetWithRecoveryCode(
    profile: AccountProfile,
    code: ByteArray,
): BeginPasswordResetCall = code.withDirectBuffer { beginPasswordResetWithRecoveryCode(profile, it) }

/** Sends the code that was mailed, eight digits, and the password to be: at least 8 characters, 1 to 256 bytes of UTF-8. */
@Throws(WalletException::class)
public fun SignUp.verifyCode(code: String, password: ByteArray): FactorEnrolmentCall =
    password.withDirectBuffer { verifyCode(code, it) }

/** Sends the new password, once the reset was verified. All sessions end with it: log in. */
@Throws(WalletException::class)
public fun PasswordReset.finish(password: ByteArray): ActionCall = password.withDirectBuffer { finish(it) }

/** Takes one of the recovery codes, however its owner wrote it. It is used up by it. */
@Throws(WalletException::class)
public fun SecondFactor.Companion.recoveryCode(code: ByteArray): SecondFactor =
    code.withDirectBuffer { recoveryCode(it) }

private inline fun <T> ByteArray.withDirectBuffer(use: (ByteBuffer) -> T): T {
    val buffer = ByteBuffer.allocateDirect(size)
    buffer.put(this).flip()
    try {
        return use(buffer)
    } finally {
        for (at in 0 until size) buffer.put(at, 0)
    }
}
