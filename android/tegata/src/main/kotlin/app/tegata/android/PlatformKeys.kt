package app.tegata.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import java.security.Key
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.spec.ECGenParameterSpec
import javax.crypto.KeyGenerator

/** The provider that keeps keys where no app can read them. */
internal const val PLATFORM = "AndroidKeyStore"

internal const val AES_GCM = "AES/GCM/NoPadding"
internal const val NONCE_BYTES = 12
internal const val TAG_BITS = 128
private const val KEY_BITS = 256

/** The store itself, empty of state of ours. */
internal fun platformStore(): KeyStore = KeyStore.getInstance(PLATFORM).apply { load(null) }

internal fun KeyStore.key(alias: String): Key? = getKey(alias, null)

/** What is asked of the hardware beyond the kind of key. Fewer wishes make a weaker key. */
internal data class Wishes(
    /** A chip of its own, rather than a corner of the main one. */
    val strongBox: Boolean,
    /** That the key rests while the screen is locked. */
    val unlockedOnly: Boolean,
    /** That the maker vouches for where the key is. */
    val attested: Boolean = false,
)

/** All there is, the strongest first. The lock screen's part goes last: it costs least and guards against most thieves. */
internal fun allWishes(attested: Boolean): List<Wishes> {
    val plain = listOf(Wishes(true, true), Wishes(false, true), Wishes(true, false), Wishes(false, false))
    return if (attested) plain.map { it.copy(attested = true) } + plain else plain
}

/**
 * Makes a key by the first of [wishes] that the device grants. Granted means that [proof] worked as well: some makers'
 * keystores make keys that they then refuse to use.
 */
@Suppress("TooGenericExceptionCaught") // what a refusal throws differs from maker to maker
internal fun makeByWishes(wishes: List<Wishes>, make: (Wishes) -> Unit, proof: () -> Unit) {
    var refusal: Exception? = null
    var hasStrongBox = true
    for (wish in wishes) {
        if (wish.strongBox && !hasStrongBox) continue
        try {
            make(wish)
            proof()
            return
        } catch (_: StrongBoxUnavailableException) {
            hasStrongBox = false
        } catch (fault: Exception) {
            refusal = fault
        }
    }
    throw refusal ?: StrongBoxUnavailableException()
}

/** Seals and opens: what wraps the wallet's key. */
internal fun makeWrappingKey(alias: String, wishes: Wishes) {
    val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
    generate(KeyProperties.KEY_ALGORITHM_AES, sealing(alias, purposes).wishing(wishes).build())
}

/** Seals and opens after a finger or a face each time, and never again once another was enrolled. */
@SinceNine("StrongBox")
internal fun makeBiometricKey(alias: String, strongBox: Boolean) {
    val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
    val spec = sealing(alias, purposes)
        .setUserAuthenticationRequired(true) // without a period: for each use, by strong biometrics alone
        .setInvalidatedByBiometricEnrollment(true)
        .setIsStrongBoxBacked(strongBox)
    generate(KeyProperties.KEY_ALGORITHM_AES, spec.build())
}

/** Answers a guess at a PIN. */
internal fun makeKeyedFunction(alias: String, wishes: Wishes) {
    val spec = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN).setKeySize(KEY_BITS).wishing(wishes)
    generate(KeyProperties.KEY_ALGORITHM_HMAC_SHA256, spec.build())
}

/** Signs as this device. */
internal fun makeSigningKey(alias: String, wishes: Wishes, challenge: ByteArray?) {
    val spec = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
        .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
        .setDigests(KeyProperties.DIGEST_SHA256)
        .wishing(wishes)
    if (wishes.attested) spec.setAttestationChallenge(challenge)
    val generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PLATFORM)
    generator.apply { initialize(spec.build()) }.generateKeyPair()
}

private fun sealing(alias: String, purposes: Int) = KeyGenParameterSpec.Builder(alias, purposes)
    .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
    .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
    .setKeySize(KEY_BITS)

@SinceNine("StrongBox, keys that rest while the screen is locked")
private fun KeyGenParameterSpec.Builder.wishing(wishes: Wishes) =
    setIsStrongBoxBacked(wishes.strongBox).setUnlockedDeviceRequired(wishes.unlockedOnly)

private fun generate(algorithm: String, spec: KeyGenParameterSpec) {
    KeyGenerator.getInstance(algorithm, PLATFORM).apply { init(spec) }.generateKey()
}
