package app.tegata.android

import android.os.Build
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

/** Opens the platform's key store. */
internal fun platformStore(): KeyStore = KeyStore.getInstance(PLATFORM).apply { load(null) }

internal fun KeyStore.key(alias: String): Key? = getKey(alias, null)

/** What a key asks of the hardware beyond its kind. Fewer options make a weaker key. */
internal data class KeyOptions(
    /** Whether the key is in a separate chip, and not in the main one. */
    val strongBox: Boolean,
    /** Whether the key is unusable while the screen is locked; from Android 15 on alone, see [allKeyOptions]. */
    val unlockedOnly: Boolean,
    /** Whether the manufacturer certifies where the key is. */
    val attested: Boolean = false,
)

/**
 * Gives all combinations, the strongest first. The lock screen's option goes last: it costs least and stops most thieves.
 *
 * Before Android 15 it is not asked for: Android 12 to 14 deletes such keys when the screen lock is removed, and refuses them
 * after an unlock by a weak face or a watch.
 */
internal fun allKeyOptions(attested: Boolean): List<KeyOptions> {
    val resting =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.VANILLA_ICE_CREAM) listOf(true, false) else listOf(false)
    val plain = resting.flatMap { listOf(KeyOptions(true, it), KeyOptions(false, it)) }
    return if (attested) plain.map { it.copy(attested = true) } + plain else plain
}

/** The options of the gate's key, which is always unusable without a finger or a face. */
internal val gateKeyOptions: List<KeyOptions> = listOf(KeyOptions(true, false), KeyOptions(false, false))

/**
 * Makes a key by the first of [options] that the device grants, and gives those. Granted means that [proof] worked as well:
 * some manufacturers' keystores make keys that they then refuse to use. Each option is tried twice, since a fault that
 * passes would make a weaker key for ever.
 */
@Suppress("TooGenericExceptionCaught") // the exceptions differ between manufacturers
internal fun makeWithOptions(
    caller: KeystoreCaller,
    options: List<KeyOptions>,
    make: (KeyOptions) -> Unit,
    proof: () -> Unit,
): KeyOptions {
    var refusal: Exception? = null
    var hasStrongBox = true
    for (wish in options) {
        if (wish.strongBox && !hasStrongBox) continue
        try {
            caller.insist {
                make(wish)
                proof()
            }
            return wish
        } catch (_: StrongBoxUnavailableException) {
            hasStrongBox = false
        } catch (fault: Exception) {
            refusal = fault
        }
    }
    throw refusal ?: StrongBoxUnavailableException()
}

/** Makes the key that wraps the wallet's key. */
internal fun makeWrappingKey(alias: String, options: KeyOptions) {
    val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
    generate(KeyProperties.KEY_ALGORITHM_AES, sealing(alias, purposes).withOptions(options).build())
}

/** Makes a key that needs a finger or a face for each use, and is invalidated once another is enrolled. */
@Api28("StrongBox")
internal fun makeBiometricKey(alias: String, strongBox: Boolean) {
    val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
    val spec = sealing(alias, purposes)
        .setUserAuthenticationRequired(true) // without a period: for each use, by strong biometrics alone
        .setInvalidatedByBiometricEnrollment(true)
        .setIsStrongBoxBacked(strongBox)
    generate(KeyProperties.KEY_ALGORITHM_AES, spec.build())
}

/** Makes the key of the function that checks a guess at a PIN. */
internal fun makeKeyedFunction(alias: String, options: KeyOptions) {
    val spec = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN).setKeySize(KEY_BITS).withOptions(options)
    generate(KeyProperties.KEY_ALGORITHM_HMAC_SHA256, spec.build())
}

/** Makes the key that signs as this device. */
internal fun makeSigningKey(alias: String, options: KeyOptions, challenge: ByteArray?) {
    val spec = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
        .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
        .setDigests(KeyProperties.DIGEST_SHA256)
        .withOptions(options)
    if (options.attested) spec.setAttestationChallenge(challenge)
    val generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PLATFORM)
    generator.apply { initialize(spec.build()) }.generateKeyPair()
}

private fun sealing(alias: String, purposes: Int) = KeyGenParameterSpec.Builder(alias, purposes)
    .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
    .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
    .setKeySize(KEY_BITS)

@Api28("StrongBox, keys unusable while the screen is locked")
private fun KeyGenParameterSpec.Builder.withOptions(options: KeyOptions) =
    setIsStrongBoxBacked(options.strongBox).setUnlockedDeviceRequired(options.unlockedOnly)

private fun generate(algorithm: String, spec: KeyGenParameterSpec) {
    KeyGenerator.getInstance(algorithm, PLATFORM).apply { init(spec) }.generateKey()
}
