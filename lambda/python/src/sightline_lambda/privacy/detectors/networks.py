# Made by `python -m tools.lambda_privacy` from src/sightline/privacy/detectors/networks.py: change it there.
import ipaddress
import re
from typing import Final
_NO_DOMAINS: Final = frozenset(('png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'avif', 'ico', 'bmp', 'css', 'scss', 'less', 'js', 'mjs', 'cjs', 'jsx', 'tsx', 'map', 'json', 'html', 'htm', 'xml', 'yml', 'yaml', 'toml', 'lock', 'md', 'txt', 'pdf', 'woff', 'woff2', 'ttf', 'otf', 'mp3', 'mp4', 'webm', 'service', 'socket', 'timer', 'target', 'mount', 'slice', 'scope', 'exe', 'dll', 'py', 'java', 'rb', 'rs', 'go', 'php'))
_VERSION_WORD: Final = re.compile('(?:^|[^A-Za-z])(?:v|ver|version|release|build|section|chapter|clause|firmware|rev|revision|oid|rule|fig|figure|rv)[ .:=\\"\'#/]{0,3}$', re.IGNORECASE)
_PRODUCT: Final = re.compile('[A-Za-z][A-Za-z0-9_.-]{0,40}/$')
_OCTET: Final = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
_OCTETS: Final = re.compile(f'({_OCTET})((?:\\.{_OCTET}){{3}})')
_NETWORK: Final = re.compile('/[0-9]{1,2}(?![0-9])')
_GOES_ON: Final = re.compile('[-+_]?[A-Za-z]')
_PUBLIC_USERS: Final = frozenset({'git', 'hg', 'svn', 'user', 'username', 'anonymous', 'ftp'})

def mail_domain(text: str, start: int, end: int) -> bool:
 local, _, domain = text[start:end].rpartition('@')
 if not local.strip(".'") or domain.rpartition('.')[2].lower() in _NO_DOMAINS:
  return False
 if re.match('[0-9]+\\.[0-9]+', domain) and (not re.fullmatch('[0-9.]+', domain)):
  return False
 return not (local.lower() in _PUBLIC_USERS and text[end:end + 1] in {':', '/'})

def ipv4(text: str, start: int, end: int) -> bool:
 octets = _OCTETS.fullmatch(text, start, end)
 if octets is None or octets[1] in {'0', '127', '255'}:
  return False
 if text.endswith('.0', start, end) and (octets[2] == '.0.0.0' or _NETWORK.match(text, end, end + 4)):
  return False
 if start and _versioned(text[max(0, start - 48):start]):
  return False
 return _GOES_ON.match(text, end, end + 2) is None

def _versioned(before: str) -> bool:
 if before[-5:].rstrip(' .:="\'#/\n')[-1:].isalpha() and _VERSION_WORD.search(before):
  return True
 return '/' in before[-2:] and _PRODUCT.search(before) is not None and ('://' not in before[-10:])

def ipv6(text: str, start: int, end: int) -> bool:
 written = text[start:end]
 groups = [group for group in written.split(':') if group]
 if len(groups) < 2 or not any((char.isdigit() for char in written)):
  return False
 if '::' in written and (len(groups[0]) < 3 or sum(map(len, groups)) < 4):
  return False
 try:
  address = ipaddress.IPv6Address(written)
 except ValueError:
  return False
 return not (address.is_loopback or address.is_unspecified)

def userinfo(text: str, start: int, end: int) -> bool:
 user, colon, password = text[start:end].partition(':')
 if colon:
  return bool(password) and set(password) != {'*'} and (not re.fullmatch('\\[[a-z_]+\\]', password))
 return len(user) >= 16 and any((char.isdigit() for char in user))
