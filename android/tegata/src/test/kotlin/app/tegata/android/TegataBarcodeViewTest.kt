package app.tegata.android

import android.app.Activity
import android.content.pm.ApplicationInfo
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Insets
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.view.WindowInsets
import android.view.accessibility.AccessibilityNodeInfo
import android.widget.FrameLayout
import app.tegata.PaymentCode
import app.tegata.isDark
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

/** Its pictures are read by two scanners afterwards: `cargo xtask test android`. */
@RunWith(RobolectricTestRunner::class)
class TegataBarcodeViewTest {
    @get:Rule
    val phone = TestPhone()

    private val code by lazy { phone.code() }

    @Test
    fun `modules are whole pixels in every density and orientation`() {
        for (density in listOf("mdpi", "tvdpi", "hdpi", "xhdpi", "xxhdpi", "xxxhdpi")) {
            for (look in listOf("notnight", "night")) {
                for (turn in listOf("w360dp-h640dp-port", "w640dp-h360dp-land")) {
                    RuntimeEnvironment.setQualifiers("en-$turn-$look-$density")
                    val view = shown(CodeState.Shown(code, 25))
                    exact(picture(view.rootView, "$turn-$look-$density", code), view, code)
                }
            }
        }
    }

    @Test
    fun `the layout is stable with digits in large fonts`() {
        for ((name, scale) in mapOf("digits" to 1f, "large-digits" to 2f)) {
            RuntimeEnvironment.setFontScale(scale)
            RuntimeEnvironment.setQualifiers("en-w360dp-h640dp-port-xhdpi")
            val view = shownWithDigits()
            exact(picture(view.rootView, name, code), view, code)
        }
        RuntimeEnvironment.setQualifiers("en-w640dp-h360dp-land-xhdpi")
        picture(shownWithDigits().rootView, "large-digits-on-the-side", code)
    }

    @Test
    fun `right-to-left layouts draw the same symbols`() {
        val about = phone.app.applicationInfo
        about.flags = about.flags or ApplicationInfo.FLAG_SUPPORTS_RTL
        RuntimeEnvironment.setQualifiers("ar-ldrtl-w360dp-h640dp-port-xhdpi")
        val view = shownWithDigits()
        assertEquals(View.LAYOUT_DIRECTION_RTL, view.layoutDirection)
        exact(picture(view.rootView, "right-to-left", code), view, code)
    }

    @Test
    fun `the countdown line has contrast`() {
        val view = shown(CodeState.Shown(code, 0))
        for ((left, part) in mapOf(0 to 0f, 15 to 0.5f, 30 to 1f)) {
            view.show(CodeState.Shown(code, left))
            val bitmap = drawn(view)
            val line = (0 until view.width).map { bitmap.getPixel(it, view.height - 1) }.filter { it != Color.WHITE }
            assertEquals("$left", view.width * part, line.size.toFloat(), 1f)
            // What WCAG 2.2 asks of graphics that say something, in 1.4.11.
            for (colour in line.toSet()) assertTrue(1.05 / (Color.luminance(colour) + 0.05) >= 3)
        }
    }

    @Test
    fun `nothing is drawn in too small a space`() {
        RuntimeEnvironment.setQualifiers("w360dp-h640dp-mdpi")
        val view = shown(CodeState.Shown(code, 25))
        view.measure(exactly(186), exactly(400))
        view.layout(0, 0, 186, 400)
        view.showsDigits = false
        assertEquals(setOf(Color.WHITE), colours(drawn(view), 0 until 390))
        assertNull(BarcodeLayout.of(code.code128, code.qr, 186, 400))
        assertEquals(1, BarcodeLayout.of(code.code128, code.qr, 187, 400)!!.bars.module)
    }

    @Test
    fun `symbols are as large as their quiet zones allow`() {
        for (width in 187..1500 step 13) {
            for (height in 120..1500 step 17) {
                val layout = BarcodeLayout.of(code.code128, code.qr, width, height) ?: continue
                val (bars, matrix) = layout.bars to layout.matrix
                assertTrue(matrix.module >= bars.module)
                assertTrue(bars.left >= 10 * bars.module && bars.left + (167 + 10) * bars.module <= width)
                assertTrue(matrix.left >= 4 * matrix.module && matrix.left + (21 + 4) * matrix.module <= width)
                assertTrue(matrix.top - layout.barHeight - bars.top >= 4 * matrix.module)
                assertTrue(layout.bottom <= height)
            }
        }
    }

    @Test
    fun `a screen reader announces arrival and last seconds once`() {
        val view = shown(CodeState.Shown(code, 30))
        val heard = ArrayList<String>()
        for (left in 30 downTo 0) {
            view.show(CodeState.Shown(code, left))
            val said = view.contentDescription.toString()
            if (heard.lastOrNull() != said) heard.add(said)
        }
        val expected = listOf("Payment code. Hold it to the scanner.", "Payment code. A new one comes in ten seconds.")
        assertEquals(expected, heard.take(2))
        assertEquals(View.ACCESSIBILITY_LIVE_REGION_POLITE, view.accessibilityLiveRegion)
        assertFalse(heard.any { said -> said.any(Char::isDigit) })
    }

    @Test
    fun `digits are shown and spoken only on request`() {
        val view = shown(CodeState.Shown(code, 25))
        assertEquals("Show the digits", node(view).clickLabel())
        val height = view.measuredHeight
        assertTrue(view.performClick())
        idle()
        assertEquals("Payment code: ${code.spoken}", view.contentDescription)
        assertEquals("Hide the digits", node(view).clickLabel())
        assertTrue(view.measuredHeight > height)
        view.performClick()
        assertFalse(view.contentDescription.contains(code.spoken))
    }

    @Test
    fun `a screen reader speaks the user's language`() {
        RuntimeEnvironment.setQualifiers("ja-w360dp-h640dp-mdpi")
        assertEquals("お支払いコードです。スキャナーにかざしてください。", shown(CodeState.Shown(code, 25)).contentDescription)
        assertEquals("android.widget.ImageView", node(shown(CodeState.Shown(code, 25))).className)
    }

    @Test
    fun `without a code an empty card says so`() {
        val view = shown(CodeState.Shown(code, 25))
        view.clear()
        idle()
        assertEquals("No payment code", view.contentDescription)
        assertFalse(view.performClick())
        val bitmap = drawn(view)
        assertEquals(setOf(Color.WHITE), colours(bitmap, 0 until bitmap.height))
    }

    @Test
    fun `what replaces a code is as large and says why`() {
        val view = shown(CodeState.Shown(code, 25))
        val height = view.height
        for ((state, spoken) in mapOf(
            CodeState.Waiting(12) to "All codes for this half minute were shown. The next one comes by itself.",
            CodeState.Locked to "Locked. Payments lock when you leave the app",
        )) {
            view.show(state)
            idle()
            assertEquals(height, view.height)
            assertEquals(spoken, view.contentDescription)
            assertFalse(view.performClick())
            val bitmap = drawn(view)
            assertTrue(colours(bitmap, height / 2 - 20..height / 2 + 20).size > 1)
            assertEquals(setOf(Color.WHITE), colours(bitmap, 0 until height / 4))
        }
    }

    @Test
    fun `bars and cutouts of the system cover no part of a code`() {
        for ((name, turn) in mapOf(
            "edge-to-edge" to "w360dp-h640dp-port",
            "edge-to-edge-on-the-side" to "w640dp-h360dp-land",
        )) {
            RuntimeEnvironment.setQualifiers("en-$turn-xhdpi")
            val controller = phone.activity()
            controller.get().setTheme(android.R.style.Theme_DeviceDefault_NoActionBar)
            val activity = controller.setup().get()
            val view = TegataBarcodeView(activity).apply { show(CodeState.Shown(code, 25)) }
            activity.setContentView(view)
            idle()
            view.dispatchApplyWindowInsets(EDGES)
            idle()
            val bitmap = picture(view.rootView, name, code)
            val layout = BarcodeLayout.of(code.code128, code.qr, view.width - 132, view.height - 150 - 2 * line(view))!!
            val at = IntArray(2).also(view::getLocationInWindow)
            val pixel = { x: Int, y: Int -> bitmap.getPixel(at[0] + 92 + x, at[1] + 90 + y) }
            exactBars(layout, code, pixel)
            exactMatrix(layout, code, pixel)
            assertEquals(setOf(Color.WHITE), colours(bitmap, bitmap.height - 60 until bitmap.height))
        }
    }

    @Test
    fun `insets that do not reach the view change nothing`() {
        RuntimeEnvironment.setQualifiers("en-w360dp-h640dp-port-xhdpi")
        val activity = phone.activity().setup().get()
        val view = TegataBarcodeView(activity).apply { show(CodeState.Shown(code, 25)) }
        val frame = FrameLayout(activity).apply { setPadding(92, 90, 40, 60) }
        frame.addView(view, FrameLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT))
        activity.setContentView(frame)
        idle()
        val before = drawn(view)
        view.dispatchApplyWindowInsets(EDGES)
        idle()
        assertTrue(before.sameAs(drawn(view)))
    }

    @Test
    fun `the code is sensitive to services that are no aid`() {
        val view = shown(CodeState.Shown(code, 25))
        assertTrue(view.isAccessibilityDataSensitive)
        assertEquals(View.CONTENT_SENSITIVITY_SENSITIVE, view.contentSensitivity)
        val excluded = View.IMPORTANT_FOR_CONTENT_CAPTURE_NO_EXCLUDE_DESCENDANTS
        assertEquals(excluded, view.importantForContentCapture)
    }

    private fun shownWithDigits(): TegataBarcodeView {
        val view = shown(CodeState.Shown(code, 4)).apply { showsDigits = true }
        idle()
        return view
    }

    private fun shown(tick: CodeState.Shown): TegataBarcodeView {
        val controller = phone.activity()
        controller.get().setTheme(android.R.style.Theme_DeviceDefault_DayNight)
        val activity: Activity = controller.setup().get()
        val view = TegataBarcodeView(activity)
        view.show(tick)
        val frame = FrameLayout(activity).apply { addView(view, FrameLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT)) }
        activity.setContentView(frame)
        idle()
        return view
    }

    /** Every pixel of both symbols and of their quiet zones. */
    private fun exact(whole: Bitmap, view: TegataBarcodeView, code: PaymentCode) {
        val at = IntArray(2).also(view::getLocationInWindow)
        val pixel = { x: Int, y: Int -> whole.getPixel(at[0] + x, at[1] + y) }
        val below = view.height - (if (view.showsDigits) digitsHeight(view) else 0) - 2 * line(view)
        val layout = BarcodeLayout.of(code.code128, code.qr, view.width, below)!!
        exactBars(layout, code, pixel)
        exactMatrix(layout, code, pixel)
    }

    private fun exactBars(layout: BarcodeLayout, code: PaymentCode, pixel: (Int, Int) -> Int) {
        val (left, top, module) = layout.bars
        for (x in -10 * module until 177 * module) {
            val expected = if (code.code128.isDark(Math.floorDiv(x, module), 0)) Color.BLACK else Color.WHITE
            for (y in -4 * module until 0) assertEquals(Color.WHITE, pixel(left + x, top + y))
            for (y in listOf(0, layout.barHeight / 2, layout.barHeight - 1)) {
                assertEquals(expected, pixel(left + x, top + y))
            }
        }
    }

    private fun exactMatrix(layout: BarcodeLayout, code: PaymentCode, pixel: (Int, Int) -> Int) {
        val (left, top, module) = layout.matrix
        for (y in -4 * module until 25 * module) {
            for (x in -4 * module until 25 * module) {
                val isDark = code.qr.isDark(Math.floorDiv(x, module), Math.floorDiv(y, module))
                assertEquals(if (isDark) Color.BLACK else Color.WHITE, pixel(left + x, top + y))
            }
        }
    }

    private fun line(view: View): Int = (4 * view.resources.displayMetrics.density).toInt()

    private fun digitsHeight(view: TegataBarcodeView): Int {
        val spare = view.height - BarcodeLayout.heightFor(code.code128, code.qr, view.width) - 2 * line(view)
        return maxOf(spare, 0)
    }

    private fun drawn(view: View): Bitmap =
        Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888).also { view.draw(Canvas(it)) }

    private fun picture(view: View, name: String, code: PaymentCode): Bitmap {
        val bitmap = drawn(view)
        val folder = File(System.getProperty("tegata.pictures")!!).apply { mkdirs() }
        File(folder, "$name.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        File(folder, "$name.digits").writeText(code.digits)
        return bitmap
    }

    private fun colours(bitmap: Bitmap, rows: IntRange): Set<Int> =
        rows.flatMap { y -> (0 until bitmap.width).map { x -> bitmap.getPixel(x, y) } }.toSet()

    private companion object {
        /** A status bar, a navigation bar, and cutouts at both sides. */
        val EDGES: WindowInsets by lazy {
            WindowInsets.Builder()
                .setInsets(WindowInsets.Type.statusBars(), Insets.of(0, 90, 0, 0))
                .setInsets(WindowInsets.Type.navigationBars(), Insets.of(0, 0, 40, 60))
                .setInsets(WindowInsets.Type.displayCutout(), Insets.of(92, 0, 0, 0))
                .build()
        }
    }

    private fun exactly(size: Int) = View.MeasureSpec.makeMeasureSpec(size, View.MeasureSpec.EXACTLY)

    private fun node(view: View) = AccessibilityNodeInfo().also(view::onInitializeAccessibilityNodeInfo)

    private fun AccessibilityNodeInfo.clickLabel() =
        actionList.last { it.id == AccessibilityNodeInfo.ACTION_CLICK }.label
}
