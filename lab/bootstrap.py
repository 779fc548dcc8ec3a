"""The composition root: build the parts, start them, wait for a signal, stop them."""

import asyncio
from collections.abc import Callable

import structlog
from prometheus_client import CollectorRegistry
from rich.console import Console

from ivr.store.export import SoundFiles
from lab import areas, banner, seeds
from lab.assembly import Assembly
from lab.errors import Refused
from lab.events_part import EventsPart
from lab.explaining import Explainer
from lab.figures import TelephonyFigures
from lab.freephone_preview import Previewer
from lab.lab_token import TOKEN_FILE, LabToken, lab_token
from lab.limits import raise_file_limit, settle_collector
from lab.mail_part import MailPart
from lab.office_part import OfficePart
from lab.routes import explain, whole
from lab.safety import refuse_unsafe
from lab.settings import Settings
from lab.signals import stop_event
from lab.sip_settings import networks_of
from lab.state import CarrierState
from lab.telephony_part import TelephonyPart
from lab.trace import TraceHub
from lab.web import WebPart
from prompts.script import ScriptError
from prompts.voice import MissingAudio, VoiceBank
from provisioning.api.app import create_app
from provisioning.api.probes import Readiness
from provisioning.clock import wall_time
from provisioning.listening.service import Listening
from provisioning.office import Office
from provisioning.portal.app import create_portal
from provisioning.portal.settings import PortalSettings
from provisioning.seeds import Seed

log = structlog.stdlib.get_logger("tokuban.lab")


def main(settings: Settings) -> None:
    """Run on uvloop where it is installed, else on asyncio's own loop."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run(settings))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        Refused: the settings do not fit together or a part cannot start; says what to change.
    """
    refuse_unsafe(settings)
    seed = seeds.chosen(settings.seed)
    raise_file_limit()
    carrier = Carrier(settings, seed)
    with stop_event() as stopped:
        try:
            await carrier.start()
            settle_collector()
            tables = phones_of(settings, seed), logins_of(settings, seed)
            banner.show(Console(), carrier.standing, *tables)
            log.info("carrier.ready", sip=carrier.sip_port, http=carrier.http_port)
            await stopped.wait()
            log.info("carrier.stopping")
        finally:
            await carrier.stop()
    log.info("carrier.stopped")


class Carrier:
    """All parts of one carrier; `/ready` says so while calls are taken."""

    def __init__(self, settings: Settings, seed: Seed) -> None:
        self._settings, self._seed = settings, seed
        self._assembly = Assembly()
        self._readiness = Readiness(False, "starting")
        self.trace = TraceHub(settings.trace.messages, settings.trace.readers, wall_time)
        self.metrics = CollectorRegistry()
        self.sip_port, self.http_port = settings.sip.port, settings.http.port
        self.lab_token: LabToken | None = None
        self._secured: dict[str, int] = {}

    async def start(self) -> None:
        """Start every part; what a part needs starts before it and stops after it."""
        voices = _voices()
        office = OfficePart(self._settings, self._seed)
        await self._assembly.start(office)
        await self._assembly.start(
            MailPart(self._settings.mail, office.office, catches=self._settings.lab.enabled)
        )
        state = CarrierState(office.office, self._seed)
        web = self._web(office.office, state)
        await self._assembly.start(web)
        self.http_port = web.port
        await self._assembly.start(EventsPart(office.office.events))
        telephony = TelephonyPart(self._settings, office, voices, (self.trace.tap,))
        await self._assembly.start(telephony)
        state.serves(telephony)
        self.sip_port = telephony.port
        self._secured = telephony.secured
        self.metrics.register(TelephonyFigures(telephony))
        self._readiness = Readiness(True)

    def _web(self, office: Office, state: CarrierState) -> WebPart:
        http, lab = self._settings.http, self._settings.lab
        if lab.enabled:
            set_token = lab.token.get_secret_value() if lab.token else None
            self.lab_token = lab_token(set_token, self._settings.storage.folder)
        listening = Listening(office.voicemail, office.audit, SoundFiles())
        app = create_app(
            office,
            lambda: self._readiness,
            self.metrics,
            listening,
            routes=[explain.router(Explainer(office, areas.packaged()))],
            lab_routes=whole.routers(office, self.trace, state) if lab.enabled else (),
            token=http.token.get_secret_value() if http.token else None,
            lab_token=self.lab_token.secret if self.lab_token else None,
            lab_token_file=self._token_file,
            portal=create_portal(
                office, listening, self._portal(), Previewer(office, areas.packaged())
            ),
        )
        return WebPart(
            app,
            http.host,
            http.port,
            proxies=self._settings.portal.trusted,
            here=networks_of(http.here),
        )

    @property
    def _catches_mail(self) -> bool:
        return self._settings.lab.enabled and self._settings.mail.server is None

    @property
    def _token_file(self) -> str | None:
        kept = self.lab_token.file if self.lab_token else None
        return str(kept) if kept else None

    def _portal(self) -> PortalSettings:
        settings = self._settings
        return PortalSettings(
            sip=lambda: _authority(settings.sip.public_host, self.sip_port),
            hosts=settings.portal.names | {settings.http.host},
            public_url=settings.portal.url,
            insecure_http=settings.portal.insecure_http,
            support=settings.portal.support,
            mailbox="/lab/mail/page" if self._catches_mail else None,
        )

    async def stop(self) -> None:
        """Stop every part that started; within ten seconds."""
        self._readiness = Readiness(False, "stopping")
        self.trace.close()
        await self._assembly.stop()

    @property
    def standing(self) -> banner.Standing:
        """Where phones and browsers reach the carrier."""
        settings = self._settings
        folder = settings.storage.folder
        http = "http://" + _authority(_from_here(settings.http.host), self.http_port)
        return banner.Standing(
            sip=_authority(settings.sip.public_host, self.sip_port),
            http=http,
            rtp=settings.media.rtp_ports,
            storage="PostgreSQL" if settings.storage.url else f"SQLite in {folder}/",
            portal=(settings.portal.url or http) + "/portal/",
            mailbox=f"{http}/lab/mail/page" if self._catches_mail else None,
            token_file=str(folder / TOKEN_FILE) if self._token_file else None,
            further=tuple(
                (name, _authority(settings.sip.public_host, port))
                for name, port in self._secured.items()
            ),
        )


def _voices() -> VoiceBank:
    try:
        return VoiceBank()
    except (MissingAudio, ScriptError) as error:
        raise Refused(f"prompts: {error}") from None


def _from_here(host: str) -> str:
    """Where this host reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def phones_of(settings: Settings, seed: Seed) -> list[banner.Phone]:
    """The accounts as the banner shows them; only the demo's passwords, which all know."""
    return [
        banner.Phone(
            user=account.user,
            line=seeds.national(seeded.line.number),
            profile=seeded.line.profile.value,
            access=account.access.value,
            password=account.password if settings.seed.file is None else None,
        )
        for seeded in seed.lines
        for account in seeded.accounts
    ]


def logins_of(settings: Settings, seed: Seed) -> list[banner.Login]:
    """The portal logins as the banner shows them; only the demo's passwords, which all know."""
    return [
        banner.Login(
            id=contract.login.id,
            customer=customer.name,
            password=contract.login.password if settings.seed.file is None else None,
        )
        for customer in seed.customers
        for contract in customer.contracts
        if contract.login is not None
    ]
