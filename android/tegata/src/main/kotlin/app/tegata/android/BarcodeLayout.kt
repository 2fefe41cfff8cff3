package app.tegata.android

import app.tegata.Symbol

/** The place of a symbol: its left upper corner without the quiet zone, and the size of a module, in whole pixels. */
internal data class Placed(val left: Int, val top: Int, val module: Int)

/**
 * Places both symbols on a card, the bars above the matrix, each as large as fits. All in whole pixels, because scanners fail
 * on modules that differ by a pixel.
 */
internal data class BarcodeLayout(val bars: Placed, val barHeight: Int, val matrix: Placed, val bottom: Int) {
    companion object {
        /** Gives nothing if the space is too small for both. */
        fun of(bars: Symbol, matrix: Symbol, width: Int, height: Int): BarcodeLayout? {
            for (module in width / bars.fullWidth downTo 1) {
                val top = bars.clearAbove * module
                val barHeight = (bars.barHeight ?: bars.height) * module
                val below = top + barHeight + bars.quietEnds * module
                val square = minOf(width / matrix.fullWidth, (height - below) / matrix.fullHeight)
                // Smaller bars leave more space: neither is to be harder to read than the other.
                if (square < module) continue
                return BarcodeLayout(
                    bars = Placed((width - bars.width * module) / 2, top, module),
                    barHeight = barHeight,
                    matrix = Placed((width - matrix.width * square) / 2, below + matrix.quietEnds * square, square),
                    bottom = below + matrix.fullHeight * square,
                )
            }
            return null
        }

        /** Gives the height of the largest symbols of this width. */
        fun heightFor(bars: Symbol, matrix: Symbol, width: Int): Int {
            val module = width / bars.fullWidth
            val tall = bars.clearAbove + (bars.barHeight ?: bars.height) + bars.quietEnds
            return tall * module + matrix.fullHeight * (width / matrix.fullWidth)
        }
    }
}

/** The standard of bars asks for none; but what is above the card may be dark, and a till's window is wider than a line. */
private val Symbol.clearAbove: Int get() = maxOf(quietEnds, CLEAR_MODULES)
private const val CLEAR_MODULES = 4

internal val Symbol.fullWidth: Int get() = width + 2 * quietSides
internal val Symbol.fullHeight: Int get() = height + 2 * quietEnds
