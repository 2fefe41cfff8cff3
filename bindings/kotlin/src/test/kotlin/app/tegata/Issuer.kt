package app.tegata

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import java.util.UUID

/**
 * The issuer that the scenarios of an account need, a real one on this machine, and the way there, as an app has one:
 * `cargo xtask test kotlin` starts it.
 */
class Issuer {
    /** The response to the next request, in place of the issuer's. */
    var says: IssuerResponse? = null

    /** The request that was sent last. */
    var last: Map<String, Any?>? = null
        private set

    var name = "running"

    val url: String get() = environment(if (name == "stopped") "TEGATA_TEST_ISSUER_STOPPED" else "TEGATA_TEST_ISSUER")

    fun send(request: IssuerRequest): IssuerResponse {
        val address = URI(request.url)
        last = mapOf("method" to request.method, "path" to address.path, "headers" to request.headers.keys.sorted())
        check(request.headers.values.none { it.length > 20 && it in "$request" }) { "the request tells a secret" }
        says?.let { said ->
            says = null
            return said
        }
        val asked = HttpRequest.newBuilder(address).timeout(PATIENCE)
        asked.method(request.method, HttpRequest.BodyPublishers.ofByteArray(request.body))
        for ((header, value) in request.headers) asked.header(header, value)
        val answer = CLIENT.send(asked.build(), BodyHandlers.ofByteArray())
        return IssuerResponse(
            answer.statusCode(),
            answer.body(),
            answer.headers().firstValue("Retry-After").orElse(null),
            answer.headers().firstValue("Tegata-Challenge").orElse(null),
        )
    }

    /** The sandbox's card form, in which her holder enters this test card. */
    fun cardForm(card: String) = CardForm { setup ->
        val entry = JsonObject().apply {
            addProperty("client_secret", setup.revealClientSecret())
            addProperty("card", card)
        }
        val form = HttpRequest.newBuilder(URI("$url/dev/card-form")).timeout(PATIENCE)
        form.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString("$entry"))
        check(CLIENT.send(form.build(), BodyHandlers.ofString()).statusCode() == 200) { "the form cannot be filled in" }
    }

    /** Gives the card of a till of the running issuer. */
    fun tillShows(): String = asTill("/v1/till")["card"].asString

    /** Authorises this code at the till, and gives the result once it is known. */
    fun tillTakes(code: String, amount: Long): Map<String, Any?> {
        val reference = "${UUID.randomUUID()}"
        val sale = JsonObject().apply {
            addProperty("code", code)
            addProperty("amount", amount)
            addProperty("currency", "JPY")
            addProperty("reference", reference)
        }
        var payment = asTill("/v1/authorisations", sale)
        repeat(600) {
            val status = payment["status"].asString
            if (status != "pending") {
                return mapOf("status" to status, "reason" to payment["reason"]?.asString, "reference" to reference)
            }
            Thread.sleep(50)
            payment = asTill("/v1/authorisations/${payment["id"].asString}")
        }
        throw AssertionError("the payment stays pending")
    }

    private fun asTill(path: String, sale: JsonObject? = null): JsonObject {
        val asked = HttpRequest.newBuilder(URI(environment("TEGATA_TEST_ISSUER") + path)).timeout(PATIENCE)
        asked.header("Authorization", "Bearer ${environment("TEGATA_TEST_TILL")}")
        if (sale != null) {
            asked.header("Content-Type", "application/json").header("Idempotency-Key", sale["reference"].asString)
            asked.POST(HttpRequest.BodyPublishers.ofString("$sale"))
        }
        return JsonParser.parseString(CLIENT.send(asked.build(), BodyHandlers.ofString()).body()).asJsonObject
    }

    /** Waits for such a mail, and gives the code that stands alone in a line of the newest. */
    fun code(to: String, subject: String): String {
        val page = HttpRequest.newBuilder(URI(environment("TEGATA_TEST_MAILBOX"))).timeout(PATIENCE).build()
        repeat(600) {
            val mails = JsonParser.parseString(CLIENT.send(page, BodyHandlers.ofString()).body())
                .asJsonObject["mails"].asJsonArray.map { it.asJsonObject }
            val mail = mails.firstOrNull { it["to"].asString == to && subject in it["subject"].asString }
            if (mail != null) return CODE.find(mail["body"].asString)!!.groupValues[1]
            Thread.sleep(50)
        }
        throw AssertionError("no mail with this subject arrived: $subject")
    }

    private companion object {
        val PATIENCE: Duration = Duration.ofSeconds(40)
        val CLIENT: HttpClient =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).proxy(HttpClient.Builder.NO_PROXY).build()
        val CODE = Regex("(?m)^\\s*([0-9A-Z-]{8,})\\s*$")

        fun environment(name: String): String =
            checkNotNull(System.getenv(name)) { "$name is not set: cargo xtask test kotlin starts the issuer" }
    }
}
