package app.tegata

import java.io.File

/** A device in memory, and a wallet file in a folder. */
class TestDevice(folder: File) {
    val file = File(folder, "wallet")
    val keystore = SoftwareKeystore()
    val anchor = FakeAnchor()
    val clock = ManualClock(NOW)

    fun create(): Wallet = Wallet.create(file, keystore, anchor, clock)

    fun open(): Wallet = Wallet.open(file, keystore, anchor, clock)

    companion object {
        const val NOW = 1_800_000_007L
        val PIN = "739164".toByteArray()
    }
}

fun Wallet.add(unlock: PaymentUnlock): String =
    payments.add(unlock, NewPaymentCredential(ByteArray(16) { 1 }, "Ann", "4960", 86_400), ByteArray(32, Int::toByte))

fun NextCode.code(): PaymentCode = when (this) {
    is NextCode.Code -> code
    is NextCode.Wait -> error("has to wait $seconds s")
}
