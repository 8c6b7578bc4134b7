"""Says whether a mail's DKIM signature is good: dkimpy, with the public key in the name system's place.

    dkim_verify.py NAME RECORD < MAIL

NAME is where the key stands (`SELECTOR._domainkey.DOMAIN`), RECORD what stands there. Prints `good`, or
`bad` with the reason.
"""

import sys

import dkim

NAME, RECORD = sys.argv[1:]


def ask(name, timeout=5):
    return RECORD.encode() if name.rstrip(b".") == NAME.encode() else None


mail = sys.stdin.buffer.read()
signature = dkim.DKIM(mail, minkey=1024)
try:
    good = signature.verify(dnsfunc=ask)
except dkim.DKIMException as error:
    print("bad:", error)
else:
    names = b" ".join(signature.signed_headers and [name for name, _ in signature.signed_headers] or [])
    print("good:" if good else "bad:", names.decode().lower())
