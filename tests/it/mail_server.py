"""A real SMTP server for the tests of mail: one behaviour each, named on the command line.

Usage: mail_server.py MODE SECURITY DIRECTORY CERTIFICATE KEY
SECURITY is starttls, implicit or none. Mails are put into DIRECTORY. The first line that is
printed is the port. It ends when its standard input does.
"""

import asyncio
import itertools
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

MODE, SECURITY, DIRECTORY, CERTIFICATE, KEY = sys.argv[1:6]


class Handler:
    def __init__(self):
        self.numbers = itertools.count()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "gone" in address:
            return "550 5.1.1 no such user"
        if "busy" in address:
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if MODE == "hang":
            await asyncio.sleep(3600)
        if MODE == "full":
            return "452 4.2.2 the mailbox is full\x1b[2J"
        if MODE == "spam":
            return "554 5.7.1 looks like spam"
        number = next(self.numbers)
        secure = server.transport.get_extra_info("ssl_object")
        secured = "secured" if secure else "plain"
        user = getattr(session, "auth_data", None)
        user = user.login.decode() if isinstance(user, LoginPassword) else "nobody"
        name = pathlib.Path(DIRECTORY) / f"{number:03}.{secured}.{user}"
        name.with_suffix(name.suffix + ".part").write_bytes(envelope.content)
        name.with_suffix(name.suffix + ".part").rename(name.with_suffix(name.suffix + ".eml"))
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = data.login == b"keyvigil" and data.password == b"correct horse"
    return AuthResult(success=right, handled=False, auth_data=data)


async def main():
    context = None
    if SECURITY != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)

    def protocol():
        options = {"hostname": "mail.example.com", "enable_SMTPUTF8": True}
        if SECURITY == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if MODE == "login":
            options |= {"authenticator": authenticate, "auth_required": True}
            options |= {"auth_require_tls": SECURITY == "starttls"}
        return SMTP(handler, **options)

    handler = Handler()
    loop = asyncio.get_running_loop()
    wrapped = context if SECURITY == "implicit" else None
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=wrapped)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    # Connections that hang are not waited for.
    import os

    os._exit(0)


asyncio.run(main())
