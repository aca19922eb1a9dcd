/* Text that is put into a field from outside, so that React hears of it; and the field for what is typed nowhere. */

export type TextField = HTMLInputElement | HTMLTextAreaElement;

/** Through the element's own setter: React looks there. */
export function fill(element: TextField, value: string): void {
  const kind = element instanceof HTMLInputElement ? HTMLInputElement : HTMLTextAreaElement;
  Object.getOwnPropertyDescriptor(kind.prototype, "value")?.set?.call(element, value);
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

/** What a person typed while no field had the focus goes to the view's search, which has it from then on; false: there is none. */
export function typeIntoSearch(words: string, isEntered: boolean): boolean {
  const search = document.querySelector<HTMLInputElement>("main input[type=search]");
  // By now the keys have somewhere else to go, and so have those that are still to come.
  const isElsewhere = document.querySelector("dialog[open]") !== null || document.activeElement?.matches("input, textarea, select") === true;
  if (!search || isElsewhere) return false;
  search.focus();
  fill(search, search.value + words);
  // When the view has heard of the words.
  if (isEntered) setTimeout(() => search.form?.requestSubmit());
  return true;
}
