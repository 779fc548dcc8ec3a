// A greeting is spoken into the browser, made a WAV file, and lies where a chosen file would.
"use strict";

(() => {
  const RATE = 8000;

  // 16-bit PCM, mono.
  const wav = (samples) => {
    const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
    const text = (at, letters) => [...letters].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
    text(0, "RIFF");
    view.setUint32(4, 36 + samples.length * 2, true);
    text(8, "WAVEfmt ");
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true);
    view.setUint16(22, 1, true);
    view.setUint32(24, RATE, true);
    view.setUint32(28, RATE * 2, true);
    view.setUint16(32, 2, true);
    view.setUint16(34, 16, true);
    text(36, "data");
    view.setUint32(40, samples.length * 2, true);
    samples.forEach((sample, n) => view.setInt16(44 + n * 2, Math.max(-1, Math.min(1, sample)) * 32767, true));
    return new File([view], "greeting.wav", { type: "audio/wav" });
  };

  const told = document.querySelector("[data-speaking]");
  const seconds = document.querySelector("[data-seconds]");
  const tell = (text) => {
    told.textContent = text;
    seconds.textContent = "";
  };

  const listen = (button) => {
    const start = button.textContent;
    const chosen = document.getElementById(button.dataset.record);
    let recorder = null;

    const finish = async (chunks, stream, counting) => {
      clearInterval(counting);
      stream.getTracks().forEach((track) => track.stop());
      recorder = null;
      button.textContent = start;
      const sound = await new Blob(chunks).arrayBuffer();
      const heard = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(sound);
      const files = new DataTransfer();
      files.items.add(wav(heard.getChannelData(0)));
      chosen.files = files.files;
      tell(button.dataset.ready);
    };

    const begin = async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const chunks = [];
      const mine = new MediaRecorder(stream);
      mine.ondataavailable = (event) => chunks.push(event.data);
      let past = 0;
      const counting = setInterval(() => {
        past += 1;
        seconds.textContent = String(past);
        if (past >= button.dataset.longest - 1) {
          mine.stop();
        }
      }, 1000);
      mine.onstop = () => finish(chunks, stream, counting).catch(() => tell(button.dataset.refused));
      mine.start();
      recorder = mine;
      button.textContent = button.dataset.stop;
      tell(button.dataset.on);
    };

    button.hidden = false;
    button.addEventListener("click", () => {
      if (recorder) {
        recorder.stop();
      } else {
        begin().catch(() => tell(button.dataset.refused));
      }
    });
  };

  if (navigator.mediaDevices && window.MediaRecorder && window.OfflineAudioContext) {
    document.querySelectorAll("[data-record]").forEach(listen);
  }
})();
