// A phone in a web page: JsSIP signals, and sound goes by plain RTP through the port it is given.
"use strict";

const phone = { said: [], session: null, agent: null, rtpPort: 0 };

function say(what, detail) {
  phone.said.push({ what, ...detail });
}

// Stands in for a browser's media, which needs ICE and DTLS.
class PlainRtp extends EventTarget {
  iceGatheringState = "complete";
  iceConnectionState = "connected";
  signalingState = "stable";
  localDescription = null;

  async createOffer() {
    const lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"];
    lines.push(`m=audio ${phone.rtpPort} RTP/AVP 0`, "a=rtpmap:0 PCMU/8000", "a=ptime:20", "");
    return { type: "offer", sdp: lines.join("\r\n") };
  }

  async createAnswer() {
    return { ...(await this.createOffer()), type: "answer" };
  }

  async setLocalDescription(description) {
    this.localDescription = description;
  }

  async setRemoteDescription(description) {
    say("description", { sdp: description.sdp });
  }

  getSenders() {
    return [];
  }

  close() {}
}

window.RTCPeerConnection = PlainRtp;

const SILENT = { mediaConstraints: { audio: false, video: false } };

function follow(session) {
  phone.session = session;
  session.on("progress", (event) => {
    if (event.originator === "remote") say("progress", { status: event.response.status_code });
  });
  session.on("confirmed", () => say("confirmed", {}));
  for (const end of ["ended", "failed"]) {
    session.on(end, (event) => say(end, { cause: event.cause, by: event.originator }));
  }
}

function start({ url, user, host, password, rtpPort }) {
  phone.rtpPort = rtpPort;
  const sockets = [new JsSIP.WebSocketInterface(url)];
  phone.agent = new JsSIP.UA({ sockets, uri: `sip:${user}@${host}`, password });
  phone.agent.on("registered", () => say("registered", {}));
  phone.agent.on("unregistered", () => say("unregistered", {}));
  phone.agent.on("registrationFailed", (event) => say("refused", { cause: event.cause }));
  phone.agent.on("newRTCSession", ({ originator, session, request }) => {
    if (originator !== "remote") return;
    follow(session);
    say("incoming", { caller: request.from.uri.user });
  });
  phone.agent.start();
}

function dial(number) {
  follow(phone.agent.call(number, SILENT));
}

function answer() {
  phone.session.answer(SILENT);
}

function hangUp() {
  phone.session.terminate();
}

function key(tone) {
  phone.session.sendDTMF(tone);
}

function leave() {
  phone.agent.unregister();
}
