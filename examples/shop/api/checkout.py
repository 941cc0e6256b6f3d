"""The checkout: a Lambda function behind an API Gateway HTTP API. It checks an order, answers, and forgets it.

What is personal in an order never reaches a line: the library masks what the shop says of it.
"""

import itertools
import json
import re
from pathlib import Path
from typing import Any

from sightline_lambda import logger, metrics, observe

REQUIRED = {
    "firstName": "a first name", "lastName": "a last name", "email": "an e-mail address", "phone": "a telephone number",
    "street": "a street", "postcode": "a postcode", "city": "a city", "cardHolder": "the name on the card",
    "cardNumber": "a card number", "cardExpiry": "when the card ends", "cardCode": "the security code",
}  # fmt: skip
PRICES = {one["id"]: one["price"] for one in json.loads(Path(__file__).with_name("products.json").read_text("utf-8"))}
_numbers = itertools.count(10_501)


def refused(status: int, message: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
    logger.warning("order refused", reason=message, wrong=sorted(fields or {}))
    metrics.count("OrdersRefused")
    return answer(status, {"message": message, "fields": fields or {}})


def answer(status: int, said: object) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(said)}


@observe(service="shop-checkout")
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    try:
        sent = json.loads(event.get("body") or "")
    except ValueError:
        return refused(400, "this is not JSON")
    customer = sent.get("customer") if isinstance(sent, dict) else None
    lines = sent.get("lines") if isinstance(sent, dict) else None
    if not isinstance(customer, dict) or not isinstance(lines, list) or not lines:
        return refused(400, "an order has a customer and lines")
    wrong = {name: f"We need {what}." for name, what in REQUIRED.items() if not str(customer.get(name, "")).strip()}
    if "email" not in wrong and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(customer["email"])):
        wrong["email"] = "This is no e-mail address."
    if wrong:
        return refused(422, "Some fields need another look.", wrong)
    try:
        total = round(sum(PRICES[line["product"]] * int(line["quantity"]) for line in lines), 2)
    except (KeyError, TypeError, ValueError):
        return refused(400, "a line names a plant and a quantity")
    number = f"FC-{next(_numbers)}"
    logger.info("order placed", order=number, total=total, plants=len(lines))
    metrics.count("Orders")
    metrics.put("Basket", total)
    return answer(200, {"number": number, "total": total})
