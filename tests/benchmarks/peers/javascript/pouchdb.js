// Peer: PouchDB in the store, express-pouchdb at head office, leveldb at both ends.
//   node pouchdb.js server PORT FOLDER
//   node pouchdb.js push PORT FOLDER COUNT BATCH     -> {"rate": movements per second}
//   node pouchdb.js live PORT FOLDER COUNT PER_SECOND -> {"p50_ms", "p99_ms", "seen"}
'use strict';
const fs = require('fs');
const { movement, now, sleep, latencies } = require('./movement');

const [, , role, port, folder, countText, argText] = process.argv;
const count = Number(countText);
const arg = Number(argText);
fs.mkdirSync(folder, { recursive: true });
const PouchDB = require('pouchdb').defaults({ prefix: `${folder}/` });

function serve() {
  process.chdir(folder);
  const app = require('express')();
  const seen = {};
  app.get('/_bench/watch', async (_, answer) => {
    new PouchDB('movements').changes({ live: true, since: 'now' }).on('change', (change) => { seen[change.id] = now(); });
    answer.json({ ok: true });
  });
  app.get('/_bench/seen', (_, answer) => answer.json(seen));
  app.use('/', require('express-pouchdb')(PouchDB, { mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: `${folder}/log.txt` }));
  app.listen(Number(port), '127.0.0.1', () => console.log('ready'));
}

async function push() {
  const local = new PouchDB('movements');
  const remote = new PouchDB(`http://127.0.0.1:${port}/movements`);
  for (let first = 0; first < count; first += 1000) {
    await local.bulkDocs(Array.from({ length: Math.min(1000, count - first) }, (_, i) => movement(first + i, '_id')));
  }
  await remote.info();
  const started = now();
  await local.replicate.to(remote, { batch_size: arg, batches_limit: 10 });
  const seconds = (now() - started) / 1e3;
  const there = (await remote.info()).doc_count;
  if (there !== count) throw new Error(`expected ${count} documents at the server, got ${there}`);
  return { rate: count / seconds };
}

async function live() {
  const local = new PouchDB('movements');
  const remote = new PouchDB(`http://127.0.0.1:${port}/movements`);
  await remote.info();
  await fetch(`http://127.0.0.1:${port}/_bench/watch`);
  const replication = local.replicate.to(remote, { live: true, retry: true });
  await sleep(1500);
  const wrote = {};
  for (let number = 0; number < count; number++) {
    const started = now();
    const document = movement(number, '_id');
    wrote[document._id] = started;
    await local.put(document);
    await sleep(1000 / arg - (now() - started));
  }
  await sleep(3000);
  const seen = await (await fetch(`http://127.0.0.1:${port}/_bench/seen`)).json();
  replication.cancel();
  return latencies(wrote, seen);
}

if (role === 'server') serve();
else {
  ({ push, live })[role]()
    .then((figures) => { console.log(JSON.stringify(figures)); process.exit(0); })
    .catch((error) => { console.error(error); process.exit(1); });
}
