# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/urls.py: change it there.
import re
from itertools import pairwise
from typing import Final
from sightline_lambda.privacy.detectors.checks import entropy
from sightline_lambda.privacy.dictionary import Rules
from sightline_lambda.privacy.masks import STAR, mask_text, remembered
from sightline_lambda.privacy.normal import normal
MAX_URL: Final = 8192
MAX_PARTS: Final = 64
_SCHEME: Final = re.compile('([A-Za-z][A-Za-z0-9+.-]{0,31}):')
_WITH_HOST: Final = frozenset({'http', 'https', 'ws', 'wss', 'ftp', 'ftps', 'chrome-extension', 'moz-extension', 'app', 'capacitor', 'ionic'})
_RUNS_CODE: Final = frozenset({'javascript', 'vbscript', 'data', 'livescript', 'mocha'})
_HOST: Final = re.compile('(?:(?:[A-Za-z0-9À-ɏͰ-ϿЀ-ӿ一-鿿_-]{1,63}\\.?){1,20}|\\[[0-9A-Fa-f:.]{2,45}\\]|\\[ip_address\\])(?::(?:[0-9]{1,5}|\\[[a-z][a-z0-9_]{0,31}\\]))?')
_TEMPLATE: Final = re.compile(':[a-z][a-z0-9_]{0,31}|\\*{8}')
_TAG: Final = re.compile('\\[([a-z][a-z0-9_]{0,31})\\]')
_NAME: Final = re.compile('[A-Za-z0-9_.\\[\\]$-]{1,64}')
_UUID: Final = re.compile('[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}')
_HEX: Final = re.compile('[0-9A-Fa-f]{12,}')
_NUMBER: Final = re.compile('[0-9]{5,}')
_WORDS: Final = re.compile('[-_.~]')
_BROKEN: Final = re.compile('[\x00- \x7f]+')
MAX_SEGMENT: Final = 80

@remembered
def mask_url(rules: Rules, url: str) -> str:
 if len(url) > MAX_URL:
  return STAR
 url = _BROKEN.sub('', url.strip()).replace('\\', '/')
 scheme = _SCHEME.match(url)
 if scheme is not None and (not _is_host_and_port(url, scheme)):
  return _absolute(rules, scheme[1].lower(), url[scheme.end():])
 if url.startswith('//'):
  return _with_host(rules, url.lstrip('/'))
 return _path_and_query(rules, url)

def _absolute(rules: Rules, scheme: str, rest: str) -> str:
 if scheme in _RUNS_CODE:
  return ''
 if scheme == 'about':
  return 'about:blank' if rest.startswith('blank') else 'about:'
 return f"{scheme}:{_with_host(rules, rest.lstrip('/'))}" if scheme in _WITH_HOST else f'{scheme}:'

def _is_host_and_port(url: str, scheme: re.Match[str]) -> bool:
 return url[scheme.end():scheme.end() + 1].isdigit() and scheme[1].lower() not in {'tel', 'sms', 'callto', 'data'}

def _with_host(rules: Rules, rest: str) -> str:
 end = min((at for at in map(rest.find, '/?#') if at >= 0), default=len(rest))
 host = rest[:end].rpartition('@')[2]
 if not _HOST.fullmatch(host):
  return f'//{STAR}' if host else '//'
 at = host.find(']') + 1 if host.startswith('[') else (host + ':').index(':')
 name, port = (host[:at], host[at:])
 if name.startswith('['):
  name = '[ip_address]'
 elif mask_text(rules, name) != name:
  name = '[ip_address]' if name.replace('.', '').isdigit() else STAR
 return f'//{name.lower()}{port}{_path_and_query(rules, rest[end:])}'

def _path_and_query(rules: Rules, rest: str) -> str:
 rest = rest.partition('#')[0]
 path, mark, query = rest.partition('?')
 kept = _query(rules, query) if mark else ''
 return mask_path(rules, path) + (f'?{kept}' if kept else '')

@remembered
def mask_path(rules: Rules, path: str) -> str:
 segments = path.split('/')
 if len(segments) > MAX_PARTS:
  segments = [*segments[:MAX_PARTS], STAR]
 result: list[str] = []
 owner = ''
 for segment in segments:
  plain = normal(segment.partition(';')[0])
  result.append(_segment(rules, plain, segment, owner))
  owner = plain.lower()
 return '/'.join(result)

def _segment(rules: Rules, plain: str, written: str, owner: str) -> str:
 if not plain or _TEMPLATE.fullmatch(plain):
  return plain
 if owner in rules.owners and plain.lower() not in rules.places:
  return ':id'
 if len(plain) > MAX_SEGMENT or ' ' in plain or '/' in plain:
  return ':text'
 if plain[0] in '@~':
  return ':username'
 hits = mask_text(rules, plain)
 if hits != plain:
  tag = _TAG.fullmatch(hits)
  return f':{tag[1]}' if tag else ':masked'
 return identifier(plain) or written.partition(';')[0]

def identifier(segment: str) -> str | None:
 if _NUMBER.fullmatch(segment):
  return ':id'
 if _UUID.fullmatch(segment):
  return ':uuid'
 for part in _WORDS.split(segment):
  if _HEX.fullmatch(part) and any((char.isdigit() for char in part)):
   return ':hash'
  if len(part) >= 12 and _random(part):
   return ':token'
  if len(part) >= 9 and part.isdigit():
   return ':id'
 return None

def _random(part: str) -> bool:
 digits = sum((char.isdigit() for char in part))
 flips = sum((a.islower() != b.islower() for a, b in pairwise(part) if a.isalpha() and b.isalpha()))
 return entropy(part) > 2.9 and (digits >= 2 and digits < len(part) or flips >= 5)

def _query(rules: Rules, query: str) -> str:
 if not query:
  return ''
 pairs = re.split('[&;]', query)
 kept = [_pair(rules, pair) for pair in pairs[:MAX_PARTS] if pair]
 return '&'.join([*kept, STAR] if len(pairs) > MAX_PARTS else kept)

@remembered
def _pair(rules: Rules, pair: str) -> str:
 name, sign, value = pair.partition('=')
 plain = normal(name)
 if not _NAME.fullmatch(plain) or mask_text(rules, plain) != plain or identifier(plain):
  return STAR
 allowed = rules.parameter_allowed(plain)
 if not sign:
  return plain if allowed else STAR
 if not allowed or rules.field_of_parameter(plain):
  return f'{plain}={STAR}'
 return f'{plain}={value}' if _harmless(rules, value) else f'{plain}={STAR}'

def _harmless(rules: Rules, value: str) -> bool:
 if len(value) > 512:
  return False
 plain = normal(value.replace('+', ' '))
 return mask_text(rules, plain) == plain and mask_text(rules, value) == value
