import TegataGenerated

extension Symbol {
    /// Tells whether a module is dark. Counts from the top left of the symbol; outside of it, all is light.
    public func isDark(x: Int, y: Int) -> Bool {
        guard (0..<Int(width)).contains(x), (0..<Int(height)).contains(y) else { return false }
        let stride = (Int(width) + 7) / 8
        return rows[rows.startIndex + y * stride + x / 8] & (0x80 >> UInt8(x % 8)) != 0
    }
}
