package app.tegata.android

import java.io.File
import java.io.IOException

/**
 * What the phone granted for the keys of a wallet when they were made. Of the three keys the weakest counts.
 *
 * @property strongBox whether they are in a chip of their own, and not merely in the main chip's protected part.
 * @property restWhileLocked whether they are unusable while the screen is locked.
 * @property attested whether the manufacturer certifies where the signing key is; never without a challenge.
 */
public class KeyProtection internal constructor(
    public val strongBox: Boolean,
    public val restWhileLocked: Boolean,
    public val attested: Boolean,
)

/** What was granted, in a file beside the wallet: the platform does not say it of a key. */
internal class ProtectionFile(wallet: File) {
    private val file = DurableFile(File(wallet.path + ".keys"))

    @Throws(IOException::class)
    fun read(): KeyProtection? {
        val bytes = file.read()?.takeIf { it.size == 2 && it[0] == FORMAT } ?: return null
        val flags = bytes[1].toInt()
        return KeyProtection(flags and CHIP != 0, flags and RESTS != 0, flags and ATTESTED != 0)
    }

    @Throws(IOException::class)
    fun write(signing: KeyOptions, others: List<KeyOptions>) {
        val all = others + signing
        write(KeyProtection(all.all { it.strongBox }, all.all { it.unlockedOnly }, signing.attested))
    }

    /** Counts in a signing key that replaces the former one; does nothing if it is not known what the others have. */
    @Throws(IOException::class)
    fun replaceSigning(by: KeyOptions) {
        val former = read() ?: return
        write(KeyProtection(former.strongBox && by.strongBox, former.restWhileLocked && by.unlockedOnly, by.attested))
    }

    private fun write(granted: KeyProtection) {
        val flags = (if (granted.strongBox) CHIP else 0) or
            (if (granted.restWhileLocked) RESTS else 0) or
            (if (granted.attested) ATTESTED else 0)
        file.write(byteArrayOf(FORMAT, flags.toByte()))
    }

    @Throws(IOException::class)
    fun delete(): Unit = file.delete()

    private companion object {
        const val FORMAT: Byte = 1
        const val CHIP = 1
        const val RESTS = 2
        const val ATTESTED = 4
    }
}
