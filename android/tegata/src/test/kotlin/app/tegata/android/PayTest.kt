package app.tegata.android

import android.content.pm.ApplicationInfo
import app.tegata.AccountProfile
import app.tegata.CardForm
import app.tegata.IssuerProblem
import app.tegata.IssuerRequest
import app.tegata.Language
import app.tegata.NextCode
import app.tegata.PaymentCode
import app.tegata.PaymentUnlock
import app.tegata.Wallet
import app.tegata.WalletException
import app.tegata.confirm
import app.tegata.execute
import app.tegata.logIn
import app.tegata.registerCard
import app.tegata.setPin
import app.tegata.verifyCode
import java.util.UUID
import kotlinx.coroutines.runBlocking
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** The whole way, to the program that a shop runs: `cargo xtask test android` starts it, and adds a till. */
@RunWith(RobolectricTestRunner::class)
class PayTest {
    @get:Rule
    val phone = TestPhone()

    private val issuer = environment("TEGATA_TEST_ISSUER")
    private val transport by lazy { IssuerTransport(phone.app) }
    private val hanako = AccountProfile("${UUID.randomUUID()}@example.org", issuer, "Hanako's phone")
    private val password = "four quiet herons on one leg".toByteArray()

    @Before
    fun `this app can be debugged`() {
        phone.app.applicationInfo.flags = phone.app.applicationInfo.flags or ApplicationInfo.FLAG_DEBUGGABLE
    }

    @Test
    fun `sign up, provision, and pay once at a till`() {
        val wallet = Wallet.create(phone.file, phone.make(), FileAnchor(phone.file))
        wallet.use { runBlocking { signedUp(it) } }
        val digits = wallet().use { runBlocking { shown(it) } }
        val till = Till(environment("TEGATA_TEST_TILL"))
        assertEquals("approved", till.takes(digits, "sale-1"))
        assertEquals("declined used", till.takes(digits, "sale-2"))
    }

    @Test
    fun `a release app reaches no issuer on this machine`() {
        phone.app.applicationInfo.flags = phone.app.applicationInfo.flags and ApplicationInfo.FLAG_DEBUGGABLE.inv()
        Wallet.create(phone.file, phone.make(), FileAnchor(phone.file)).use {
            val call = it.account.beginSignUp(hanako, Language.ENGLISH)
            assertThrows(TransportException.NotOverTls::class.java) {
                runBlocking { call.execute { transport.send(it) } }
            }
        }
    }

    @Test
    fun `a refusal arrives as the issuer's problem`() {
        Wallet.create(phone.file, phone.make(), FileAnchor(phone.file)).use {
            val call = it.account.logIn(hanako, password)
            val no =
                assertThrows(WalletException.Issuer::class.java) { runBlocking { call.execute { transport.send(it) } } }
            assertTrue(no.problem is IssuerProblem.InvalidCredentials)
        }
    }

    /** Her account, with a second factor on this phone and a card. The PIN first: session and factor are under it. */
    private suspend fun signedUp(wallet: Wallet) = PaymentUnlock.withoutLock().use { unlock ->
        wallet.payments.setPin(unlock, PIN.toByteArray())
        val signUp = wallet.account.beginSignUp(hanako, Language.ENGLISH).execute { transport.send(it) }
        val factor = signUp.verifyCode(mailed(), password).execute { transport.send(it) }
        val recoveryCodes = signUp.finish(factor.firstValue()).execute { transport.send(it) }
        assertEquals(10, recoveryCodes.reveal().size)
        factor.storeInWallet(recoveryCodes.confirm(recoveryCodes.reveal()[0].toByteArray()))
        val cards = wallet.account.registerCard(cardForm) { transport.send(it) }
        assertEquals(listOf("4242"), cards.map { it.last4 })
    }

    /** The sandbox's card form, which she fills in. */
    private val cardForm = CardForm { setup ->
        val entry = JSONObject().put("client_secret", setup.revealClientSecret()).put("card", "pm_card_visa")
        assertEquals("succeeded", at("$issuer/dev/card-form", "POST", entry).getString("result"))
    }

    /** The digits of the code on her screen, after she typed her PIN. */
    private suspend fun shown(wallet: Wallet): String {
        val gate = PaymentGate(wallet.payments, phone.file)
        return gate.unlockWithPin(PIN.toByteArray()).use { unlock ->
            val id = wallet.account.provision().execute(unlock, "Hanako") { transport.send(it) }
            val code = code(wallet, unlock, id)
            TegataBarcodeView(phone.activity().setup().get()).show(CodeState.Shown(code, 30))
            code.digits
        }
    }

    private fun code(wallet: Wallet, unlock: PaymentUnlock, id: String): PaymentCode =
        (wallet.payments.nextCode(unlock, id) as NextCode.Code).code

    private fun wallet() = Wallet.open(phone.file, phone.keystore, FileAnchor(phone.file))

    /** The eight digits of the mail, once it has come. */
    private suspend fun mailed(): String {
        repeat(600) {
            val mails = at(environment("TEGATA_TEST_MAILBOX"), "GET").getJSONArray("mails")
            val all = (0 until mails.length()).map(mails::getJSONObject)
            val mail = all.firstOrNull { it.getString("to") == hanako.handle }
            if (mail != null) return Regex("(?m)^\\s*(\\d{8})\\s*$").find(mail.getString("body"))!!.groupValues[1]
            Thread.sleep(50)
        }
        throw AssertionError("no mail came")
    }

    private inner class Till(private val token: String) {
        fun takes(code: String, sale: String): String = runBlocking {
            val body = JSONObject().put("code", code).put("amount", 120).put("currency", "JPY").put("reference", sale)
            val headers = mapOf("Authorization" to "Bearer $token", "Idempotency-Key" to sale)
            var payment = at("$issuer/v1/authorisations", "POST", body, headers)
            // The card is charged by a job, within seconds.
            repeat(600) {
                if (payment.getString("status") != "pending") return@repeat
                Thread.sleep(50)
                payment = at("$issuer/v1/authorisations/${payment.getString("id")}", "GET", null, headers)
            }
            listOfNotNull(payment.getString("status"), payment.optString("reason").ifEmpty { null }).joinToString(" ")
        }
    }

    /** What others than the wallet ask. */
    private suspend fun at(
        url: String,
        method: String,
        body: JSONObject? = null,
        headers: Map<String, String> = emptyMap(),
    ): JSONObject {
        val answer = if (method == "GET") get(url, headers) else post(url, body, headers)
        return JSONObject(answer)
    }

    private suspend fun post(url: String, body: JSONObject?, headers: Map<String, String>): String {
        val all = headers + ("Content-Type" to "application/json")
        return transport.send(IssuerRequest("POST", url, all, "$body".toByteArray(), false)).body.decodeToString()
    }

    private fun get(url: String, headers: Map<String, String>): String {
        val connection = java.net.URI(url).toURL().openConnection()
        for ((name, value) in headers) connection.setRequestProperty(name, value)
        return connection.getInputStream().readBytes().decodeToString()
    }

    private companion object {
        const val PIN = "739164"

        fun environment(name: String): String =
            checkNotNull(System.getenv(name)) { "$name is not set: cargo xtask test android starts the issuer" }
    }
}
