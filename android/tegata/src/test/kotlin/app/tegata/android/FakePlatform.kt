package app.tegata.android

import android.security.keystore.KeyGenParameterSpec
import java.io.InputStream
import java.io.OutputStream
import java.security.AlgorithmParameters
import java.security.Key
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.KeyPairGeneratorSpi
import java.security.KeyStoreSpi
import java.security.PrivateKey
import java.security.Provider
import java.security.PublicKey
import java.security.SecureRandom
import java.security.Security
import java.security.Signature
import java.security.SignatureSpi
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.Cipher
import javax.crypto.CipherSpi
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.Mac
import javax.crypto.MacSpi
import javax.crypto.SecretKey

/** What a platform's keystore is asked to do, and can fail at. */
enum class Step { MAKE, LOOK_UP, BEGIN, FINISH, CERTIFY }

/**
 * A stand-in for the keystore that Robolectric lacks. It receives the real specifications, keeps them for tests to read,
 * and computes in software with keys that tell nobody their bytes. Of hardware it proves nothing.
 */
object FakePlatform : Provider(PLATFORM, "1", "keys in memory, faults on demand") {
    class StoredKey(val spec: KeyGenParameterSpec, val key: Held, val certificate: Certificate?)

    val made: MutableMap<String, StoredKey> = linkedMapOf()

    /** What each step was asked for, in order. */
    val asked: MutableList<Step> = ArrayList()

    /** Throws to refuse. */
    var judge: (Step, KeyGenParameterSpec?) -> Unit = { _, _ -> }

    /** The specifications of all keys ever asked for, granted or not. */
    val wished: MutableList<KeyGenParameterSpec> = ArrayList()

    init {
        serve("KeyStore", PLATFORM) { Store() }
        serve("KeyGenerator", "AES") { Secrets("AES") }
        serve("KeyGenerator", "HmacSHA256") { Secrets("HmacSHA256") }
        serve("KeyPairGenerator", "EC") { Pairs() }
        serve("Cipher", AES_GCM) { Sealing() }
        serve("Mac", "HmacSHA256") { Keyed() }
        serve("Signature", "SHA256withECDSA") { Signing() }
    }

    /** A factory-new device. */
    fun install() {
        forget()
        Security.insertProviderAt(this, 1)
    }

    fun forget() {
        Security.removeProvider(name)
        made.clear()
        asked.clear()
        wished.clear()
        judge = { _, _ -> }
    }

    /** Has [step] throw for so many calls; other steps and later calls go well. */
    fun fail(step: Step, fault: Exception, times: Int = Int.MAX_VALUE) {
        var left = times
        judge = { which, _ -> if (which == step && left-- > 0) throw fault }
    }

    private fun strike(step: Step, spec: KeyGenParameterSpec? = null) {
        asked.add(step)
        judge(step, spec)
    }

    private fun serve(type: String, algorithm: String, make: () -> Any) {
        putService(
            object : Service(this, type, algorithm, "app.tegata.android.FakePlatform", null, null) {
                override fun newInstance(parameter: Any?): Any = make()

                override fun supportsParameter(parameter: Any?): Boolean = parameter is Held
            },
        )
    }

    /** A key that is used here and tells nothing. */
    open class Held(val real: Key, val spec: KeyGenParameterSpec) : Key {
        override fun getAlgorithm(): String = real.algorithm

        override fun getFormat(): String? = null

        override fun getEncoded(): ByteArray? = null
    }

    class HeldSecret(real: Key, spec: KeyGenParameterSpec) :
        Held(real, spec),
        SecretKey

    class HeldPrivate(real: Key, spec: KeyGenParameterSpec) :
        Held(real, spec),
        PrivateKey

    private class Secrets(private val algorithm: String) : KeyGeneratorSpi() {
        private lateinit var spec: KeyGenParameterSpec

        override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()

        override fun engineInit(size: Int, random: SecureRandom?) = throw UnsupportedOperationException()

        override fun engineInit(parameters: AlgorithmParameterSpec, random: SecureRandom?) {
            spec = parameters as KeyGenParameterSpec
        }

        override fun engineGenerateKey(): SecretKey {
            wished.add(spec)
            strike(Step.MAKE, spec)
            val real = KeyGenerator.getInstance(algorithm, "SunJCE").apply { init(spec.keySize) }.generateKey()
            return HeldSecret(real, spec).also { made[spec.keystoreAlias] = StoredKey(spec, it, null) }
        }
    }

    private class Pairs : KeyPairGeneratorSpi() {
        private lateinit var spec: KeyGenParameterSpec

        override fun initialize(size: Int, random: SecureRandom?) = throw UnsupportedOperationException()

        override fun initialize(parameters: AlgorithmParameterSpec, random: SecureRandom?) {
            spec = parameters as KeyGenParameterSpec
        }

        override fun generateKeyPair(): KeyPair {
            wished.add(spec)
            strike(Step.MAKE, spec)
            val generator = KeyPairGenerator.getInstance("EC", "BC").apply { initialize(spec.algorithmParameterSpec) }
            val real = generator.generateKeyPair()
            val held = HeldPrivate(real.private, spec)
            made[spec.keystoreAlias] = StoredKey(spec, held, Vouched(real.public))
            return KeyPair(real.public, held)
        }
    }

    private class Vouched(private val key: PublicKey) : Certificate("X.509") {
        override fun getEncoded(): ByteArray = key.encoded

        override fun getPublicKey(): PublicKey = key

        override fun verify(by: PublicKey?) = Unit

        override fun verify(by: PublicKey?, provider: String?) = Unit

        override fun toString(): String = "vouched"
    }

    private class Sealing : CipherSpi() {
        private val real = Cipher.getInstance(AES_GCM, "SunJCE")

        override fun engineInit(mode: Int, key: Key, random: SecureRandom?) =
            engineInit(mode, key, null as AlgorithmParameterSpec?, random)

        override fun engineInit(mode: Int, key: Key, parameters: AlgorithmParameterSpec?, random: SecureRandom?) {
            key as Held
            strike(Step.BEGIN, key.spec)
            real.init(mode, key.real, parameters)
        }

        override fun engineInit(mode: Int, key: Key, parameters: AlgorithmParameters?, random: SecureRandom?) =
            throw UnsupportedOperationException()

        override fun engineUpdateAAD(bytes: ByteArray, offset: Int, length: Int) = real.updateAAD(bytes, offset, length)

        override fun engineUpdate(input: ByteArray, offset: Int, length: Int): ByteArray? =
            real.update(input, offset, length)

        override fun engineUpdate(input: ByteArray, offset: Int, length: Int, output: ByteArray, at: Int): Int =
            real.update(input, offset, length, output, at)

        override fun engineDoFinal(input: ByteArray, offset: Int, length: Int): ByteArray {
            strike(Step.FINISH)
            return real.doFinal(input, offset, length)
        }

        override fun engineDoFinal(input: ByteArray, offset: Int, length: Int, output: ByteArray, at: Int): Int =
            throw UnsupportedOperationException()

        override fun engineGetIV(): ByteArray = real.iv

        override fun engineGetBlockSize(): Int = real.blockSize

        override fun engineGetOutputSize(length: Int): Int = real.getOutputSize(length)

        override fun engineGetParameters(): AlgorithmParameters = real.parameters

        override fun engineSetMode(mode: String?) = Unit

        override fun engineSetPadding(padding: String?) = Unit
    }

    private class Keyed : MacSpi() {
        private val real = Mac.getInstance("HmacSHA256", "SunJCE")

        override fun engineGetMacLength(): Int = real.macLength

        override fun engineInit(key: Key, parameters: AlgorithmParameterSpec?) {
            strike(Step.BEGIN, (key as Held).spec)
            real.init(key.real)
        }

        override fun engineUpdate(input: Byte) = real.update(input)

        override fun engineUpdate(input: ByteArray, offset: Int, length: Int) = real.update(input, offset, length)

        override fun engineDoFinal(): ByteArray {
            strike(Step.FINISH)
            return real.doFinal()
        }

        override fun engineReset() = real.reset()
    }

    private class Signing : SignatureSpi() {
        private val real = Signature.getInstance("SHA256withECDSA", "BC")

        override fun engineInitSign(key: PrivateKey) {
            strike(Step.BEGIN, (key as Held).spec)
            real.initSign(key.real as PrivateKey)
        }

        override fun engineInitVerify(key: PublicKey) = real.initVerify(key)

        override fun engineUpdate(byte: Byte) = real.update(byte)

        override fun engineUpdate(bytes: ByteArray, offset: Int, length: Int) = real.update(bytes, offset, length)

        override fun engineSign(): ByteArray {
            strike(Step.FINISH)
            return real.sign()
        }

        override fun engineVerify(signature: ByteArray): Boolean = real.verify(signature)

        @Deprecated("of the interface")
        override fun engineSetParameter(name: String?, value: Any?) = throw UnsupportedOperationException()

        @Deprecated("of the interface")
        override fun engineGetParameter(name: String?): Any = throw UnsupportedOperationException()
    }

    private class Store : KeyStoreSpi() {
        override fun engineGetKey(alias: String, password: CharArray?): Key? {
            strike(Step.LOOK_UP)
            return made[alias]?.key
        }

        override fun engineGetCertificateChain(alias: String): Array<Certificate>? {
            strike(Step.CERTIFY)
            return made[alias]?.certificate?.let { arrayOf(it) }
        }

        override fun engineGetCertificate(alias: String): Certificate? = made[alias]?.certificate

        override fun engineDeleteEntry(alias: String) {
            made.remove(alias)
        }

        override fun engineAliases(): Enumeration<String> = Collections.enumeration(made.keys)

        override fun engineContainsAlias(alias: String): Boolean = alias in made

        override fun engineIsKeyEntry(alias: String): Boolean = alias in made

        override fun engineSize(): Int = made.size

        override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit

        override fun engineStore(stream: OutputStream?, password: CharArray?) = Unit

        override fun engineIsCertificateEntry(alias: String): Boolean = false

        override fun engineGetCertificateAlias(certificate: Certificate?): String? = null

        override fun engineGetCreationDate(alias: String): Date? = null

        override fun engineSetKeyEntry(alias: String, key: Key?, password: CharArray?, chain: Array<out Certificate>?) =
            throw UnsupportedOperationException()

        override fun engineSetKeyEntry(alias: String, key: ByteArray?, chain: Array<out Certificate>?) =
            throw UnsupportedOperationException()

        override fun engineSetCertificateEntry(alias: String, certificate: Certificate?) =
            throw UnsupportedOperationException()
    }
}
