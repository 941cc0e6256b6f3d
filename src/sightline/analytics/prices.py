"""What AWS asks for Lambda, to estimate what invocations cost."""

from typing import Final

from msgspec import Struct

_MB_MS_PER_GB_S: Final = 1024 * 1000


class LambdaPrices(Struct, frozen=True, kw_only=True):
    """Dollars on demand, without the free tier, of one region and architecture."""

    per_million: float
    per_gb_second: float
    said: str

    def cost(self, invocations: int, billed_mb_ms: int) -> float:
        return invocations * self.per_million / 1e6 + billed_mb_ms / _MB_MS_PER_GB_S * self.per_gb_second


# The first tier; arm64 is a fifth cheaper, and lines do not say which it was.
LAMBDA: Final = LambdaPrices(
    per_million=0.20,
    per_gb_second=0.0000166667,
    said="aws.amazon.com/lambda/pricing, us-east-1, x86, on demand, as of 2026-11; the free tier is not taken off",
)
