/*
 * Quantities as integer thousandths and money as integer minor units between the box's decimal strings;
 * no floating point touches either.
 */

/** Whether so much is told in pieces, of which nobody sells or counts a part. */
export const isWhole = (unit: string): boolean => unit === "each";

const DECIMAL = /^(-?)(\d+)(?:[.,](\d*))?$/;

/** The integer of a decimal text with so many decimals; null when it is none. */
export function parse(text: string, decimals = 3): number | null {
  const found = DECIMAL.exec(text.trim());
  if (!found) return null;
  const [, sign, whole = "", rest = ""] = found;
  if (rest.length > decimals) return null;
  const value = Number(whole + rest.padEnd(decimals, "0"));
  return Number.isSafeInteger(value) ? (sign ? -value : value) : null;
}

export function text(value: number, decimals = 3): string {
  const digits = String(Math.abs(value)).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const rest = decimals ? digits.slice(-decimals) : "";
  const short = decimals === 3 ? rest.replace(/0+$/, "") : rest;
  return (value < 0 ? "-" : "") + whole + (short ? `.${short}` : "");
}

export const thousandths = (quantity: string): number => parse(quantity) ?? 0;

/** What so much of something costs, rounded to the smallest coin, as a decimal text. */
export function cost(price: string, quantity: number): string {
  const decimals = price.includes(".") ? price.length - price.indexOf(".") - 1 : 0;
  const minor = BigInt(parse(price, decimals) ?? 0) * BigInt(quantity);
  const half = minor < 0n ? -500n : 500n;
  return text(Number((minor + half) / 1000n), decimals);
}

/** The sum of amounts of one currency. */
export function sum(amounts: string[]): string {
  const decimals = Math.max(0, ...amounts.map((amount) => (amount.split(".")[1] ?? "").length));
  return text(amounts.reduce((total, amount) => total + (parse(amount, decimals) ?? 0), 0), decimals);
}
