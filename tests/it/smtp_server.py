"""A mail server for tests: aiosmtpd with STARTTLS and a log-in; each mail becomes a file.

    python3 smtp_server.py PORT DIRECTORY [CERTIFICATE KEY]

Files are named by the millisecond at which the mail was taken. A file DIRECTORY/refuse makes it
refuse every mail for as long as it is there.
"""
import asyncio
import itertools
import os
import ssl
import sys
import time

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER = LoginPassword(b"keyvigil", b"a password of the test")


class Keep:
    def __init__(self, directory):
        self.directory = directory
        self.numbers = itertools.count(1)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if os.path.exists(os.path.join(self.directory, "refuse")):
            return "451 not now"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope):
        name = f"{time.time_ns() // 1_000_000}-{next(self.numbers)}"
        path = os.path.join(self.directory, name)
        with open(path + ".part", "wb") as mail:
            secured = "TLS" if session.ssl else "plain"
            mail.write(f"X-Test-Received: {secured} for {', '.join(envelope.rcpt_tos)}\r\n".encode())
            mail.write(envelope.content)
        os.rename(path + ".part", path + ".eml")
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data == USER)


async def serve(port, directory, certificate=None, key=None):
    more = {}
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        more = dict(tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate)
    keep = Keep(directory)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keep, hostname="mail.example.com", loop=loop, **more), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:]))
