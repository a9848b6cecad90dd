// node run.mjs FILE.wasm: the host of the wasm proof. Exits with 0 only if the program says that it has finished.
import { readFile } from "node:fs/promises";

const timers = new Map();
let finished = false;

const host = {
  queue: (task) => setImmediate(() => exports.poll_task(task)),
  start_timer: (timer, ms) => timers.set(timer, setTimeout(() => exports.fire_timer(timer), ms)),
  stop_timer: (timer) => {
    clearTimeout(timers.get(timer));
    timers.delete(timer);
  },
  report: (text, length) =>
    console.log(new TextDecoder().decode(new Uint8Array(exports.memory.buffer, text, length))),
  finish: () => {
    finished = true;
  },
};

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), { host });
const { exports } = instance;

// node leaves when nothing is queued and no timer runs: whoever still waits then was forgotten.
process.on("exit", (code) => {
  if (code === 0 && !finished) {
    console.error("the program stopped before its end");
    process.exitCode = 1;
  }
});
exports.start();
