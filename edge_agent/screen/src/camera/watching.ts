/* The device's camera as one more scanner: opened, looked through picture by picture, closed. It keeps and sends no picture. */
import { Problem } from "../api/client";
import type { Said } from "./codeReader";
import { Steady } from "./steady";

const WANTED: MediaStreamConstraints = {
  audio: false,
  video: { facingMode: "environment", width: { ideal: 1_280 }, height: { ideal: 720 } },
};
const LOOK_EVERY_MS = 60;
const ANSWER_MS = 10_000;
/** The browser's name of each refusal, and ours. */
const REFUSALS: Record<string, string> = {
  NotAllowedError: "camera_refused",
  NotFoundError: "no_camera",
  OverconstrainedError: "no_camera",
  NotReadableError: "camera_busy",
};

/** Raises Problem, with a code that `words` knows. */
export async function openCamera(): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new Problem("camera_needs_https", 0, "no camera in a page without https");
  try {
    return await devices.getUserMedia(WANTED);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    throw new Problem(REFUSALS[name] ?? "camera_busy", 0, String(error));
  }
}

/** Beep for what the video shows, until the signal. Raises Problem when there is no reader. */
export async function watch(video: HTMLVideoElement, onCode: (code: string) => void, signal: AbortSignal): Promise<void> {
  const reader = new Worker(new URL("./codeReader.ts", import.meta.url), { type: "module" });
  const steady = new Steady();
  try {
    while (!signal.aborted) {
      const picture = take(video);
      const said = picture ? await ask(reader, picture) : { code: null };
      if (signal.aborted) return;
      if ("broken" in said) throw new Problem("no_reader", 0, said.broken);
      const code = steady.see(said.code, performance.now());
      if (code !== null) onCode(code);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    reader.terminate();
  }
}

const canvas = document.createElement("canvas");

/** What is in the video now; null before its first picture. */
function take(video: HTMLVideoElement): ImageData | null {
  if (!video.videoWidth) return null;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context?.drawImage(video, 0, 0);
  return context?.getImageData(0, 0, canvas.width, canvas.height) ?? null;
}

function ask(reader: Worker, picture: ImageData): Promise<Said> {
  return new Promise((resolve) => {
    const broken = (why: string) => (): void => resolve({ broken: why });
    const timer = setTimeout(broken("the reader does not answer"), ANSWER_MS);
    reader.onmessage = ({ data }: MessageEvent<Said>) => {
      clearTimeout(timer);
      resolve(data);
    };
    reader.onerror = broken("the reader could not be loaded");
    reader.postMessage(picture, [picture.data.buffer]);
  });
}
