"""The child process around pjsua2: commands as JSON lines in, answers and events as JSON lines out.

PJSIP keeps global state and is GPL software: it lives in this process alone. Every command has an
`id` that its answer repeats; everything else written is an event with a `type`.
"""

import json
import os
import selectors
import time
from collections.abc import Callable
from typing import Any, TextIO

import pjsua2 as pj

from lab.scenarios.phones.sdp_text import without_events

Json = dict[str, Any]

_TONE_ON_MS, _TONE_OFF_MS = 100, 100
_LEAVE_WITHIN_S = 1.0


class Account(pj.Account):  # type: ignore[misc]
    """A registration whose outcomes become events."""

    def __init__(self, child: "Child") -> None:
        super().__init__()
        self._child = child
        self.registered = False

    def onRegState(self, prm: pj.OnRegStateParam) -> None:
        info = self.getInfo()
        self.registered = info.regIsActive
        self._child.say(
            type="registration", code=prm.code, reason=prm.reason, active=info.regIsActive
        )

    def onInstantMessage(self, prm: pj.OnInstantMessageParam) -> None:
        self._child.say(
            type="message", sender=prm.fromUri, text=prm.msgBody, wire=prm.rdata.wholeMsg
        )

    def onInstantMessageStatus(self, prm: pj.OnInstantMessageStatusParam) -> None:
        self._child.say(type="message-sent", code=prm.code, text=prm.msgBody)

    def onMwiInfo(self, prm: pj.OnMwiInfoParam) -> None:
        self._child.say(type="lamp", wire=prm.rdata.wholeMsg)

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:
        call = Call(self._child, self, prm.callId)
        info = call.getInfo()
        self._child.take_in(call, info.remoteUri)


class Call(pj.Call):  # type: ignore[misc]
    """A call whose states, media and keys become events; it records from its first media on."""

    def __init__(self, child: "Child", account: Account, call_id: int = pj.PJSUA_INVALID_ID):
        super().__init__(account, call_id)
        self._child = child
        self.name = 0
        self.record_to = self.voice = ""
        self.recorder: pj.AudioMediaRecorder | None = None
        self.tones: pj.ToneGenerator | None = None
        self.player: pj.AudioMediaPlayer | None = None

    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.let_go()
        self._child.say(
            type="call",
            call=self.name,
            state=info.stateText,
            code=info.lastStatusCode,
            reason=info.lastReason,
        )

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        info = self.getInfo()
        active = [
            media.index
            for media in info.media
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
        ]
        if active:
            self._attach(self.getAudioMedia(active[0]))
        self._child.say(type="media", call=self.name, active=bool(active), state=info.stateText)

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:
        self._child.say(type="key", call=self.name, key=prm.digit)

    def onCallTransferStatus(self, prm: pj.OnCallTransferStatusParam) -> None:
        self._child.say(type="transfer", call=self.name, code=prm.statusCode, final=prm.finalNotify)

    def onCallSdpCreated(self, prm: pj.OnCallSdpCreatedParam) -> None:
        if not self._child.events:
            prm.sdp.wholeSdp = without_events(prm.sdp.wholeSdp)

    def _attach(self, audio: pj.AudioMedia) -> None:
        if self.record_to and self.recorder is None:
            self.recorder = pj.AudioMediaRecorder()
            self.recorder.createRecorder(self.record_to)
        if self.recorder is not None:
            audio.startTransmit(self.recorder)
        if self.voice and self.player is None:
            self.speak(self.voice)
        for source in (self.tones, self.player):
            if source is not None:
                source.startTransmit(audio)

    def speak(self, path: str) -> pj.AudioMediaPlayer:
        """Make the player of a WAV file."""
        self.player = player = pj.AudioMediaPlayer()
        player.createPlayer(path, pj.PJMEDIA_FILE_NO_LOOP)
        return player

    def let_go(self) -> None:
        """Close the recording and the sources, so that the file on disk is whole."""
        self.recorder = self.tones = self.player = None

    def generator(self) -> pj.ToneGenerator:
        """The tone generator of this call, made at first use."""
        if self.tones is None:
            self.tones = pj.ToneGenerator()
            self.tones.createToneGenerator()
            self.tones.startTransmit(self.getAudioMedia(-1))
        return self.tones


class Child:
    """Reads commands, runs the library, writes answers."""

    def __init__(self, commands: int, answers: TextIO) -> None:
        self._commands = commands
        self._answers = answers
        self._pending = b""
        self.events = True
        self._running = True
        self._ready = False
        self._account: Account | None = None
        self._calls: dict[int, Call] = {}
        self._peers: list[pj.Buddy] = []
        self._last_call = 0
        self._endpoint = pj.Endpoint()
        self._verbs: dict[str, Callable[[Json], Json]] = {
            "start": self._start,
            "register": self._register,
            "dial": self._dial,
            "answer": self._answer,
            "keys": self._keys,
            "tone": self._tone,
            "play": self._play,
            "hold": self._hold,
            "resume": self._resume,
            "refer": self._refer,
            "hangup": self._hangup,
            "message": self._message,
            "quit": self._quit,
        }

    def say(self, **event: object) -> None:
        self._answers.write(json.dumps(event) + "\n")
        self._answers.flush()

    def run(self) -> None:
        """Serve commands until `quit` or the end of input."""
        self._endpoint.libCreate()
        with selectors.DefaultSelector() as selector:
            selector.register(self._commands, selectors.EVENT_READ)
            while self._running:
                for _ in selector.select(0 if self._ready else None):
                    self._read()
                if self._ready and self._running:
                    self._endpoint.libHandleEvents(10)
        self._close()

    def _read(self) -> None:
        data = os.read(self._commands, 65536)
        if not data:
            self._running = False
        self._pending += data
        while b"\n" in self._pending:
            line, _, self._pending = self._pending.partition(b"\n")
            self._obey(json.loads(line))

    def _obey(self, command: Json) -> None:
        try:
            answer = self._verbs[command["do"]](command)
        except pj.Error as error:
            answer = {"error": error.info()}
        self.say(id=command["id"], **answer)

    def _start(self, command: Json) -> Json:
        self.events = command["events"]
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.userAgent = "pjsua2"
        config.logConfig.level = command["log_level"]
        config.logConfig.consoleLevel = command["log_level"]
        config.medConfig.noVad = True
        config.medConfig.clockRate = 8000
        config.medConfig.sndClockRate = 8000
        self._endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.port = command["port"]
        transport.boundAddress = command["address"]
        kind = pj.PJSIP_TRANSPORT_TCP if command["tcp"] else pj.PJSIP_TRANSPORT_UDP
        self._endpoint.transportCreate(kind, transport)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        for codec in self._endpoint.codecEnum2():
            name = codec.codecId.split("/")[0]
            wanted = command["codecs"]
            rank = 255 - wanted.index(name) if name in wanted else 0
            self._endpoint.codecSetPriority(codec.codecId, rank)
        self._ready = True
        return {"version": self._endpoint.libVersion().full}

    def _register(self, command: Json) -> Json:
        config = pj.AccountConfig()
        config.idUri = command["aor"]
        config.regConfig.registrarUri = command["registrar"]
        config.regConfig.registerOnAdd = command["register"]
        config.regConfig.timeoutSec = command["expires_s"]
        config.mwiConfig.enabled = command["mwi"]
        config.regConfig.retryIntervalSec = config.regConfig.firstRetryIntervalSec = 0
        if command["proxy"]:
            config.sipConfig.proxies.append(command["proxy"])
        config.sipConfig.authCreds.append(
            pj.AuthCredInfo("digest", "*", command["user"], 0, command["password"])
        )
        config.mediaConfig.transportConfig.boundAddress = command["address"]
        config.mediaConfig.transportConfig.port = command["rtp_port"]
        config.mediaConfig.transportConfig.portRange = 16
        account = Account(self)
        account.create(config)
        self._account = account
        return {}

    def _new(self, call: Call, record_to: str) -> int:
        self._last_call += 1
        call.name = self._last_call
        call.record_to = record_to
        self._calls[call.name] = call
        return call.name

    def take_in(self, call: Call, caller: str) -> None:
        """Remember an incoming call and ring."""
        name = self._new(call, "")
        self.say(type="incoming", call=name, caller=caller)

    def _dial(self, command: Json) -> Json:
        account = self._account
        if account is None:
            return {"error": "no account: register first"}
        call = Call(self, account)
        name = self._new(call, command["record"])
        call.voice = command["voice"]
        param = pj.CallOpParam(True)
        for header, value in command["headers"].items():
            extra = pj.SipHeader()
            extra.hName, extra.hValue = header, value
            param.txOption.headers.append(extra)
        call.makeCall(command["uri"], param)
        return {"call": name}

    def _answer(self, command: Json) -> Json:
        call = self._calls[command["call"]]
        call.record_to, call.voice = command["record"], command["voice"]
        param = pj.CallOpParam(True)
        param.statusCode = command["status"]
        call.answer(param)
        return {}

    def _keys(self, command: Json) -> Json:
        call = self._calls[command["call"]]
        if command["by"] == "inband":
            call.generator().playDigits(_digits(command["keys"]))
            return {}
        param = pj.CallSendDtmfParam()
        methods = {
            "rfc4733": pj.PJSUA_DTMF_METHOD_RFC2833,
            "info": pj.PJSUA_DTMF_METHOD_SIP_INFO,
        }
        param.method = methods[command["by"]]
        param.digits = command["keys"]
        param.duration = command["duration_ms"]
        call.sendDtmf(param)
        return {}

    def _tone(self, command: Json) -> Json:
        tone = pj.ToneDesc()
        tone.freq1 = command["hertz"]
        tone.freq2 = 0
        tone.on_msec = command["ms"]
        tone.off_msec = 0
        tone.volume = 8000
        tones = pj.ToneDescVector()
        tones.append(tone)
        self._calls[command["call"]].generator().play(tones)
        return {}

    def _play(self, command: Json) -> Json:
        call = self._calls[command["call"]]
        call.speak(command["path"]).startTransmit(call.getAudioMedia(-1))
        return {}

    def _hold(self, command: Json) -> Json:
        self._calls[command["call"]].setHold(pj.CallOpParam(True))
        return {}

    def _resume(self, command: Json) -> Json:
        param = pj.CallOpParam(True)
        param.opt.flag = pj.PJSUA_CALL_UNHOLD
        self._calls[command["call"]].reinvite(param)
        return {}

    def _refer(self, command: Json) -> Json:
        self._calls[command["call"]].xfer(command["uri"], pj.CallOpParam(True))
        return {}

    def _hangup(self, command: Json) -> Json:
        call = self._calls[command["call"]]
        if call.isActive():
            call.hangup(pj.CallOpParam(True))
        return {}

    def _message(self, command: Json) -> Json:
        if self._account is None:
            return {"error": "no account: register first"}
        peer = pj.Buddy()
        config = pj.BuddyConfig()
        config.uri = command["uri"]
        peer.create(self._account, config)
        self._peers.append(peer)
        param = pj.SendInstantMessageParam()
        param.contentType = command["kind"]
        param.content = command["text"]
        peer.sendInstantMessage(param)
        return {}

    def _quit(self, command: Json) -> Json:
        self._running = False
        return {}

    def _leave(self) -> None:
        """Hang up and unregister, as long as somebody answers."""
        for call in self._calls.values():
            if call.isActive():
                call.hangup(pj.CallOpParam(True))
        if self._account is not None and self._account.registered:
            self._account.setRegistration(False)
        deadline = time.monotonic() + _LEAVE_WITHIN_S
        while self._is_there() and time.monotonic() < deadline:
            self._endpoint.libHandleEvents(10)

    def _is_there(self) -> bool:
        registered = self._account is not None and self._account.registered
        return registered or any(call.isActive() for call in self._calls.values())

    def _close(self) -> None:
        """Let go of the objects before the library, or it reads freed memory.

        The library itself would wait a second for answers that have come by then.
        """
        if self._ready:
            self._leave()
        for call in self._calls.values():
            call.let_go()
        self._calls.clear()
        self._peers.clear()
        if self._account is not None:
            self._account.shutdown()
            self._account = None
        self._endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)


def _digits(keys: str) -> pj.ToneDigitVector:
    vector = pj.ToneDigitVector()
    for key in keys:
        digit = pj.ToneDigit()
        digit.digit = key
        digit.on_msec, digit.off_msec = _TONE_ON_MS, _TONE_OFF_MS
        digit.volume = 0
        vector.append(digit)
    return vector


def main() -> None:
    """Keep the real standard output for answers: PJSIP logs to descriptor 1."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    Child(0, answers).run()


if __name__ == "__main__":
    main()
