"""A real SMTP server for every test that mails: aiosmtpd, and each mail becomes a file.

    mail_server.py DIRECTORY [--port N] [--security starttls|implicit|none]
                   [--certificate FILE --key FILE] [--password WORD] [--mode take|hang|full|spam]

The first line that is printed is the port. Files are named MILLISECOND-NUMBER.SECURED.USER.eml.
With a password, mails are taken after a log-in only; DIRECTORY/log-ins tells of each. While there is
a file DIRECTORY/refuse, every recipient is refused for now; recipients with `gone` or `busy` in them
always are. It ends with the test that started it.
"""

import argparse
import asyncio
import itertools
import os
import pathlib
import ssl
import time

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER = "keyvigil"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--security", default="none")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--password")
    parser.add_argument("--mode", default="take")
    return parser.parse_args()


class Handler:
    def __init__(self, wanted):
        self.wanted = wanted
        self.numbers = itertools.count(1)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "gone" in address:
            return "550 5.1.1 no such user"
        if "busy" in address or (self.wanted.directory / "refuse").exists():
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.wanted.mode == "hang":
            await asyncio.sleep(3600)
        if self.wanted.mode == "full":
            return "452 4.2.2 the mailbox is full\x1b[2J"
        if self.wanted.mode == "spam":
            return "554 5.7.1 looks like spam"
        is_secured = server.transport.get_extra_info("ssl_object") is not None
        user = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else "nobody"
        moment = time.time_ns() // 1_000_000
        name = f"{moment}-{next(self.numbers):03}.{'secured' if is_secured else 'plain'}.{user}"
        part = self.wanted.directory / f"{name}.part"
        tls = "TLS" if is_secured else "plain"
        received = f"X-Test-Received: {tls} for {', '.join(envelope.rcpt_tos)}\r\n"
        part.write_bytes(received.encode() + envelope.content)
        part.rename(part.with_suffix(".eml"))
        return "250 2.0.0 taken"

    def log_in(self, server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (USER.encode(), self.wanted.password.encode())
        tls = "tls" if session.ssl or server.transport.get_extra_info("ssl_object") else "plain"
        with open(self.wanted.directory / "log-ins", "a") as out:
            print(mechanism, tls, "good" if right else "wrong", file=out)
        return AuthResult(success=right, handled=False, auth_data=data)


async def main(wanted):
    wanted.directory.mkdir(parents=True, exist_ok=True)
    handler = Handler(wanted)
    context = None
    if wanted.security != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(wanted.certificate, wanted.key)
    options = {"hostname": "mail.example.com", "enable_SMTPUTF8": True}
    if wanted.security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if wanted.password:
        options |= {"authenticator": handler.log_in, "auth_required": True}
        options |= {"auth_require_tls": wanted.security == "starttls"}
    wrapped = context if wanted.security == "implicit" else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, **options), "127.0.0.1", wanted.port, ssl=wrapped)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)
    # Connections that hang are not waited for.
    os._exit(0)


asyncio.run(main(arguments()))
