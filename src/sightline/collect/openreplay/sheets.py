"""Style sheets that scripts write: constructed ones, and those of empty `<style>` elements."""

from sightline.collect.openreplay.page import (
    DOCUMENT_ID,
    HTML,
    MAX_HELD_RULES,
    MAX_SHEETS,
    NOBODY,
    SHADOW,
    Json,
    Page,
    Sheet,
)

ADD, DELETE, REPLACE = "+", "-", "="


Change = tuple[str, int, str]  # what, at which place, and the text


def change(page: Page, number: int, done: Change) -> list[Json]:
    """A rule is added or deleted, or the whole text replaced; it waits until somebody owns the sheet."""
    sheet = _sheet(page, number)
    if sheet is None:
        return []
    if sheet.told:
        return [_change(page, number, sheet, done)]
    if len(sheet.held) < MAX_HELD_RULES:
        sheet.held.append(done)
    return []


def add_owner(page: Page, number: int, owner: int) -> list[Json]:
    """A document, a shadow root or a `<style>` has the sheet now."""
    sheet, node = _sheet(page, number), page.nodes.get(owner)
    if sheet is None or node is None:
        return []
    made: list[Json] = []
    if node.tag == "style":
        sheet.style = owner
    else:
        styles = page.adopted.setdefault(owner, [])
        if number not in styles and len(styles) < MAX_SHEETS:
            styles.append(number)
        event = _adopted(page, owner)
        if not sheet.told:
            event["styles"] = [{"styleId": number, "rules": []}]
        made.append(event)
    if not sheet.told:
        sheet.told = True
        made.extend(_change(page, number, sheet, done) for done in sheet.held)
        sheet.held = []
    return made


def remove_owner(page: Page, number: int, owner: int) -> list[Json]:
    styles = page.adopted.get(owner)
    if not styles or number not in styles or owner not in page.nodes:
        return []
    styles.remove(number)
    return [_adopted(page, owner)]


def _sheet(page: Page, number: int) -> Sheet | None:
    found = page.sheets.get(number)
    if found is None and len(page.sheets) < MAX_SHEETS:
        found = page.sheets[number] = Sheet()
    return found


def _adopted(page: Page, owner: int) -> Json:
    node = page.nodes[owner]
    # The document itself has no id: the tracker names it 0, as it does `<html>`.
    known = DOCUMENT_ID if owner == HTML else page.rrweb(node.parent if node.tag == SHADOW else owner)
    return {"source": 15, "id": known, "styleIds": list(page.adopted[owner])}


def _change(page: Page, number: int, sheet: Sheet, done: Change) -> Json:
    what, index, text = done
    made: Json = {"source": 8}
    if sheet.style == NOBODY:
        made["styleId"] = number
    else:
        made["id"] = page.rrweb(sheet.style)
    if what == ADD:
        made["adds"] = [{"rule": text, "index": index}]
    elif what == DELETE:
        made["removes"] = [{"index": index}]
    else:
        made["replaceSync"] = text
    return made
