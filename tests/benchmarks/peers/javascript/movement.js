// The movement that all JavaScript peers carry, and how they report latencies.
'use strict';

const REASONS = ['sale', 'receipt', 'return', 'correction', 'transfer_out'];

/** One movement as a document: about 190 bytes of JSON, 20,000 products. */
exports.movement = (number, idField) => {
  const product = 1 + ((number * 7919) % 20000);
  return {
    [idField]: `store-${String(number).padStart(9, '0')}`,
    origin_id: 1,
    sequence: number,
    product_id: product,
    quantity: 1 + (number % 19),
    reason: REASONS[number % 5],
    occurred_at: 1790000000000 + number * 1370,
    details: { code: `40063${String(product).padStart(8, '0')}`, actor: `u${number % 40}`, till: 'T1', document: `R${(number * 7907) % 1e8}` },
  };
};

exports.now = () => performance.timeOrigin + performance.now();
exports.sleep = (ms) => new Promise((done) => setTimeout(done, Math.max(0, ms)));

/** p50 and p99 of write -> visible, in milliseconds. */
exports.latencies = (wrote, seen) => {
  const all = Object.keys(wrote).filter((id) => seen[id]).map((id) => seen[id] - wrote[id]).sort((a, b) => a - b);
  const at = (share) => all[Math.min(all.length - 1, Math.floor(all.length * share))];
  return { p50_ms: at(0.5), p99_ms: at(0.99), seen: all.length };
};
