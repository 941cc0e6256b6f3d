"""Fake personal data that is sent everywhere and may be found nowhere; nobody's real data."""

# What a detector recognises wherever it stands.
DETECTED = {
    "email": "wilhelmina.quack@canary-mail.com",
    "email with plus": "quack+news@birds.canary-mail.co.uk",
    "card": "4556737586899855",
    "card, printed": "5425 2334 3010 9903",
    "ssn": "536-90-4399",
    "iban": "DE89370400440532013000",
    "iban, printed": "GB29 NWBK 6016 1331 9268 19",
    "phone": "+41 79 765 43 21",
    "ipv4": "81.221.44.137",
    "ipv6": "2a02:1210:2e1d:9c00:a8f3:77ff:fe21:9b04",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLXRoZS1jYW5hcnk",
    "stripe key": "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
    "aws key": "AKIA" + "QUACK7EXAMPLE3DUCK",
    "github token": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "credentials in a url": "https://quack:feathers77@shop.example/x",
}
# What only the name of its field tells.
NAMED = {
    "name": "Wilhelmina Quackenbush",
    "address": "77 Feather Lane, Duckburg",
    "password": "Quack-feathers-77!",
    "birthday": "1961-07-30 Q",
}
ALL = {**DETECTED, **NAMED}
# As it would be seen if only a part was masked.
PARTS = (
    "quack@", "quack+news", "canary-mail", "45567375", "5425 2334", "536-90", "DE8937", "GB29 NWBK", "765 43 21",
    "81.221.44", "2a02:1210", "eyJhbGci", "4eC39Hq", "QUACK7EX", "16C7e42F", "feathers77", "Quackenbush",
    "Feather Lane", "Quack-feathers", "1961-07-30 Q",
)  # fmt: skip
