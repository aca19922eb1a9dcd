/* Three sounds that are told apart without looking: good is high and short, doubtful two tones, refused low and long. */
import { preferences } from "../preferences";
import type { Tone } from "../parts/Notice";

type Note = readonly [hertz: number, from: number, to: number];

const NOTES: Record<Exclude<Tone, "calm">, readonly Note[]> = {
  good: [[1_318, 0, 0.09]],
  doubtful: [[740, 0, 0.11], [740, 0.16, 0.27]],
  refused: [[196, 0, 0.38]],
};
const LOUDNESS = 0.16;

let context: AudioContext | null = null;

export function play(tone: Tone): void {
  if (tone === "calm" || !preferences().sound) return;
  if (tone === "refused") navigator.vibrate?.(180);
  try {
    context ??= new AudioContext();
    // A browser starts mute until a person has touched the page once.
    if (context.state === "suspended") void context.resume().catch(() => undefined);
    for (const note of NOTES[tone]) sing(context, note, tone === "refused" ? "square" : "sine");
  } catch {
    // No sound device: the colour and the words say it too.
  }
}

function sing(audio: AudioContext, [hertz, from, to]: Note, shape: OscillatorType): void {
  const at = audio.currentTime;
  const tone = audio.createOscillator();
  const gain = audio.createGain();
  tone.type = shape;
  tone.frequency.value = hertz;
  gain.gain.setValueAtTime(LOUDNESS, at + from);
  gain.gain.exponentialRampToValueAtTime(0.001, at + to);
  tone.connect(gain).connect(audio.destination);
  tone.start(at + from);
  tone.stop(at + to);
}
