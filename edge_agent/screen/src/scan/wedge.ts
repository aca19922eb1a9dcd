/*
 * A scanner that types: a burst of keys faster than a hand, ended by Enter or Tab, wherever the focus is. What it
 * typed into a field is taken out again. The separator of GS1 codes (GS) is kept however the scanner types it:
 * as itself, as Ctrl+], as Alt and 0029 or 029, or as the function key to which some scanners map it. A burst without
 * an end is no code: it broke off, and is taken out again too. What comes at a person's pace while no field has the
 * focus is not lost either: it is handed on as words.
 */
import { type TextField, fill } from "./fields";

/** The slowest pace of a scanner, and the shortest code: a person is slower, or has typed less. */
const PACE_MS = 45;
const LENGTH_MIN = 4;
/** A scanner's hiccup (radio, a busy computer): in a field, and where nobody types because no field has the focus. */
const HICCUP_MS = 100;
const PAUSE_MS = 250;
/** A longer one is kept up to here, and refused by whoever hears of it. */
const LENGTH_MAX = 1_025;
/** So much so fast without an end was a scanner; a person's fast fingers are slower by then. */
const BROKEN_OFF_MIN = 7;
const FUNCTION_KEYS = ["F8", "F12"];
const GS = "\u001d";

interface Field {
  element: TextField;
  before: string;
}

export class Wedge {
  private text = "";
  private began = 0;
  private last = 0;
  private keys = 0;
  private alt = "";
  private field: Field | null = null;
  private timer = 0;

  constructor(
    private readonly onCode: (code: string) => void,
    private readonly onBrokenOff: () => void,
    /** With whether they were ended by Enter; false: nobody wants them. */
    private readonly onWords: (words: string, isEntered: boolean) => boolean,
  ) {}

  /** Hear every key of the page until the function that is returned is called. */
  listen(): () => void {
    const down = (event: KeyboardEvent): void => this.down(event);
    const up = (event: KeyboardEvent): void => this.up(event);
    addEventListener("keydown", down, { capture: true });
    addEventListener("keyup", up, { capture: true });
    return () => {
      clearTimeout(this.timer);
      removeEventListener("keydown", down, { capture: true });
      removeEventListener("keyup", up, { capture: true });
    };
  }

  private down(event: KeyboardEvent): void {
    if (event.repeat || event.isComposing) return;
    const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
    if (event.altKey && !isPrinting(event) && digit) {
      this.alt += digit;
      event.preventDefault();
      return;
    }
    if (event.key === "Enter" || event.key === "Tab") {
      this.end(event);
    } else if (isSeparator(event) || (FUNCTION_KEYS.includes(event.key) && this.text && this.goesOn(event))) {
      event.preventDefault();
      this.add(GS, event);
    } else if (event.key.length === 1 && isPrinting(event)) {
      this.add(event.key, event);
    }
  }

  private up(event: KeyboardEvent): void {
    if (event.key !== "Alt" || !this.alt) return;
    if (Number(this.alt) === 29) this.add(GS, event);
    this.alt = "";
  }

  private add(key: string, event: KeyboardEvent): void {
    if (!this.goesOn(event)) this.begin(event);
    // A view that has opened meanwhile and taken the focus gets no half of a code.
    else if (this.isByScanner() && fieldNow() !== (this.field?.element ?? null)) event.preventDefault();
    else if (key === " " && this.field === null) event.preventDefault(); // in a word it presses no button
    if (this.text.length < LENGTH_MAX) this.text += key;
    this.keys += 1;
    this.last = event.timeStamp;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.breakOff(), PAUSE_MS);
    const isByHand = this.keys >= LENGTH_MIN && this.last - this.began > HICCUP_MS * (this.keys - 1);
    if (isByHand && this.handOn(false)) event.preventDefault();
  }

  private isByScanner(): boolean {
    return this.last - this.began <= PACE_MS * (this.keys - 1);
  }

  private goesOn(event: KeyboardEvent): boolean {
    const gap = event.timeStamp - this.last;
    if (gap <= PACE_MS) return true;
    if (this.field === null) return gap <= PAUSE_MS;
    return gap <= HICCUP_MS && this.isByScanner();
  }

  /** The keys ended without Enter: pulled mid-code, or set to send none; or they were a person's. */
  private breakOff(): void {
    const { field, keys } = this;
    const isFast = this.isByScanner();
    if (keys < LENGTH_MIN || !isFast) this.handOn(false);
    this.forget();
    if (!isFast || keys < BROKEN_OFF_MIN || field?.element.type === "password") return;
    if (field) fill(field.element, field.before);
    this.onBrokenOff();
  }

  /** To whoever wants words, where they stand in no field yet. */
  private handOn(isEntered: boolean): boolean {
    const { text, field } = this;
    const isHanded = field === null && /^[^ ]/.test(text) && !text.includes(GS) && this.onWords(text, isEntered);
    if (isHanded) this.forget();
    return isHanded;
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.text = "";
    this.last = 0;
  }

  private begin(event: KeyboardEvent): void {
    this.text = "";
    this.keys = 0;
    this.began = event.timeStamp;
    const element = fieldNow();
    this.field = element && { element, before: element.value };
  }

  private end(event: KeyboardEvent): void {
    const { text, field } = this;
    const [pace, pause] = field === null ? [PAUSE_MS, PAUSE_MS] : [PACE_MS, HICCUP_MS];
    const isFast = event.timeStamp - this.last <= pause && this.last - this.began <= pace * this.keys;
    const isCode = isFast && text.length >= LENGTH_MIN;
    if (isCode || (event.key === "Enter" && this.handOn(true))) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    this.forget();
    if (!isCode) return;
    if (field) fill(field.element, field.before);
    this.onCode(text);
  }
}

function fieldNow(): TextField | null {
  const element = document.activeElement;
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element : null;
}

function isSeparator(event: KeyboardEvent): boolean {
  const isControl = event.ctrlKey && !isPrinting(event) && (event.key === "]" || event.code === "BracketRight");
  return event.key === GS || event.key === "GroupSeparator" || isControl;
}

/** AltGr, which Windows tells as Ctrl and Alt, is how many a keyboard types its brackets. */
function isPrinting(event: KeyboardEvent): boolean {
  return event.getModifierState("AltGraph") || !(event.ctrlKey || event.metaKey || event.altKey);
}
