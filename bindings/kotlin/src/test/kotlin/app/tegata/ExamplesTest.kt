package app.tegata

import java.io.File
import java.util.UUID
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The three examples of module.md, run: codes behind a PIN, a sign-up, a code for one till. */
class ExamplesTest {
    @TempDir
    lateinit var folder: File

    private val issuer = Issuer()

    @Test
    fun `codes are shown behind a PIN`() = runTest {
        val device = TestDevice(folder)
        device.create().use { wallet ->
            val id = PaymentUnlock.withoutLock().use { unlock ->
                wallet.add(unlock).also { wallet.payments.setPin(unlock, TestDevice.PIN) }
            }
            wallet.payments.unlockWithPin(TestDevice.PIN).use { unlock ->
                val codes = wallet.payments.codes(unlock, id).onEach { device.clock.set(it.nextAt) }.take(2).toList()
                assertEquals(2, codes.map { it.spoken }.toSet().size)
            }
        }
    }

    @Test
    fun `an account is signed up with the app's own client`() {
        Wallet.create(File(folder, "wallet"), SoftwareKeystore()).use { wallet ->
            assertEquals(10, wallet.signUp().size)
        }
    }

    @Test
    fun `a code for one till pays there`() {
        Wallet.create(File(folder, "wallet"), SoftwareKeystore()).use { wallet ->
            wallet.signUp()
            runBlocking { wallet.account.registerCard(issuer.cardForm("pm_card_visa")) { issuer.send(it) } }
            PaymentUnlock.withoutLock().use { unlock ->
                val id = wallet.account.provision().execute(unlock, "Hanako") { issuer.send(it) }
                val card = wallet.payments.readTillCard(id, issuer.tillShows())
                assertTrue(card.shop.isNotEmpty())
                val code = wallet.payments.nextCode(unlock, id, card.till).code()
                assertEquals("approved", issuer.tillTakes(code.digits, 1980)["status"])
            }
        }
    }

    /** Signs up, with the second factor stored in the wallet, and gives the recovery codes. */
    private fun Wallet.signUp(): List<String> {
        val address = "${UUID.randomUUID()}@example.org"
        val profile = AccountProfile(address, issuer.url, "Hanako's phone")
        val signUp = account.beginSignUp(profile, Language.ENGLISH).execute { issuer.send(it) }
        val mailed = issuer.code(address, "verification code")
        val enrolment =
            signUp.verifyCode(mailed, "four quiet herons on one leg".toByteArray()).execute { issuer.send(it) }
        val recoveryCodes = signUp.finish(enrolment.firstValue()).execute { issuer.send(it) }
        enrolment.storeInWallet(recoveryCodes.confirm(recoveryCodes.reveal()[0].toByteArray()))
        return recoveryCodes.reveal()
    }
}
