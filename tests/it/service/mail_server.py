"""A mail server for one test: STARTTLS, then a log-in, and each message becomes a file.

    mail_server.py PORT CERTIFICATE KEY PASSWORD DIRECTORY
"""
import pathlib
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

port, certificate, key, password, directory = sys.argv[1:]
directory = pathlib.Path(directory)


class Keep:
    number = 0

    async def handle_DATA(self, server, session, envelope):
        Keep.number += 1
        part = directory / f"{Keep.number}.part"
        part.write_bytes(envelope.content)
        part.rename(directory / f"{Keep.number}.eml")
        return "250 kept"


def log_in(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"keyvigil", password.encode())
    with open(directory / "log-ins", "a") as out:
        print(mechanism, "tls" if session.ssl else "plain", "good" if good else "wrong", file=out)
    return AuthResult(success=good, handled=False)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
directory.mkdir(parents=True, exist_ok=True)
Controller(Keep(), hostname="127.0.0.1", port=int(port), tls_context=context, require_starttls=True,
           authenticator=log_in, auth_required=True).start()
threading.Event().wait()
