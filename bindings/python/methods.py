"""Methods that `cargo xtask bindings` adds to the generated classes of the same names."""


class Symbol:
    def is_dark(self, x: int, y: int) -> bool:
        """
        Tells whether a module is dark. Counts from the top left of the symbol; outside of it, all is light.
        """
        if not (0 <= x < self.width and 0 <= y < self.height):
            return False
        stride = (self.width + 7) // 8
        return bool(self.rows[y * stride + x // 8] & (0x80 >> x % 8))

    def svg(self) -> str:
        """
        Draws the symbol with its quiet zone, dark on light, as an SVG of one unit for each module. Scale it by whole
        numbers. Whoever has the picture has the code.
        """
        height = self.bar_height or 1
        size = f"{self.width + 2 * self.quiet_sides} {self.height * height + 2 * self.quiet_ends}"
        dark = "".join(
            f"M{self.quiet_sides + x} {self.quiet_ends + y * height}h1v{height}h-1z"
            for y in range(self.height)
            for x in range(self.width)
            if self.is_dark(x, y)
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" shape-rendering="crispEdges">'
            f'<rect width="100%" height="100%" fill="#fff"/><path d="{dark}"/></svg>'
        )


class PaymentUnlock:
    def __enter__(self) -> PaymentUnlock:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.lock()


class Payments:
    def codes(
        self,
        unlock: PaymentUnlock,
        id: str,
        till: typing.Optional[str] = None,
        language: typing.Optional[Language] = None,
        sleep: typing.Callable[[float], None] = time.sleep,
    ) -> typing.Iterator[PaymentCode]:
        """
        Gives payment codes, one after the other: the first at once, the next when its time has come. No code is used up
        while nobody asks for one. Raises `WalletError.PaymentsLocked` once `unlock` was locked. `sleep` waits for so
        many seconds; a test passes its own.
        """
        due = 0.0
        while True:
            now = time.monotonic()
            if now < due:
                sleep(due - now)
            now = time.monotonic()
            answer = self.next_code(unlock, id, till, language)
            if isinstance(answer, NextCode.CODE):
                due = now + answer.code.next_in
                yield answer.code
            elif isinstance(answer, NextCode.WAIT):
                due = now + answer.seconds
