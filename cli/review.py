"""``dubline review``: the review desk."""

from __future__ import annotations

import getpass
import ipaddress
import socket
import sys
from types import FrameType
from typing import Any

import typer
import uvicorn
from fastapi import FastAPI
from sqlalchemy.orm import Session

from cli.output import print_json, print_table
from dashboards.access.passwords import LONGEST, SHORTEST, hash_password
from dashboards.app import create_app
from dashboards.settings import ReviewSettings
from db.audit import record_audit
from db.catalog import Catalog
from db.models.desk import ROLES
from db.people import add_person, change_person
from dubline.errors import BadInput, EnvironmentFault

app = typer.Typer(add_completion=False, rich_markup_mode=None)
people = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Who may come in.")
app.add_typer(people, name="people")

AS_JSON = typer.Option(False, "--json", help="Print one JSON object.")


@app.callback(invoke_without_command=True, epilog="Example: dubline review --port 8400")
def review(
    context: typer.Context,
    host: str = typer.Option("127.0.0.1", help="The address to listen at; no other machine reaches the default one."),
    port: int = typer.Option(8400, min=0, max=65535, help="A free port; 0 takes any."),
    as_json: bool = AS_JSON,
) -> None:
    """Run the review desk here until it is stopped: hear, see, correct, approve.

    Without people in the catalog it is this machine's own: the address it prints lets you in once, as an admin.
    """
    if context.invoked_subcommand is not None:
        return
    settings = ReviewSettings.load()
    local = _is_local(settings, host)
    served = create_app(settings, local=local)
    listening = _listen(host, port)
    address = _address(settings, host, listening.getsockname()[1])
    entry = f"{address}/enter?token={served.state.desk.token}" if local else f"{address}/"
    if as_json:
        print_json({"url": entry, "local": local})
        sys.stdout.flush()
    else:
        typer.echo(f"The review desk is at {entry}", err=True)
    _Server(_config(served)).run(sockets=[listening])
    # Nothing but a signal ends it; the server passes it on, except where whoever started us ignores interrupts.
    raise KeyboardInterrupt


@people.command("add", epilog="Example: dubline review people add ada --role reviewer")
def add(
    name: str = typer.Argument(metavar="NAME", help="What the person types to log in, or the proxy says."),
    role: str = typer.Option("viewer", help=f"{', '.join(ROLES)}; each may do what those before it may."),
    no_password: bool = typer.Option(False, "--no-password", help="For people that a reverse proxy lets in."),
    as_json: bool = AS_JSON,
) -> None:
    """Let somebody in. The password is asked for, or read from standard input."""
    _known_role(role)
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise BadInput("this is no name", repr(name), "give one of up to 100 letters")
    hashed = None if no_password else hash_password(_password())
    with _catalog().write() as session:
        person_id = add_person(session, name, role=role, password_hash=hashed)
        _note(session, "person added", name, {"role": role})
    _told({"person_id": person_id, "name": name, "role": role}, f"{name} may come in as {role}", as_json)


@people.command("list", epilog="Example: dubline review people list")
def list_people(as_json: bool = AS_JSON) -> None:
    """Everybody who may come in, or might."""
    found = _catalog().people()
    if as_json:
        facts = [
            {"name": p.name, "role": p.role, "disabled": p.disabled, "password": bool(p.password_hash)} for p in found
        ]
        print_json({"people": facts})
        return
    rows = (
        (p.name, p.role, "disabled" if p.disabled else "", "password" if p.password_hash else "proxy") for p in found
    )
    print_table("people", ("name", "role", "state", "comes in by"), rows)


@people.command("change", epilog="Example: dubline review people change ada --role admin --password")
def change(
    name: str = typer.Argument(metavar="NAME"),
    role: str | None = typer.Option(None, help=", ".join(ROLES)),
    password: bool = typer.Option(False, "--password", help="Ask for a new password, or read it."),
    as_json: bool = AS_JSON,
) -> None:
    """Give somebody another role or password; their sessions end."""
    if role is not None:
        _known_role(role)
    hashed = hash_password(_password()) if password else None
    with _catalog().write() as session:
        change_person(session, name, role=role, password_hash=hashed, disabled=False if role or password else None)
        _note(session, "person changed", name, {"role": role, "password": password})
    _told({"name": name}, f"{name} is changed", as_json)


@people.command("disable", epilog="Example: dubline review people disable ada")
def disable(name: str = typer.Argument(metavar="NAME"), as_json: bool = AS_JSON) -> None:
    """Keep somebody out from now on; what they did stays under their name."""
    with _catalog().write() as session:
        change_person(session, name, disabled=True)
        _note(session, "person disabled", name, {})
    _told({"name": name, "disabled": True}, f"{name} does not come in any more", as_json)


class _Server(uvicorn.Server):
    """Sends home whoever listens to events before it waits for everybody to leave."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.desk.live.stop()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)


def _config(served: FastAPI) -> uvicorn.Config:
    # The desk itself reads what a proxy says, of proxies it was told of.
    return uvicorn.Config(
        served, log_level="warning", access_log=False, proxy_headers=False, server_header=False,
        timeout_graceful_shutdown=3,
    )  # fmt: skip


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        what = f"cannot listen: {error.strerror or error}"
        raise EnvironmentFault(what, f"{host}:{port}", "give a free --port, and an address of this machine") from error


def _is_local(settings: ReviewSettings, host: str) -> bool:
    """Whether the desk is this machine's own; raises BadInput where all could reach it and nobody come in."""
    if settings.review_proxy_header or any(not person.disabled for person in _catalog(settings).people()):
        return False
    if _is_loopback(host):
        return True
    raise BadInput(
        "nobody is known who may come in from other machines",
        f"--host {host}",
        "add people with `dubline review people add`, or set DUBLINE_REVIEW_PROXY_HEADER",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(settings: ReviewSettings, host: str, port: int) -> str:
    if settings.review_url:
        return settings.review_url.rstrip("/")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _catalog(settings: ReviewSettings | None = None) -> Catalog:
    return Catalog.open((settings or ReviewSettings.load()).catalog_url)


def _password() -> str:
    """From a person without an echo, twice; from a program one line."""
    asked = sys.stdin.isatty()
    told = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if asked else sys.stdin.readline()
    password = str(told).rstrip("\r\n")
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput("this is no password", f"{len(password)} letters", f"give {SHORTEST} to {LONGEST}")
    return password


def _known_role(role: str) -> None:
    if role not in ROLES:
        raise typer.BadParameter(f"'{role}' is not one of {', '.join(ROLES)}")


def _note(session: Session, action: str, name: str, detail: dict[str, Any]) -> None:
    """Whoever has this machine's command line is an admin of it."""
    record_audit(
        session, who=getpass.getuser(), role="admin", action=action, kind="person", object_id=name,
        address="command line", detail=detail,
    )  # fmt: skip


def _told(body: dict[str, Any], words: str, as_json: bool) -> None:
    if as_json:
        print_json(body)
    else:
        typer.echo(words)
