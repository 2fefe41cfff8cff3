//! A symbol as SVG.

use std::fmt::Write as _;

use super::matrix::Symbol;

impl Symbol {
    /// One SVG document, scalable to any size: the view box counts modules, quiet zone included; a white ground
    /// and one black path with crisp edges.
    #[must_use]
    pub fn svg(&self) -> String {
        let (width, height) = self.drawn_size();
        let quiet = self.quiet_zone();
        let bar = self.bar_height().map_or(1, std::num::NonZeroU16::get);
        let mut path = String::new();
        for y in 0..self.height() {
            let mut x = 0;
            while x < self.width() {
                let run = (x..self.width()).take_while(|&x| self.is_dark(x, y)).count();
                if run > 0 {
                    // writing to a string does not fail
                    let _ =
                        write!(path, "M{} {}h{run}v{bar}h-{run}z", x + quiet.sides, y + quiet.ends);
                }
                x += u16::try_from(run).unwrap_or(u16::MAX).max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             shape-rendering=\"crispEdges\"><rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\
             <path fill=\"#000\" d=\"{path}\"/></svg>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_128_is_bars_on_white_between_its_quiet_zones() {
        let svg = Symbol::code128("00").unwrap().svg();
        assert!(svg.contains("viewBox=\"0 0 66 20\""), "{svg}");
        assert!(svg.contains("<rect width=\"66\" height=\"20\" fill=\"#fff\"/>"), "{svg}");
        // the start of set C: two dark, one light, one dark …
        assert!(svg.contains("d=\"M10 0h2v20h-2zM13 0h1v20h-1z"), "{svg}");
    }

    #[test]
    fn a_qr_code_starts_with_the_ring_of_its_finder_pattern() {
        let svg = Symbol::qr("1").unwrap().svg();
        assert!(svg.contains("viewBox=\"0 0 29 29\""), "{svg}");
        assert!(svg.contains("d=\"M4 4h7v1h-7z"), "{svg}");
    }
}
