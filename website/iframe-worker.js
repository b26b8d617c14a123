// Search runs in a worker, which browsers refuse to pages that are opened from a disk. There, and only there,
// a worker is a hidden frame that loads the same script and is spoken to in the same way.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.frame = frame;
      const inside = frame.contentWindow;
      inside.postMessage = (data) => {
        const event = new MessageEvent("message", { data });
        this.dispatchEvent(event);
        this.onmessage?.(event);
      };
      inside.importScripts = (...urls) => Promise.all(urls.map((one) => load(inside, one)));
      this.ready = load(inside, url);
      this.ready.catch((error) => {
        this.dispatchEvent(new Event("error"));
        this.onerror?.(error);
      });
    }
    postMessage(data) {
      const inside = this.frame.contentWindow;
      this.ready.then(() => inside.dispatchEvent(new inside.MessageEvent("message", { data })));
    }
    terminate() {
      this.frame.remove();
    }
  };
  const load = (inside, url) =>
    new Promise((done, failed) => {
      const script = inside.document.createElement("script");
      script.src = String(url);
      script.onload = done;
      script.onerror = failed;
      inside.document.body.appendChild(script);
    });
}
