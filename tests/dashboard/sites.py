"""The pages of a site, each with what shows that it is there: a page that is built adds its line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SitePage:
    """A page below `/{site}/`, its heading, and a selector of what it has once its data are there."""

    path: str
    heading: str
    ready: str


PAGES = (
    SitePage("overview", "Overview", ".tiles button[aria-pressed]"),
    SitePage("realtime", "Realtime", "dl dd"),
    SitePage("compare", "Compare", "table tbody tr"),
    SitePage("events", "Events", "table tbody tr"),
    SitePage("funnels?steps=%5B%22path%3A%2F%22%2C%22event%3Aadd_to_cart%22%5D", "Funnels", "ol li .fill"),
    SitePage("retention", "Retention", "table tbody tr"),
    SitePage("journeys", "Journeys", "svg .node"),
    SitePage("goals", "Goals", ".card .empty, .card table"),
    SitePage("campaigns", "Campaigns", ".panels li"),
    SitePage("revenue", "Revenue", ".tiles strong"),
    SitePage("links", "Links and pixels", ".card .empty, .card table"),
    SitePage("boards", "Boards", ".card .empty"),
    SitePage("privacy", "Privacy", "dl dd"),
    SitePage("privacy?part=erase", "Privacy", "form textarea"),
    SitePage("privacy?part=rules", "Privacy", "table tbody tr"),
    SitePage("privacy?part=stored", "Privacy", ".card .empty, .card table"),
    SitePage("privacy?part=salts", "Privacy", "table tbody tr"),
    SitePage("health", "Jobs and health", "table tbody tr"),
    SitePage("logs", "Logs", "ol > li"),
    SitePage("logs?q=level:error", "Logs", "ol > li"),
    SitePage("functions", "Functions", "table tbody tr"),
    SitePage("function/shop-checkout/shop-checkout", "shop-checkout", "table tbody tr"),
    SitePage("shares", "Shared links", ".card .empty, .card table"),
)
