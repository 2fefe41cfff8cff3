package app.tegata.android

import android.content.Context
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.graphics.Rect
import android.os.Build
import android.text.StaticLayout
import android.text.TextPaint
import android.util.AttributeSet
import android.util.TypedValue
import android.view.View
import android.view.WindowInsets
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeInfo.AccessibilityAction
import android.widget.ImageView
import app.tegata.PaymentCode
import app.tegata.Symbol
import app.tegata.isDark

/**
 * Shows a payment code for tills: bars above a matrix, black on a white card whatever the theme, as large as fits in whole
 * pixels. Below them are the time left, and the digits after a tap. While there is no code, the same card says why.
 *
 * A screen reader announces the code and, once, the last ten seconds; the digits only when they are shown.
 * System bars and cutouts cover none of it, on Android 15, too, where windows reach from edge to edge.
 * Nothing is drawn where the space is too small for scanners: give it at least 187 pixels of width.
 */
public class TegataBarcodeView @JvmOverloads public constructor(context: Context, attributes: AttributeSet? = null) :
    View(context, attributes) {
    private val black = Paint().apply { color = Color.BLACK }
    private val calm = Paint().apply { color = CALM }
    private val letters = TextPaint(Paint.ANTI_ALIAS_FLAG).apply {
        color = Color.BLACK
        textAlign = Paint.Align.CENTER
    }
    private val line = TypedValue.applyDimension(TypedValue.COMPLEX_UNIT_DIP, LINE_DP, resources.displayMetrics).toInt()
    private var state: CodeState? = null

    /** How far system bars and cutouts reach into the window, and into this view as it was laid out last. */
    private var obstructions = Rect()
    private var covered = Rect()
    private val shown: PaymentCode? get() = (state as? CodeState.Shown)?.code

    /** The height of the last symbols at a width, so that what replaces them is as large. */
    private var symbols: Pair<Int, Int>? = null

    /** Whether the digits are shown below and read by a screen reader. A tap changes it. */
    public var showsDigits: Boolean = false
        set(value) {
            field = value
            changed(sizes = true)
        }

    init {
        isFocusable = true
        isClickable = true
        importantForAccessibility = IMPORTANT_FOR_ACCESSIBILITY_YES
        accessibilityLiveRegion = ACCESSIBILITY_LIVE_REGION_POLITE
        setWillNotDraw(false)
        keepLight()
        keepPrivate()
        describe()
    }

    /** Shows a code and its countdown, or in its place why there is none. Call it on the main thread. */
    public fun show(state: CodeState): Unit = replace(state)

    /** Shows an empty card. */
    public fun clear(): Unit = replace(null)

    private fun replace(next: CodeState?) {
        val hadCode = shown != null
        state = next
        changed(sizes = hadCode != (shown != null))
    }

    override fun performClick(): Boolean {
        super.performClick()
        if (shown == null) return false
        showsDigits = !showsDigits
        return true
    }

    override fun onInitializeAccessibilityNodeInfo(info: AccessibilityNodeInfo) {
        super.onInitializeAccessibilityNodeInfo(info)
        info.className = ImageView::class.java.name
        if (shown == null) return
        val label = if (showsDigits) R.string.tegata_hide_digits else R.string.tegata_show_digits
        info.addAction(AccessibilityAction(AccessibilityNodeInfo.ACTION_CLICK, context.getString(label)))
    }

    override fun onApplyWindowInsets(insets: WindowInsets): WindowInsets {
        // A view that fits the system's windows gets them as its padding.
        obstructions = if (fitsSystemWindows) Rect() else insets.obstructions()
        requestLayout()
        return super.onApplyWindowInsets(insets)
    }

    override fun onLayout(changed: Boolean, left: Int, top: Int, right: Int, bottom: Int) {
        super.onLayout(changed, left, top, right, bottom)
        val now = covered(obstructions)
        if (now == covered) return
        covered = now
        invalidate()
        post(::requestLayout) // not in the middle of a layout
    }

    override fun onMeasure(widthSpec: Int, heightSpec: Int) {
        val width = getDefaultSize(suggestedMinimumWidth, widthSpec)
        val inner = width - startX - endX
        val wanted = symbolsHeight(inner) + belowSymbols(inner) + startY + endY
        setMeasuredDimension(width, resolveSize(wanted, heightSpec))
    }

    /* What the padding or the system takes on each side. */
    private val startX: Int get() = paddingLeft + covered.left
    private val endX: Int get() = paddingRight + covered.right
    private val startY: Int get() = paddingTop + covered.top
    private val endY: Int get() = paddingBottom + covered.bottom

    private fun symbolsHeight(width: Int): Int {
        shown?.let { symbols = width to BarcodeLayout.heightFor(it.code128, it.qr, width) }
        return symbols?.takeIf { it.first == width }?.second ?: width
    }

    override fun onDraw(canvas: Canvas) {
        canvas.drawColor(Color.WHITE)
        val width = width - startX - endX
        val height = height - startY - endY
        val code = shown ?: return drawReason(canvas, width, height)
        val layout = BarcodeLayout.of(code.code128, code.qr, width, height - belowSymbols(width)) ?: return
        canvas.translate(startX.toFloat(), startY.toFloat())
        canvas.draw(code.code128, layout.bars, layout.barHeight)
        canvas.draw(code.qr, layout.matrix, layout.matrix.module)
        drawDigits(canvas, code, layout.bottom, width)
        drawTime(canvas, code, width, height)
    }

    /** Writes in the middle of the card why there is no code. */
    private fun drawReason(canvas: Canvas, width: Int, height: Int) {
        val reason = when (val state = state) {
            is CodeState.Waiting -> context.getString(R.string.tegata_waiting, state.seconds)
            CodeState.Locked -> context.getString(R.string.tegata_locked)
            else -> return
        }
        letters.textSize = TypedValue.applyDimension(TypedValue.COMPLEX_UNIT_SP, DIGITS_SP, resources.displayMetrics)
        val lines = StaticLayout.Builder.obtain(reason, 0, reason.length, letters, width).build()
        canvas.translate(startX + width / 2f, startY + (height - lines.height) / 2f)
        lines.draw(canvas)
    }

    private fun drawDigits(canvas: Canvas, code: PaymentCode, top: Int, width: Int) {
        val lines = digitLines(code, width)
        val spacing = letters.fontSpacing
        lines.forEachIndexed { at, text ->
            canvas.drawText(text, width / 2f, top - letters.ascent() + at * spacing, letters)
        }
    }

    /** Draws a line as long as the time left, around the middle, so that it is the same in right-to-left languages. */
    private fun drawTime(canvas: Canvas, code: PaymentCode, width: Int, height: Int) {
        val whole = (code.nextAt - code.validFrom).coerceAtLeast(1)
        val half = width / 2f * secondsLeft().coerceIn(0, whole.toInt()) / whole
        canvas.drawRect(width / 2f - half, (height - line).toFloat(), width / 2f + half, height.toFloat(), calm)
    }

    private fun secondsLeft(): Int = (state as? CodeState.Shown)?.secondsLeft ?: 0

    private fun belowSymbols(width: Int): Int {
        val code = shown ?: return 2 * line
        return (digitLines(code, width).size * letters.fontSpacing).toInt() + 2 * line
    }

    /** Writes the digits in one line, or in two for large fonts; in a smaller font only where that is too wide. */
    private fun digitLines(code: PaymentCode, width: Int): List<String> {
        if (!showsDigits) return emptyList()
        letters.textSize = TypedValue.applyDimension(TypedValue.COMPLEX_UNIT_SP, DIGITS_SP, resources.displayMetrics)
        if (letters.measureText(code.groups) <= width) return listOf(code.groups)
        val groups = code.groups.split(' ')
        val lines = groups.chunked((groups.size + 1) / 2).map { it.joinToString(" ") }
        val widest = lines.maxOf(letters::measureText)
        if (widest > width) letters.textSize *= width / widest
        return lines
    }

    private fun changed(sizes: Boolean) {
        describe()
        if (sizes) requestLayout()
        invalidate()
    }

    /** Sets the description only where it changes, since each change is read out. */
    private fun describe() {
        val words = when (val state = state) {
            null -> context.getString(R.string.tegata_no_code)
            CodeState.Locked -> context.getString(R.string.tegata_locked)
            is CodeState.Waiting -> context.getString(R.string.tegata_waiting_spoken)
            is CodeState.Shown -> when {
                showsDigits -> context.getString(R.string.tegata_code_with_digits, state.code.spoken)
                state.secondsLeft in 1..SOON -> context.getString(R.string.tegata_code_ends)
                else -> context.getString(R.string.tegata_code)
            }
        }
        if (words != contentDescription?.toString()) contentDescription = words
    }

    /** Switches off forced dark themes, which would draw white bars on black. */
    @RequiresApiLevel(Build.VERSION_CODES.Q)
    private fun keepLight() {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) isForceDarkAllowed = false
    }

    /** Keeps the digits from content capture, from accessibility services that are no aid, and from shared screens. */
    @RequiresApiLevel(Build.VERSION_CODES.VANILLA_ICE_CREAM)
    private fun keepPrivate() {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            importantForContentCapture = IMPORTANT_FOR_CONTENT_CAPTURE_NO_EXCLUDE_DESCENDANTS
        }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE) {
            setAccessibilityDataSensitive(ACCESSIBILITY_DATA_SENSITIVE_YES)
        }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.VANILLA_ICE_CREAM) {
            contentSensitivity = CONTENT_SENSITIVITY_SENSITIVE
        }
    }

    /** Draws each run of dark modules as one rectangle, without seams. */
    private fun Canvas.draw(symbol: Symbol, at: Placed, rowHeight: Int) {
        for (y in 0 until symbol.height) {
            val top = at.top + y * rowHeight
            var x = 0
            while (x < symbol.width) {
                val from = x
                while (symbol.isDark(x, y)) x++
                if (x > from) {
                    val (left, right) = at.left + from * at.module to at.left + x * at.module
                    drawRect(left.toFloat(), top.toFloat(), right.toFloat(), (top + rowHeight).toFloat(), black)
                }
                x++
            }
        }
    }

    private companion object {
        const val SOON = 10
        const val LINE_DP = 4f
        const val DIGITS_SP = 18f

        /** A grey with a contrast of 3.8 to 1 against the card. */
        val CALM = Color.rgb(0x7A, 0x84, 0x8D)
    }
}
