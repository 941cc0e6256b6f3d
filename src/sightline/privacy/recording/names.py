"""The elements and attributes that a stored recording may have, and what happens to the values of the latter.

An allowlist: an attribute that does not stand here is dropped, whatever it holds.
"""

import re
from typing import Final

FIELD: Final = "data-sl-field"  # written by the masker: the field of personal data that an element shows or asks for
MASKED: Final = "data-sl-masked"  # written by the masker: nothing within is ever unmasked
BLOCKED: Final = "data-sl-blocked"  # written by the masker: left out
MARKS: Final = frozenset({FIELD, MASKED, BLOCKED})
WAS_PASSWORD: Final = "data-rr-is-password"  # the recorder's own memory of a toggled password
UNKNOWN_TAG: Final = "x-masked"

HTML: Final = frozenset(
    """a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br button
    canvas caption center cite code col colgroup content data datalist dd del details dfn dialog dir div dl dt em embed
    fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe image img
    input ins isindex kbd keygen label legend li link listing main map mark marquee menu menuitem meta meter nav nobr noembed
    noframes noscript object ol optgroup option output p param picture plaintext portal pre progress q rb rp rt rtc ruby s samp
    script search section select selectedcontent shadow slot small source spacer span strike strong style sub summary sup table
    tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp""".split()
)
SVG: Final = frozenset(
    """a animate animatemotion animatetransform circle clippath defs desc ellipse feblend fecolormatrix fecomponenttransfer
    fecomposite feconvolvematrix fediffuselighting fedisplacementmap fedistantlight fedropshadow feflood fefunca fefuncb
    fefuncg fefuncr fegaussianblur feimage femerge femergenode femorphology feoffset fepointlight fespecularlighting
    fespotlight fetile feturbulence filter foreignobject g hatch hatchpath image line lineargradient marker mask metadata mpath
    path pattern polygon polyline radialgradient rect script set stop style svg switch symbol text textpath title tspan use
    view font glyph hkern vkern missing-glyph font-face font-face-src font-face-uri font-face-name altglyph tref cursor""".split()
)
MATHML: Final = frozenset(
    """math annotation annotation-xml maction menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts
    mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none semantics""".split()
)
TAGS: Final = HTML | SVG | MATHML | {UNKNOWN_TAG}

FLAGS: Final = frozenset(
    """allowfullscreen async autofocus compact controls default defer disabled formnovalidate hidden inert ismap itemscope loop
    multiple muted nomodule novalidate noshade nowrap open playsinline readonly required reversed sortable""".split()
)
# Identifiers and keywords, kept if they consist of listed words; space-separated.
WORDS: Final = frozenset(
    """id name for headers list form slot part is role type rel as scope align valign dir shape wrap kind preload loading decoding
    fetchpriority importance enctype method inputmode enterkeyhint autocapitalize autocomplete autocorrect spellcheck translate
    contenteditable draggable contextmenu popover popovertarget popovertargetaction media crossorigin referrerpolicy rules
    frame clear face itemprop itemtype
    aria-activedescendant aria-atomic aria-autocomplete aria-busy aria-checked aria-controls aria-current aria-describedby
    aria-details aria-disabled aria-dropeffect aria-errormessage aria-expanded aria-flowto aria-grabbed aria-haspopup
    aria-hidden aria-invalid aria-labelledby aria-live aria-modal aria-multiline aria-multiselectable aria-orientation
    aria-owns aria-pressed aria-readonly aria-relevant aria-required aria-selected aria-sort
    clip-path clip-rule color color-interpolation color-interpolation-filters cursor direction display dominant-baseline fill
    fill-rule filter flood-color lighting-color marker-end marker-mid marker-start mask mask-type mix-blend-mode overflow
    paint-order pointer-events shape-rendering stop-color stroke stroke-linecap stroke-linejoin text-anchor text-decoration
    text-rendering unicode-bidi vector-effect visibility writing-mode alignment-baseline font-family font-style font-variant
    font-weight font-stretch gradientunits gradienttransform patternunits patterncontentunits patterntransform clippathunits
    maskunits maskcontentunits markerunits preserveaspectratio spreadmethod edgemode in in2 result operator mode
    attributename attributetype calcmode fillmode repeatcount additive accumulate lengthadjust method spacing orient
    bgcolor text link vlink alink bordercolor mathvariant displaystyle stretchy""".split()
)
NUMBERS: Final = frozenset(
    """width height colspan rowspan size span cols rows maxlength minlength tabindex border cellpadding cellspacing hspace vspace
    marginheight marginwidth start aria-level aria-posinset aria-setsize aria-colcount aria-colindex aria-colspan aria-rowcount
    aria-rowindex aria-rowspan x y x1 x2 y1 y2 cx cy r rx ry fx fy fr dx dy z offset opacity fill-opacity stroke-opacity stop-opacity
    flood-opacity stroke-width stroke-dashoffset stroke-miterlimit font-size letter-spacing word-spacing baseline-shift
    markerwidth markerheight refx refy startoffset textlength pathlength scale seed stddeviation numoctaves
    basefrequency rotate dur begin end rr_width rr_height version charset""".split()
)
GEOMETRY: Final = frozenset(
    "d points viewbox transform stroke-dasharray values keytimes keysplines keypoints coords from to by path".split()
)
TEXTS: Final = frozenset("title alt placeholder label summary abbr aria-label aria-placeholder".split())
LINKS: Final = frozenset("href xlink:href action formaction".split())
SOURCES: Final = frozenset("src poster rr_src".split())
STATES: Final = frozenset(
    "rr_scrollLeft rr_scrollTop rr_mediaCurrentTime rr_mediaPlaybackRate rr_mediaMuted rr_mediaLoop rr_mediaVolume".split()
)
KEYWORDS: Final = {
    "rr_open_mode": frozenset({"modal", "non-modal"}),
    "rr_mediaState": frozenset({"played", "paused"}),
    "xmlns": frozenset(
        {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"},
    ),
    "xmlns:xlink": frozenset({"http://www.w3.org/1999/xlink"}),
    "http-equiv": frozenset[str](),
}
DOCTYPES: Final = frozenset(
    {
        "-//W3C//DTD HTML 4.01//EN",
        "-//W3C//DTD HTML 4.01 Transitional//EN",
        "-//W3C//DTD HTML 4.0 Transitional//EN",
        "-//W3C//DTD XHTML 1.0 Strict//EN",
        "-//W3C//DTD XHTML 1.0 Transitional//EN",
        "-//W3C//DTD XHTML 1.1//EN",
        "-//IETF//DTD HTML 2.0//EN",
    }
)
CHARSETS: Final = frozenset({"utf-8", "utf8", "iso-8859-1", "windows-1252", "ascii"})
VALUES_REFUSING_STARS: Final = frozenset(
    "number date time datetime-local month week range color file hidden image radio checkbox".split()
)
BUTTONS: Final = frozenset({"submit", "button", "reset"})
CONTROLS: Final = frozenset({"input", "textarea", "select", "button", "option", "optgroup", "output", "progress", "meter"})
# Their URLs load code or documents into the player, or change how others are read.
INERT: Final = frozenset("base embed object applet frame frameset portal script param".split())

LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,4}){0,2}")  # short parts: no word
NUMBER: Final = re.compile(r"[-+]?\d{0,6}(?:\.\d{1,20})?(?:px|%|r?em|pt|m?s|indefinite)?(?:[ ,]+[-+]?\d{0,6}(?:\.\d{1,20})?%?)?")
SHAPE: Final = re.compile(
    r"(?:\s*+(?:(?:matrix|translate|scale|rotate|skewX|skewY)\s*+\(|[MLHVCSQTAmlhvcsqta](?=[\s,.+\-\d])|[zZ)]|(?=[-+.,\d]))"
    r"[-+.,\d\s;eE%]*+)*+"
)
LONG_NUMBER: Final = re.compile(r"(?<![\d.])\d{7,}")
VIEWPORT: Final = re.compile(
    r"(?:\s*(?:width|height|initial-scale|minimum-scale|maximum-scale|user-scalable|viewport-fit|shrink-to-fit|"
    r"interactive-widget)\s*=\s*(?:device-width|device-height|yes|no|cover|contain|auto|resizes-content|resizes-visual|"
    r"overlays-content|\d{1,5}(?:\.\d{1,4})?)\s*[,;]?)*"
)
MAX_GEOMETRY: Final = 200_000
