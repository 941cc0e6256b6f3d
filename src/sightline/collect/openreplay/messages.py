"""The messages of OpenReplay's tracker: one row per type, with its fields in their order.

Read from the tracker's own schema (MIT). A field is `name:type`: `u` an unsigned number, `i` a signed one, `s` a text,
`b` a flag, `k` a key of the dictionary. A type that does not stand here is skipped by its size.
"""

from typing import Final

from msgspec import Struct

TIMESTAMP: Final = 0
VIEWPORT_SIZE: Final = 5
VIEWPORT_SCROLL: Final = 6
CREATE_DOCUMENT: Final = 7
CREATE_ELEMENT: Final = 8
CREATE_TEXT: Final = 9
MOVE_NODE: Final = 10
REMOVE_NODE: Final = 11
SET_ATTRIBUTE: Final = 12
REMOVE_ATTRIBUTE: Final = 13
SET_TEXT: Final = 14
NODE_SCROLL: Final = 16
INPUT_VALUE: Final = 18
INPUT_CHECKED: Final = 19
MOUSE_MOVE: Final = 20
CONSOLE_LOG: Final = 22
PAGE_LOAD: Final = 23
CUSTOM_EVENT: Final = 27
USER_ID: Final = 28
USER_ANONYMOUS_ID: Final = 29
METADATA: Final = 30
DICTIONARY: Final = 34
SET_ATTRIBUTE_BY_KEY: Final = 35
ANIMATION_RESULT: Final = 36
FONT_FACE: Final = 57
PAGE_VISIBILITY: Final = 55
NODE_FOCUS: Final = 58
SET_ATTRIBUTE_BY_URL: Final = 60
SET_CSS_BY_URL: Final = 61
CUSTOM_ISSUE: Final = 64
MOUSE_CLICK: Final = 68
MOUSE_CLICK_DEPRECATED: Final = 69
CREATE_FRAME_DOCUMENT: Final = 70
SHEET_REPLACE: Final = 71
SHEET_INSERT_RULE: Final = 73
SHEET_DELETE_RULE: Final = 75
SHEET_ADD_OWNER: Final = 76
SHEET_REMOVE_OWNER: Final = 77
EXCEPTION: Final = 78
BATCH_METADATA: Final = 81
NETWORK_REQUEST: Final = 83
RESOURCE_TIMING: Final = 85
INCIDENT: Final = 87
SELECTION_CHANGE: Final = 113
MOUSE_THRASHING: Final = 114
TAB_CHANGE: Final = 117
TAB_DATA: Final = 118
CANVAS_NODE: Final = 119
PAGE_LOCATION: Final = 122
GRAPHQL: Final = 123
WEB_VITALS: Final = 124
ISSUE_EVENT: Final = 125


class Message(Struct, frozen=True):
    """One type of message."""

    name: str
    fields: tuple[tuple[str, str], ...]


def _table(rows: str) -> dict[int, Message]:
    found = {}
    for row in rows.strip().splitlines():
        number, name, *fields = row.split()
        pairs = [field.partition(":") for field in fields]
        found[int(number)] = Message(name, tuple((name, kind) for name, _, kind in pairs))
    return found


TABLE: Final = _table("""
0   Timestamp                       at:u
4   SetPageLocationDeprecated       url:s referrer:s navigation:u
5   SetViewportSize                 width:u height:u
6   SetViewportScroll               x:i y:i
7   CreateDocument
8   CreateElementNode               id:u parent:u index:u tag:s svg:b
9   CreateTextNode                  id:u parent:u index:u
10  MoveNode                        id:u parent:u index:u
11  RemoveNode                      id:u
12  SetNodeAttribute                id:u name:s value:s
13  RemoveNodeAttribute             id:u name:s
14  SetNodeData                     id:u data:s
16  SetNodeScroll                   id:u x:i y:i
17  SetInputTarget                  id:u label:s
18  SetInputValue                   id:u value:s mask:i
19  SetInputChecked                 id:u checked:b
20  MouseMove                       x:u y:u
21  NetworkRequestDeprecated        type:s method:s url:s request:s response:s status:u at:u duration:u
22  ConsoleLog                      level:s value:s
23  PageLoadTiming                  request:u response:u responded:u dcl:u dcl_end:u load:u load_end:u fp:u fcp:u
24  PageRenderTiming                speed:u complete:u interactive:u
27  CustomEvent                     name:s payload:s
28  UserID                          id:s
29  UserAnonymousID                 id:s
30  Metadata                        key:s value:s
34  StringDictGlobal                key:k value:s
35  SetNodeAttributeDictGlobal      id:u name:k value:k
36  NodeAnimationResult             id:u styles:s
37  CSSInsertRule                   id:u rule:s index:u
38  CSSDeleteRule                   id:u index:u
40  Profiler                        name:s duration:u arguments:s result:s
41  OTable                          key:s value:s
42  StateAction                     type:s
43  StringDict                      key:s value:s
44  ReduxDeprecated                 action:s state:s duration:u
45  Vuex                            mutation:s state:s
46  MobX                            type:s payload:s
47  NgRx                            action:s state:s duration:u
48  GraphQLDeprecated               kind:s name:s variables:s response:s duration:i
49  PerformanceTrack                frames:i ticks:i heap:u used:u
50  StringDictDeprecated            key:u value:s
51  SetNodeAttributeDictDeprecated  id:u name:u value:u
52  SetNodeAttributeDict            id:u name:s value:s
54  ConnectionInformation           downlink:u type:s
55  SetPageVisibility               hidden:b
57  LoadFontFace                    parent:u family:s source:s descriptors:s
58  SetNodeFocus                    id:i
60  SetNodeAttributeURLBased        id:u name:s value:s base:s
61  SetCSSDataURLBased              id:u data:s base:s
63  TechnicalInfo                   type:s value:s
64  CustomIssue                     name:s payload:s
65  SetNodeSlot                     id:u slot:u
68  MouseClick                      id:u hesitation:u label:s selector:s x:u y:u
69  MouseClickDeprecated            id:u hesitation:u label:s selector:s
70  CreateIFrameDocument            host:u root:u
71  AdoptedSSReplaceURLBased        sheet:u text:s base:s
73  AdoptedSSInsertRuleURLBased     sheet:u rule:s index:u base:s
75  AdoptedSSDeleteRule             sheet:u index:u
76  AdoptedSSAddOwner               sheet:u owner:u
77  AdoptedSSRemoveOwner            sheet:u owner:u
78  JSException                     name:s message:s stack:s meta:s
79  Zustand                         mutation:s state:s
83  NetworkRequest                  type:s method:s url:s request:s response:s status:u at:u duration:u size:u
84  WSChannel                       kind:s channel:s data:s at:u direction:s type:s
85  ResourceTiming                  at:u duration:u ttfb:u head:u encoded:u decoded:u url:s initiator:s moved:u cached:b
87  Incident                        label:s start:i end:i
89  LongAnimationTask               name:s duration:i blocking:i first:i start:i scripts:s
112 InputChange                     id:u value:s masked:b label:s hesitation:i duration:i
113 SelectionChange                 anchor:u focus:u text:s
114 MouseThrashing                  at:u
115 UnbindNodes                     percent:u
116 ResourceTimingDeprecated        at:u duration:u ttfb:u head:u encoded:u decoded:u url:s initiator:s moved:u cached:b
117 TabChange                       tab:s
118 TabData                         tab:s
119 CanvasNode                      id:s at:u
120 TagTrigger                      tag:i
121 Redux                           action:s state:s duration:u at:u
122 SetPageLocation                 url:s referrer:s navigation:u title:s
123 GraphQL                         kind:s name:s variables:s response:s duration:u
124 WebVitals                       name:s value:s
125 IssueEvent                      index:u at:u type:s label:s selector:s payload:s url:s
""")
