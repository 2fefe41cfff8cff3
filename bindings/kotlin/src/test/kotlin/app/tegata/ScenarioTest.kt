package app.tegata

import com.google.gson.GsonBuilder
import com.google.gson.ToNumberPolicy
import java.io.File
import java.util.UUID
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.io.TempDir

private typealias Fields = Map<String, Any?>

/** Runs bindings/scenarios.json: each verb is a case of [Run.perform], its arguments are the step's. */
class ScenarioTest {
    @TempDir
    lateinit var folder: File

    private val scenarios = file.list("scenarios").map { it.asFields() }

    @Test
    fun `each scenario has a name of its own, and steps`() {
        assertTrue(scenarios.isNotEmpty())
        assertEquals(scenarios.size, scenarios.map { it.text("name") }.toSet().size)
        assertTrue(scenarios.all { it.list("steps").isNotEmpty() })
    }

    @TestFactory
    fun scenarios(): List<DynamicTest> = scenarios.mapIndexed { number, scenario ->
        dynamicTest(scenario.text("name")) {
            Run(File(folder, "$number").apply { mkdir() }).use { run ->
                scenario.list("steps").forEachIndexed { at, step ->
                    run.step("${scenario.text("name")}: step ${at + 1}", step.asFields())
                }
            }
        }
    }

    companion object {
        /** Maven runs tests in the folder of its build file. */
        val tree = File("../..")
        val file: Fields = GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).create()
            .fromJson(File(tree, "bindings/scenarios.json").readText(), Any::class.java).asFields()
    }
}

/** One scenario on a device of its own, and the state that its steps share. */
private class Run(private val folder: File) : AutoCloseable {
    private var file = File(folder, "wallet")
    private val kept = File(folder, "kept")
    private val keystores = mapOf(1L to FakeKeystore(1), 2L to FakeKeystore(2))
    private var keystore = keystores.getValue(1)
    private val anchors = mutableMapOf<String, FakeAnchor>()

    /** The anchor of the present file: each wallet has one of its own. */
    private val anchor get() = anchors.getOrPut(file.name) { FakeAnchor() }
    private val clock = ManualClock(0)
    private var opened: Wallet? = null
    private val wallet get() = checkNotNull(opened) { "no wallet was opened" }
    private var unlock = PaymentUnlock.withoutLock()
    private val values = ScenarioTest.file.fields("values").toMutableMap()
    private val issuer = Issuer()
    private lateinit var signUp: SignUp
    private lateinit var reset: PasswordReset
    private lateinit var logInByCode: LogInByCode
    private lateinit var freezeByMailedCode: FreezeByMailedCode
    private lateinit var factor: FactorEnrolment
    private lateinit var recoveryCodes: RecoveryCodes

    fun step(place: String, step: Fields) {
        val verb = step.text("do")
        val arguments = Arguments(filled(step - "do" - "gives" - "fails" - "says" - "save").asFields())
        var came: String? = null
        val given = try {
            perform(verb, arguments)
        } catch (error: WalletException) {
            assertFalse(error.stackTraceToString().contains(SECRET), "$place, $verb: the error contains a secret")
            came = "${error.kind()}: $error"
            step["says"]?.let { assertEquals(it, error.shopperState().words(Language.JAPANESE), "$place, $verb") }
            null
        }
        assertEquals(emptySet<String>(), arguments.unread, "$place, $verb: unknown arguments")
        assertEquals(step["fails"], came, "$place, $verb")
        if ("gives" in step) check(filled(step["gives"]), given, "$place, $verb")
        step["save"]?.let { values[it as String] = given }
    }

    override fun close() {
        opened?.close()
    }

    private fun perform(verb: String, with: Arguments): Any? {
        when (verb) {
            "pick" -> return with.list("at").fold(with.optional("of")) { of, at ->
                if (at is Long) (of as List<*>)[at.toInt()] else (of as Map<*, *>)[at]
            }

            // Replaces the character at this place by another.
            "altered" -> return StringBuilder(with.text("text")).let {
                val at = with.number("at").toInt().let { at -> if (at < 0) it.length + at else at }
                it.setCharAt(at, if (it[at] == 'A') 'B' else 'A')
                "$it"
            }

            // The device
            "clock" -> clock.set(with.number("seconds"))
            "clock_now" -> clock.set(System.currentTimeMillis() / 1000 + (with.optional("plus") as Long? ?: 0))
            "signs" -> keystores.forEach { (number, it) -> it.signer = TestKey(File(folder, "key-$number").path) }
            // With the other device's key, while it gives out its own.
            "signs_wrong" -> keystores.getValue(1).forger = keystores.getValue(2).signer
            "device" -> keystore = keystores.getValue(with.number("number"))
            "keystore_throws" -> keystore.fault.throws(
                keystoreException(with.text("failure")),
                with.optional("times") as Long?,
            )
            "keystore_works" -> keystore.fault.throws(null)
            "keystore_knows" -> keystore.answers = with.fields("answers").mapValues { it.value as String }
            "public_key" -> return publicKeyInside(keystore).toHex()
            "sign" -> return signInside(keystore, with.bytes("message")).toHex()
            "anchor_throws" -> anchor.fault.throws(
                anchorException(with.text("failure")),
                with.optional("times") as Long?,
            )
            "anchor_works" -> anchor.fault.throws(null)
            "anchored" ->
                anchor.anchored =
                    AnchorState(with.bytes("vault"), with.number("epoch"), with.number("failed_pin_tries").toInt())

            // The file
            "file" -> file = File(folder, with.text("name"))
            "fixture" -> File(ScenarioTest.tree, with.text("file")).copyTo(file)
            "keep_file" -> file.copyTo(kept)
            "file_is_as_kept" -> return file.readBytes().contentEquals(kept.readBytes())
            "put_file_back" -> kept.copyTo(file, overwrite = true)

            // The wallet
            "create" -> opened = Wallet.create(file, keystore, anchor, clock)
            "open" -> opened = Wallet.open(file, keystore, anchor, clock)
            "adopt" -> opened = Wallet.openRolledBack(file, keystore, anchor, clock)
            "close" -> close()
            "destroy" -> Wallet.destroy(file)
            "rewrap" -> wallet.changeKeystore(keystores.getValue(with.number("number")))
            "replace_key" -> wallet.rekey()
            "replacing_key" -> return wallet.isRekeying
            "panic" -> panicInside(wallet.handle, SECRET)

            // Payments
            "add" -> return add(with.fields("payment"))
            "list_payments" -> return wallet.payments.list().map {
                mapOf("id" to it.id, "credential" to it.credential, "label" to it.label, "clock" to it.clock.text())
            }
            "next_code" -> return nextCode(
                with.text("id"),
                with.optional("till") as String?,
                with.optional("language") as String?,
            )
            "next_codes_at_once" -> return nextCodesAtOnce(with.list("ids"))
            "learn_time" -> wallet.payments.learnIssuerTime(with.text("id"), with.number("issuer"))
            "remove_payment" -> wallet.payments.remove(with.text("id"))
            "drop_all" -> wallet.payments.removeAll()

            // The payment lock
            "without_lock" -> unlock = PaymentUnlock.withoutLock()
            "lock" -> unlock.lock()
            "unlock_with_pin" -> unlock = wallet.payments.unlockWithPin(with.text("pin").toByteArray())
            "unlock_with_key" -> unlock = wallet.payments.unlockWithKey(with.bytes("key"))
            "set_pin" -> wallet.payments.setPin(unlock, with.text("pin").toByteArray())
            "set_unlock_key" -> wallet.payments.setUnlockKey(unlock, with.bytes("key"))
            "forget_unlock_key" -> wallet.payments.forgetUnlockKey()
            "remove_lock" -> wallet.payments.removeLock(unlock)
            "lock_status" -> return wallet.payments.lockStatus()?.let {
                mapOf("pin_tries_left" to it.pinTriesLeft?.toLong(), "key" to it.hasUnlockKey)
            }

            // One-time passwords and passes
            "add_otp" -> return wallet.otpCredentials.addUri(with.text("uri").toByteArray())
            "list_otps" -> return wallet.otpCredentials.list().map {
                mapOf("id" to it.id, "issuer" to it.issuer, "account" to it.account, "digits" to it.digits.toLong())
            }
            "otp_code" -> return wallet.otpCredentials.code(with.text("id")).let {
                mapOf("digits" to it.digits, "seconds_left" to it.secondsLeft)
            }
            "reveal_otp" -> return wallet.otpCredentials.revealUri(with.text("id")).decodeToString()
            "remove_otp" -> wallet.otpCredentials.remove(with.text("id"))
            "add_pass" -> {
                val format = PassFormat.valueOf(with.text("format").uppercase())
                return wallet.passes.add(
                    Pass(with.text("title"), format, with.text("message"), with.optional("alternate_text") as String?),
                )
            }
            "list_passes" -> return wallet.passes.list().map { (id, pass) ->
                mapOf(
                    "id" to id,
                    "title" to pass.title,
                    "format" to pass.format.name.lowercase(),
                    "message" to pass.message,
                    "alternate_text" to pass.alternateText,
                )
            }
            "draw_pass" -> return wallet.passes.symbol(with.text("id")).fields()
            "remove_pass" -> wallet.passes.remove(with.text("id"))

            // A new phone
            "move_begin" -> return wallet.transfer.request().fields()
            "move_waits" -> return wallet.transfer.pendingRequest()?.fields()
            "move_give_up" -> wallet.transfer.cancelRequest()
            "move_read" -> return wallet.transfer.readRequest(with.text("request")).fields()
            "move_give" -> {
                val chosen = with.list("chosen").map { it as String }
                val sealed = wallet.transfer.seal(unlock, with.text("request"), with.text("number"), chosen)
                return mapOf("text" to sealed.text, "qr" to sealed.qr?.fields())
            }
            "move_take" -> return wallet.transfer.receive(with.text("answer"))
            else -> return performAtIssuer(verb, with)
        }
        return null
    }

    private fun performAtIssuer(verb: String, with: Arguments): Any? {
        val account by lazy { wallet.account }
        when (verb) {
            // The issuer, a till there, and an owner of an account there
            "issuer" -> issuer.name = with.text("name")
            "issuer_says" -> issuer.says = IssuerResponse(
                with.number("status").toInt(),
                with.text("body").toByteArray(),
                with.optional("retry_after") as String?,
            )
            "last_request" -> return issuer.last
            "till_shows" -> return issuer.tillShows()
            "till_takes" -> return issuer.tillTakes(with.text("code"), with.number("amount"))
            "somebody" -> return "${UUID.randomUUID()}@example.org"
            "mail" -> return issuer.code(with.text("to"), with.text("subject"))

            // The account
            "known" -> return account.status()?.let {
                mapOf("handle" to it.profile.handle, "device" to it.profile.deviceName, "logged_in" to it.loggedIn)
            }
            "sign_up" -> signUp = account.beginSignUp(profile(with), Language.ENGLISH).execute(issuer::send)
            "sign_up_code" -> factor = signUp.verifyCode(with.text("code"), with.password()).execute(issuer::send)
            "sign_up_factor" -> {
                recoveryCodes = signUp.finish(with.text("totp")).execute(issuer::send)
                return recoveryCodes.reveal()
            }
            "first_value" -> return factor.firstValue()
            "keep_factor" ->
                return factor.storeInWallet(recoveryCodes.confirm(with.text("recovery_code").toByteArray()))
            "store_factor" -> {
                val uri = with.text("uri").toByteArray()
                val confirmed = recoveryCodes.confirm(with.text("recovery_code").toByteArray())
                return account.storeFactor(uri, confirmed)
            }
            "reveal_factor" -> return factor.revealUri().decodeToString()
            "log_in" -> {
                val call = account.logIn(profile(with), with.password(), with.secondFactor())
                return mapOf("must_enrol" to call.execute(issuer::send).mustEnrolFactor)
            }
            "log_in_code" -> logInByCode = account.requestLogInCode(profile(with)).execute(issuer::send)
            "log_in_by_code" -> {
                val call = logInByCode.logIn(with.text("code"), with.password(), with.secondFactor())
                return mapOf("must_enrol" to call.execute(issuer::send).mustEnrolFactor)
            }
            "reset" -> reset = account.beginPasswordReset(profile(with)).execute(issuer::send)
            "reset_by_recovery_code" -> {
                val code = with.text("recovery_code").toByteArray()
                reset = account.beginPasswordResetWithRecoveryCode(profile(with), code).execute(issuer::send)
            }
            "reset_proof" -> reset.verify(with.text("code"), with.secondFactor()!!).execute(issuer::send)
            "reset_finish" -> reset.finish(with.password()).execute(issuer::send)
            "overview" -> return account.overview().execute(issuer::send).fields()
            "prove" -> account.verifyFactor(with.text("totp")).execute(issuer::send)
            "enrol" -> factor = account.beginFactorEnrolment().execute(issuer::send)
            "enrol_code" -> account.confirmFactorEnrolment(with.text("totp")).execute(issuer::send)
            "renew_recovery_codes" -> {
                recoveryCodes = account.renewRecoveryCodes().execute(issuer::send)
                return recoveryCodes.reveal()
            }
            "log_out" -> account.logOut().execute(issuer::send)
            "drop_session" -> account.discardSession()
            "end_sessions" -> account.endSessions(with.optional("number") as Long?).execute(issuer::send)
            "forget_device" -> account.forgetDevice(with.text("id")).execute(issuer::send)
            "freeze" -> account.freeze().execute(issuer::send)
            "device_status" -> return account.deviceStatus().execute(issuer::send).let {
                mapOf(
                    "logged_in" to it.loggedIn,
                    "frozen" to it.frozen,
                    "stopped" to it.paymentsStopped,
                    "new_credential" to (it.newCredentialAt != null),
                    "new_device" to (it.newDeviceAt != null),
                )
            }
            "send_queued" -> {
                val queued = account.queuedRequest() ?: return false
                queued.execute(issuer::send)
                return true
            }
            "freeze_here" -> account.freezeFromDevice().execute(issuer::send)
            "end_here" -> account.endDeviceSessions().execute(issuer::send)
            "unfreeze" -> account.unfreeze(
                (with.optional("recovery_code") as String?)?.toByteArray(),
            ).execute(issuer::send)
            "freeze_by_factor" ->
                account.freezeByFactor(profile(with), with.secondFactor()!!).execute(issuer::send)
            "freeze_by_code" -> account.freezeByCode(profile(with), with.text("code")).execute(issuer::send)
            "freeze_code" ->
                freezeByMailedCode = account.requestFreezeCode(profile(with), null).execute(issuer::send)
            "freeze_by_mailed_code" -> freezeByMailedCode.freeze(with.text("code")).execute(issuer::send)
            "take_back" ->
                account.revertChanges(profile(with), with.text("code"), with.secondFactor()!!).execute(issuer::send)
            "close_account" -> account.requestDeletion().execute(issuer::send)
            "keep_account" -> account.cancelDeletion().execute(issuer::send)
            "provision" -> {
                val label = with.text("label")
                return account.provision().execute(unlock, label, issuer::send)
            }
            "confirm_credential" -> account.confirmCredential().execute(issuer::send)
            "provision_waits" -> return account.hasPendingProvision()
            "drop_provision" -> account.discardProvision()
            "cards" -> return cards(account.listCards())
            "begin_card_setup" -> return account.beginCardSetup().execute(issuer::send).id()
            "add_card" -> return cards(account.addCard(with.text("setup")))
            "register_card" -> return cards(
                runBlocking { account.registerCard(issuer.cardForm(with.text("card")), issuer::send) },
            )
            "charge_card" -> return cards(account.setDefaultCard(with.text("id")))
            "remove_card" -> return cards(account.removeCard(with.text("id")))
            "till_card" -> return wallet.payments.readTillCard(with.text("id"), with.text("text")).let {
                mapOf("till" to it.till, "shop" to it.shop, "issuer" to it.issuer)
            }
            "payments" ->
                return account.paymentHistory(with.optional("before") as String?).execute(issuer::send).fields()
            "kept_payments" -> return account.cachedPayments()?.fields()
            "move_address" -> account.changeAddress(with.text("address"), Language.ENGLISH).execute(issuer::send)
            "move_address_code" ->
                account.confirmAddressChange(with.text("address"), with.text("code")).execute(issuer::send)
            else -> throw AssertionError("there is no such verb: $verb")
        }
        return null
    }

    /** Gives the cards by their last digits, since those added in one second have no order. */
    private fun cards(call: CardsCall) = cards(call.execute(issuer::send))

    private fun cards(cards: List<AccountCard>) = cards.sortedBy { it.last4 }.map { it.fields() }

    private fun profile(with: Arguments) =
        AccountProfile(with.text("handle"), with.optional("issuer") as String? ?: issuer.url, "phone")

    private fun add(payment: Fields): String {
        val credential = payment.text("credential").fromHex()
        val period = payment["alias_period"] as Long
        val new = NewPaymentCredential(credential, payment.text("label"), payment.text("prefix"), period)
        return wallet.payments.add(unlock, new, payment.text("seed").fromHex())
    }

    private fun nextCode(id: String, till: String? = null, language: String? = null): Fields {
        val spelled = language?.let { Language.valueOf(it.uppercase()) }
        return when (val next = wallet.payments.nextCode(unlock, id, till, spelled)) {
            is NextCode.Code -> next.code.fields()
            is NextCode.Wait -> mapOf("wait" to next.seconds)
        }
    }

    private fun nextCodesAtOnce(ids: List<Any?>): List<String> {
        val threads = Executors.newFixedThreadPool(ids.size)
        try {
            val codes = threads.invokeAll(ids.map { id -> Callable { nextCode(id as String) } })
            return codes.map { it.get()["digits"] as String? ?: "wait" }.sorted()
        } finally {
            threads.shutdown()
        }
    }

    /** Replaces the names of saved values in it by the values. */
    private fun filled(value: Any?): Any? = when (value) {
        is Map<*, *> -> value.mapValues { filled(it.value) }
        is List<*> -> value.map { filled(it) }
        is String -> if (value.startsWith("$")) filled(values.getValue(value.drop(1))) else value
        else -> value
    }
}

/** Compares; of an object only the fields that are expected. */
private fun check(expected: Any?, given: Any?, place: String) {
    if (expected is Map<*, *> && given is Map<*, *>) {
        for ((name, value) in expected) check(value, given[name], "$place, $name")
    } else if (expected is List<*> && given is List<*>) {
        assertEquals(expected.size, given.size, "$place, length")
        expected.zip(given).forEachIndexed { at, (one, other) -> check(one, other, "$place, $at") }
    } else {
        assertEquals(expected, given, place)
    }
}

private fun PaymentCode.fields(): Fields = mapOf(
    "digits" to digits,
    "groups" to groups,
    "spoken" to spoken,
    "valid_from" to validFrom,
    "valid_until" to validUntil,
    "next_at" to nextAt,
    "next_in" to nextIn,
    "more_in_this_step" to moreInThisStep.toLong(),
    "qr" to qr.fields(),
    "code128" to code128.fields(),
)

private fun Symbol.fields(): Fields = mapOf(
    "width" to width.toLong(),
    "height" to height.toLong(),
    "rows" to rows.toHex(),
    "quiet_sides" to quietSides.toLong(),
    "quiet_ends" to quietEnds.toLong(),
    "bar_height" to barHeight?.toLong(),
)

private fun AccountOverview.fields(): Fields = mapOf(
    "address" to address,
    "devices" to devices.map { mapOf("id" to it.id, "name" to it.name, "is_this" to it.isThis) },
    "sessions" to sessions.map { mapOf("number" to it.number, "device" to it.device, "is_this" to it.isThis) },
    "recovery_codes_left" to recoveryCodesLeft,
    "must_enrol" to mustEnrolFactor,
    "frozen" to frozen,
    "closing" to deletionAt,
)

private fun TransferRequest.fields(): Fields = mapOf("text" to text, "number" to number, "qr" to qr.fields())

private fun AccountCard.fields(): Fields =
    mapOf("id" to id, "brand" to brand, "last4" to last4, "is_charged" to isDefault)

private fun PaymentPage.fields(): Fields =
    mapOf("payments" to payments.map { it.fields() }, "earlier" to hasEarlier, "seen" to fetchedAt)

private fun AccountPayment.fields(): Fields = mapOf(
    "number" to number,
    "shop" to shop,
    "reference" to reference,
    "amount" to amount,
    "currency" to currency,
    "shown" to formattedAmount,
    "state" to state.name.lowercase(),
    "time" to acceptedAt,
    "since" to stateSince,
)

/** Gives the name of the error, and of the problem if it has one. */
private fun WalletException.kind(): String? = when (this) {
    is WalletException.Issuer -> "Issuer ${problem::class.simpleName}"
    is WalletException.Transfer -> "Transfer ${problem.spelled()}"
    is WalletException.WeakPin -> "WeakPin ${problem.spelled()}"
    else -> this::class.simpleName
}

/** Writes the name of a problem as the other languages do. */
private fun Enum<*>.spelled(): String = name.split("_").joinToString("") { it.take(1) + it.drop(1).lowercase() }

private fun ClockStatus.text(): String = when (this) {
    is ClockStatus.Fine -> "fine"
    is ClockStatus.Ahead -> "ahead $seconds"
    is ClockStatus.Behind -> "behind $seconds"
    is ClockStatus.SetBack -> "set back $seconds"
}

private fun keystoreException(name: String): Throwable = when (name) {
    "Locked" -> KeystoreException.Locked()
    "KeyMissing" -> KeystoreException.KeyMissing()
    "KeyInvalidated" -> KeystoreException.KeyInvalidated()
    "WrongDevice" -> KeystoreException.WrongDevice()
    "Damaged" -> KeystoreException.Damaged()
    "Failed" -> KeystoreException.Failed()
    "unknown" -> IllegalStateException(SECRET)
    else -> throw AssertionError("a keystore does not throw $name")
}

private fun anchorException(name: String): Throwable = when (name) {
    "Locked" -> AnchorException.Locked()
    "Failed" -> AnchorException.Failed()
    "unknown" -> IllegalStateException(SECRET)
    else -> throw AssertionError("an anchor does not throw $name")
}

/** The arguments of a step, and those that no verb has read. */
private class Arguments(private val all: Fields) {
    val unread = all.keys.toMutableSet()

    fun optional(name: String): Any? = all[name].also { unread -= name }

    fun text(name: String): String = optional(name) as String

    fun bytes(name: String): ByteArray = text(name).fromHex()

    fun number(name: String): Long = optional(name) as Long

    fun list(name: String): List<Any?> = optional(name) as List<*>

    fun fields(name: String): Fields = optional(name).asFields()

    fun password(): ByteArray = text("password").toByteArray()

    fun secondFactor(): SecondFactor? {
        val totp = optional("totp") as String?
        val code = optional("recovery_code") as String?
        return if (totp != null) SecondFactor.totp(totp) else code?.let { SecondFactor.recoveryCode(it.toByteArray()) }
    }
}

private fun Any?.asFields(): Fields = (this as Map<*, *>).entries.associate { it.key as String to it.value }

private fun Fields.text(name: String): String = getValue(name) as String

private fun Fields.list(name: String): List<Any?> = getValue(name) as List<*>

private fun Fields.fields(name: String): Fields = getValue(name).asFields()
