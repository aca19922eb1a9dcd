/*
 * A scanner that types: a burst of keys faster than a hand, ended by Enter or Tab, wherever the focus is. What it
 * typed into a field is taken out again. The separator of GS1 codes (GS) is kept however the scanner types it:
 * as itself, as Ctrl+], or as Alt and 0029 or 029 on the number pad.
 */

/** The slowest pace of a scanner, and the shortest code: a person is slower, or has typed less. */
const PACE_MS = 45;
const LENGTH_MIN = 4;
/** A scanner's hiccup (radio, a busy computer): in a field, and where nobody types because no field has the focus. */
const HICCUP_MS = 100;
const PAUSE_MS = 250;
const LENGTH_MAX = 1_024;
const GS = "\u001d";

interface Field {
  element: HTMLInputElement | HTMLTextAreaElement;
  before: string;
}

export class Wedge {
  private text = "";
  private began = 0;
  private last = 0;
  private keys = 0;
  private alt = "";
  private field: Field | null = null;

  constructor(private readonly onCode: (code: string) => void) {}

  /** Hear every key of the page until the function that is returned is called. */
  listen(): () => void {
    const down = (event: KeyboardEvent): void => this.down(event);
    const up = (event: KeyboardEvent): void => this.up(event);
    addEventListener("keydown", down, { capture: true });
    addEventListener("keyup", up, { capture: true });
    return () => {
      removeEventListener("keydown", down, { capture: true });
      removeEventListener("keyup", up, { capture: true });
    };
  }

  private down(event: KeyboardEvent): void {
    if (event.repeat || event.isComposing) return;
    if (event.altKey && /^[0-9]$/.test(event.key)) {
      this.alt += event.key;
      event.preventDefault();
      return;
    }
    if (event.key === "Enter" || event.key === "Tab") {
      this.end(event);
    } else if (isSeparator(event)) {
      event.preventDefault();
      this.add(GS, event);
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this.add(event.key, event);
    }
  }

  private up(event: KeyboardEvent): void {
    if (event.key !== "Alt" || !this.alt) return;
    if (Number(this.alt) === 29) this.add(GS, event);
    this.alt = "";
  }

  private add(key: string, event: KeyboardEvent): void {
    if (!this.goesOn(event) || this.text.length >= LENGTH_MAX) this.begin(event);
    this.text += key;
    this.keys += 1;
    this.last = event.timeStamp;
  }

  private goesOn(event: KeyboardEvent): boolean {
    const gap = event.timeStamp - this.last;
    if (gap <= PACE_MS) return true;
    if (this.field === null) return gap <= PAUSE_MS;
    const isFast = this.last - this.began <= PACE_MS * (this.keys - 1);
    return gap <= HICCUP_MS && isFast;
  }

  private begin(event: KeyboardEvent): void {
    this.text = "";
    this.keys = 0;
    this.began = event.timeStamp;
    const element = document.activeElement;
    const isField = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
    this.field = isField ? { element, before: element.value } : null;
  }

  private end(event: KeyboardEvent): void {
    const { text, field } = this;
    const [pace, pause] = field === null ? [PAUSE_MS, PAUSE_MS] : [PACE_MS, HICCUP_MS];
    const isFast = event.timeStamp - this.last <= pause && this.last - this.began <= pace * this.keys;
    this.text = "";
    this.last = 0;
    if (!isFast || text.length < LENGTH_MIN) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (field) restore(field);
    this.onCode(text);
  }
}

function isSeparator(event: KeyboardEvent): boolean {
  return event.key === GS || event.key === "GroupSeparator" || (event.ctrlKey && (event.key === "]" || event.code === "BracketRight"));
}

/** Through the element's own setter, so that React hears of it. */
function restore({ element, before }: Field): void {
  const kind = element instanceof HTMLInputElement ? HTMLInputElement : HTMLTextAreaElement;
  Object.getOwnPropertyDescriptor(kind.prototype, "value")?.set?.call(element, before);
  element.dispatchEvent(new Event("input", { bubbles: true }));
}
