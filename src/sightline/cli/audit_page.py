"""The privacy audit as one HTML page that needs nothing else."""

from datetime import datetime
from html import escape
from typing import Final

from sightline import clock
from sightline.signals.findings import Finding, Report
from sightline.signals.walkers import Selection

_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8884; vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
code { font-size: .85em; overflow-wrap: anywhere }
.verdict { padding: .6rem .9rem; border-left: 4px solid; margin: 1rem 0 }
.clean { border-color: #2a7d46 } .found { border-color: #b3261e }
"""


def html(report: Report, selection: Selection, sample: int | None, at: datetime) -> str:
    """Render a report; what it holds are places and names of rules, never values."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Privacy audit</title><style>{_STYLE}</style></head><body>"
        f"<h1>Privacy audit, {at:%Y-%m-%d %H:%M} UTC</h1>{_verdict(report)}"
        f"<p>{escape(_asked(selection, sample))} It took {report.seconds:.1f} s.</p>"
        f"{_walked(report)}{_findings(report)}</body></html>\n"
    )


def _verdict(report: Report) -> str:
    if not report.findings:
        return '<p class="verdict clean">The rules in force find nothing in what was read.</p>'
    return f'<p class="verdict found">{report.found:,} findings of {len(report.findings)} sorts.</p>'


def _asked(selection: Selection, sample: int | None) -> str:
    sites = f"site {', '.join(map(str, selection.sites))}" if selection.sites else "all sites"
    since = f" from {clock.from_ms(selection.since_ms):%Y-%m-%d %H:%M}" if selection.since_ms else ""
    until = f" until {clock.from_ms(selection.until_ms):%Y-%m-%d %H:%M}" if selection.until_ms is not None else ""
    how = "everything" if sample is None else f"a sample of about {sample:,} signals of each kind"
    return f"Read: {how} of {sites}{since}{until}."


def _walked(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.kind)}</td><td class=number>{one.signals:,}</td><td class=number>{one.texts:,}</td>"
        f"<td class=number>{one.distinct:,}</td></tr>"
        for one in report.walked
    )
    versions = ", ".join(
        f"{'all sites without rules of their own' if site == 0 else f'site {site}'}: version {number}"
        for site, number in report.versions.items()
    )
    return (
        "<h2>What was read</h2><table><tr><th>Kind<th class=number>Signals<th class=number>Texts"
        f"<th class=number>Distinct</tr>{rows}</table><p>Rules in force: {escape(versions)}.</p>"
    )


def _findings(report: Report) -> str:
    if not report.findings:
        return ""
    rows = "".join(map(_row, report.findings))
    return (
        "<h2>What was found</h2><table><tr><th>Kind<th>Masked under<th>Field<th>Detector<th class=number>Signals"
        f"<th class=number>Texts<th>Some of the places</tr>{rows}</table>"
        "<p>A place is the journal or an extent, the row in it (batch:place), and where in the field. Values are not"
        " shown. <code>sightline privacy remask</code> masks what is stored anew.</p>"
    )


def _row(finding: Finding) -> str:
    places = "<br>".join(
        f"<code>{escape(f'{place.where} {place.row} {place.path}'.rstrip())}</code>" for place in finding.places
    )
    return (
        f"<tr><td>{escape(finding.kind)}</td><td>version {finding.rules}</td><td>{escape(finding.field)}</td>"
        f"<td>{escape(finding.detector)}</td><td class=number>{finding.signals:,}</td>"
        f"<td class=number>{finding.texts:,}</td><td>{places}</td></tr>"
    )
