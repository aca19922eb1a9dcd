// Peer: RxDB with rxdb-server, memory storage at both ends (durable nowhere: its upper bound).
//   node rxdb.js server PORT
//   node rxdb.js live PORT COUNT PER_SECOND -> {"p50_ms", "p99_ms", "seen"}
'use strict';
const { movement, now, sleep, latencies } = require('./movement');
const { createRxDatabase } = require('rxdb/plugins/core');
const { getRxStorageMemory } = require('rxdb/plugins/storage-memory');

const [, , role, port, countText, perSecondText] = process.argv;
const schema = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: {
    id: { type: 'string', maxLength: 40 },
    origin_id: { type: 'number' }, sequence: { type: 'number' }, product_id: { type: 'number' },
    quantity: { type: 'number' }, reason: { type: 'string' }, occurred_at: { type: 'number' }, details: { type: 'object' },
  },
  required: ['id'],
};

async function open() {
  const database = await createRxDatabase({ name: role + process.pid, storage: getRxStorageMemory(), multiInstance: false });
  await database.addCollections({ movements: { schema } });
  return database;
}

async function serve() {
  const database = await open();
  const { createRxServer } = require('rxdb-server/plugins/server');
  const { RxServerAdapterExpress } = require('rxdb-server/plugins/adapter-express');
  const server = await createRxServer({
    database, adapter: RxServerAdapterExpress, port: Number(port), hostname: '127.0.0.1',
    authHandler: () => ({ data: {}, validUntil: Date.now() + 1e9 }),
  });
  await server.addReplicationEndpoint({ name: 'movements', collection: database.movements });
  const seen = {};
  database.movements.insert$.subscribe((event) => { seen[event.documentId] = now(); });
  server.serverApp.get('/_bench/seen', (_, answer) => answer.json(seen));
  await server.start();
  console.log('ready');
}

async function live() {
  const database = await open();
  const { replicateServer } = require('rxdb-server/plugins/replication-server');
  const url = `http://127.0.0.1:${port}`;
  const replication = replicateServer({
    collection: database.movements, replicationIdentifier: 'store', url: `${url}/movements/0`, headers: { Authorization: 'x' },
    push: { batchSize: 100 }, pull: { batchSize: 100 }, live: true, eventSource: require('eventsource'),
  });
  await replication.awaitInitialReplication();
  const wrote = {};
  for (let number = 0; number < Number(countText); number++) {
    const started = now();
    const document = movement(number, 'id');
    wrote[document.id] = started;
    await database.movements.insert(document);
    await sleep(1000 / Number(perSecondText) - (now() - started));
  }
  await sleep(2000);
  return latencies(wrote, await (await fetch(`${url}/_bench/seen`)).json());
}

if (role === 'server') serve();
else live().then((figures) => { console.log(JSON.stringify(figures)); process.exit(0); }).catch((error) => { console.error(error); process.exit(1); });
